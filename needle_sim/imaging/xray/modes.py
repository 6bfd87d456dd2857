"""`Modes`: the fields, runs and distances that a device offers; pixel size and dose follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.persistence import Lag

WHOLE = "whole"
"""The field mode that every device has: its whole detector."""

Form = Literal["square", "circle"]


@dataclass(frozen=True, slots=True)
class FieldMode:
    """A magnified field.

    Parameters
    ----------
    field_mm : float, mm
        Side (or diameter) of the part of the detector that fills the picture.
    dose : float
        Signal per area of the detector that exposure control aims at, over that of the whole field:
        whole side over side of the field, to the power of 1 for a panel and 2 for an intensifier.
    """

    field_mm: float
    dose: float

    def __post_init__(self) -> None:
        if not (10 <= self.field_mm <= 600 and 0.1 <= self.dose <= 20):
            raise InputError(f"a field is 10 to 600 mm at 0.1 to 20 times the dose, got {self}")


@dataclass(frozen=True, slots=True)
class RunMode:
    """How a run is taken.

    Parameters
    ----------
    pulses_s : float, 1/s
    pulse_ms : float, ms
        What moves is drawn as it is in the middle of a pulse: nothing blurs within one.
    dose : float
        Charge of a pulse over that of the still picture that exposure control sets.
    weight : float
        Of the newest picture in the recursive filter; 1 is none.
    motion : float
        Change, in standard deviations of noise, from which the filter lets go; 0 for never. See
        `persistence.persisted`.
    """

    pulses_s: float
    pulse_ms: float
    dose: float
    weight: float
    motion: float = 0.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.pulses_s <= 60:
            raise InputError(f"pulses_s must be 0.1 to 60, got {self.pulses_s}")
        if not 0 < self.pulse_ms <= 1000 / self.pulses_s:
            raise InputError(
                f"a pulse of {self.pulse_ms} ms does not fit {self.pulses_s:g} times into a second"
            )
        if not (0 < self.dose <= 50 and 0 < self.weight <= 1 and 0 <= self.motion <= 100):
            raise InputError(
                f"dose must be over 0 to 50, weight over 0 to 1 and motion 0 to 100, got {self}"
            )

    @classmethod
    def preset(cls, name: str) -> RunMode:
        """A shipped run by name: ``fluoroscopy``, ``fluoroscopy_low``, ``spot``, ``cine`` ..."""
        return _run(name)


@dataclass(frozen=True, slots=True)
class Modes:
    """What a device offers.

    Parameters
    ----------
    device : str
    form : "square" or "circle"
        Of its field.
    least_source_detector_mm, most_source_detector_mm : float, mm
        Source-image distances that it can be set to.
    whole_mm : float, mm
        Shorter side of the whole detector.
    fields : mapping of name to FieldMode
        Magnified fields, beside `WHOLE`.
    runs : tuple of str
        Names in ``runs.toml``.
    lag : Lag
        Of its detector.
    """

    device: str
    form: Form
    least_source_detector_mm: float
    most_source_detector_mm: float
    whole_mm: float
    fields: Mapping[str, FieldMode]
    runs: tuple[str, ...]
    lag: Lag

    def __post_init__(self) -> None:
        if not 0 < self.least_source_detector_mm <= self.most_source_detector_mm:
            raise InputError(f"source-image distances must rise from over 0, got {self}")
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))

    @classmethod
    def preset(cls, name: str) -> Modes:
        """The modes of a shipped C-arm by the C-arm's name."""
        return _modes(name)

    def run(self, name: str) -> RunMode:
        """A run that this device has."""
        if name not in self.runs:
            raise InputError(f"{self.device} has no run {name!r}{presets.nearest(name, self.runs)}")
        return RunMode.preset(name)

    def field(self, name: str) -> FieldMode | None:
        """A field that this device has; None for the whole one."""
        if name != WHOLE and name not in self.fields:
            known = (WHOLE, *self.fields)
            raise InputError(f"{self.device} has no field {name!r}{presets.nearest(name, known)}")
        return self.fields.get(name)


def magnified(carm: CArm, modes: Modes, name: str) -> CArm:
    """A pose of the whole detector with the picture filled by a smaller field: finer pixels.

    Give the C-arm as its preset has it; a field of a field would be magnified twice.
    """
    field = modes.field(name)
    if field is None:
        return carm
    side_mm = carm.pixel_mm * min(carm.shape)
    if not field.field_mm <= side_mm:
        raise InputError(
            f"the field {name} of {modes.device} is {field.field_mm:g} mm wide, the detector given "
            f"{side_mm:g}; magnify from the whole detector"
        )
    return replace(carm, pixel_mm=carm.pixel_mm * field.field_mm / side_mm)


def metered(detector: Detector, modes: Modes, name: str) -> Detector:
    """The detector in a field: its target signal follows, and of an intensifier the round field.

    What its curved screen bends at a radius it goes on bending there, so that less of the bend is
    left in a smaller field.
    """
    field = modes.field(name)
    if field is None:
        return detector
    target = detector.target_kev_mm2 * field.dose
    bends = detector.intensifier
    if bends is not None:
        share = field.field_mm / modes.whole_mm
        bends = replace(
            bends,
            field_mm=bends.field_mm * share,
            pincushion=bends.pincushion * share**2,
            twist_deg=bends.twist_deg * share**2,
        )
    return replace(detector, target_kev_mm2=target, intensifier=bends)


def pulse_of(beam: Beam, run: RunMode) -> Beam:
    """One pulse of a run, from the beam that exposure control sets for a still picture."""
    return replace(beam, mas=beam.mas * run.dose, pulse_ms=run.pulse_ms)


@cache
def _run(name: str) -> RunMode:
    presets.numbers(presets.table("runs", name), f"runs.toml: {name}.")
    return presets.preset(RunMode, "runs", name)


@cache
def _modes(name: str) -> Modes:
    table: Any = presets.table("carms", name).get("modes")
    where = f"carms.toml: {name}.modes"
    if not isinstance(table, dict):
        raise InputError(f"{where} is missing: this device has no modes")
    presets.numbers(table, f"{where}.")
    entries = {"lag": {}, **presets.plain(table)}
    power = entries.pop("dose_power", 1.0)
    carm = CArm.preset(name)
    whole_mm = carm.pixel_mm * min(carm.shape)
    entries["fields"] = {
        field: {"field_mm": side_mm, "dose": (whole_mm / side_mm) ** power}
        for field, side_mm in entries.get("fields_mm", {}).items()
    }
    entries.pop("fields_mm", None)
    modes = presets.into(Modes, {"device": name, "whole_mm": whole_mm, **entries}, where=where)
    for run in modes.runs:
        RunMode.preset(run)
    return modes
