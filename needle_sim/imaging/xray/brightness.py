"""`set_brightness`: automatic brightness: voltage, current and pulse along a device's curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.bare import bare
from needle_sim.imaging.xray.beam import Beam, kerma_ugy_mas
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.volume.volume import Note

Limit = Literal["none", "curve", "kerma"]

_METERED = 64  # rows and columns that the measuring field is looked at with
_LEAST_WHOLE = 0.05  # share of it that whole rays must have to be measured alone
_LEAST_CURRENT = 0.1  # of the curve's first point, under which no current goes
_CLOSE = 1e-3  # of the target
_MOST_STEPS = 40
_MOST_LOOKS = 5
_PLACE = 1e-4  # so exactly a place on the curve is found
_DIM = 0.9  # of the target, under which it is said


@dataclass(frozen=True, slots=True)
class Brightness:
    """The curve along which a device answers more patient.

    Parameters
    ----------
    kvp, ma : (N,) floats, kV and mA
        Tube voltage and current of a pulse of fluoroscopy; neither falls, one of them rises.
    pulse_ms : float, ms
        Length of that pulse; a run with other pulses takes its share of the charge.
    dose : float
        Signal of that pulse over the still picture's, as `RunMode.dose`.
    filters_mm : mapping of material to float, mm
    """

    kvp: tuple[float, ...]
    ma: tuple[float, ...]
    pulse_ms: float
    dose: float
    filters_mm: Mapping[str, float]

    def __post_init__(self) -> None:
        if not 2 <= len(self.kvp) == len(self.ma):
            raise InputError(f"a curve is two points or more, as many kvp as ma, got {self}")
        steps = np.diff([self.kvp, self.ma])
        if not (min(self.ma) > 0 and (steps >= 0).all() and (steps.sum(axis=0) > 0).all()):
            raise InputError(f"along a curve kvp and ma rise, and are over 0, got {self}")
        if not (0 < self.pulse_ms <= 100 and 0 < self.dose <= 50):
            raise InputError(f"pulse_ms is over 0 to 100 and dose over 0 to 50, got {self}")
        object.__setattr__(self, "filters_mm", MappingProxyType(dict(self.filters_mm)))
        self.pulse(0.0)

    @classmethod
    def preset(cls, name: str) -> Brightness:
        """The curve of a shipped C-arm by the C-arm's name."""
        return _brightness(name)

    def pulse(self, at: float) -> Beam:
        """The pulse of fluoroscopy at a place on the curve, 0 to N - 1; under 0 the current falls.

        At -1 nothing would be left of it.
        """
        places = np.arange(len(self.kvp))
        kvp, ma = (float(np.interp(at, places, one)) for one in (self.kvp, self.ma))
        mas = ma * (1.0 + min(at, 0.0)) * self.pulse_ms * 1e-3
        return Beam(kvp, mas, self.pulse_ms, self.filters_mm)


@dataclass(frozen=True, slots=True)
class Technique:
    """What automatic brightness has set.

    Parameters
    ----------
    pulse : Beam
        One pulse of the run.
    pulses_s : float, 1/s
    still : Beam
        The same for a still picture: what `take_cine` and `contrast_shots` take.
    reached : float
        Signal in the measuring field over its target.
    limit : "none", "curve" or "kerma"
        What kept it from the target: the end of the curve, or the legal kerma rate.
    """

    pulse: Beam
    pulses_s: float
    still: Beam
    reached: float
    limit: Limit

    @property
    def ma(self) -> float:
        """Tube current within a pulse, mA."""
        return self.pulse.mas / self.pulse.pulse_ms * 1e3

    def kerma_mgy_min(self, carm: CArm) -> float:
        """Air kerma rate at the patient entrance reference point."""
        from needle_sim.imaging.xray.dose import reference_kerma_mgy

        return reference_kerma_mgy(self.pulse, carm) * self.pulses_s * 60.0

    def notes(self) -> tuple[Note, ...]:
        """What is to be said where the picture is darker than wanted."""
        if self.reached >= _DIM:
            return ()
        why = {"kerma": "the legal kerma rate", "curve": "the end of the device's curve"}
        text = f"automatic brightness ends at {why.get(self.limit, 'its limit')}: collimate"
        return (Note("", "", f"{100 * self.reached:.0f} % of the wanted signal", text),)

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "technique_kvp": self.pulse.kvp,
            "technique_ma": self.ma,
            "technique_pulse_ms": self.pulse.pulse_ms,
            "technique_pulses_s": self.pulses_s,
            "technique_reached": self.reached,
            "technique_limit": self.limit,
        }


def set_brightness(
    paths: PathLengths,
    *,
    device: str = DEFAULT_DETECTOR,
    run: RunMode | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    high_level: bool = False,
) -> Technique:
    """The technique that gives the measuring field its signal; nothing is cast again.

    Parameters
    ----------
    paths : PathLengths
        The patient in this pose.
    device : str
        Whose curve, and whose detector where none is given.
    run : RunMode
        Pulses a second and their length; ``fluoroscopy`` when None.
    detector, collimation :
        As in `expose`. What the blades shut off is not measured.
    high_level : bool
        Whether the higher of the two legal limits holds, as while a pedal of its own is down.

    Returns
    -------
    Technique
        From the median of primary and scatter in the middle quarter of the field: raw beam beside
        the patient does not count. Rays that the end of the volume cuts are left out; where hardly
        any other is there, the body is taken to go on.
    """
    control = Brightness.preset(device)
    used = RunMode.preset("fluoroscopy") if run is None else run
    panel = Detector.preset(device) if detector is None else detector
    seen = _coarse(paths)
    wanted = panel.target_kev_mm2 * control.dose

    def signal(at: float, panel: Detector) -> float:
        return max(_signal(seen, control.pulse(at), panel, collimation), 1e-30)

    share = used.dose / control.dose
    at, limit = _steered(control, signal, panel, wanted)
    if (most := _most_at(control, paths.carm, used.pulses_s * share, high_level)) < at:
        at, limit = most, "kerma"
    pulse = control.pulse(at)
    return Technique(
        replace(pulse, mas=pulse.mas * share, pulse_ms=used.pulse_ms),
        used.pulses_s,
        replace(pulse, mas=pulse.mas / control.dose),
        signal(at, panel) / wanted,
        limit,
    )


def _steered(
    control: Brightness, signal: Callable[[float, Detector], float], panel: Detector, wanted: float
) -> tuple[float, Limit]:
    """Place on the curve that gives the signal, and whether the curve ended.

    Scatter changes little along the curve beside the primary, and takes longer: it is reckoned
    again where the primary has been steered to with the last scatter.
    """
    primary = replace(panel, scatter=False)
    more = 1.0
    for _ in range(_MOST_LOOKS):
        at, limit = _crossing(control, lambda place: signal(place, primary), wanted / more)
        last, more = more, signal(at, panel) / signal(at, primary)
        if abs(more / last - 1.0) <= _CLOSE:
            break
    return at, limit


def _crossing(
    control: Brightness, signal: Callable[[float], float], wanted: float
) -> tuple[float, Limit]:
    """Where on the curve a signal that grows along it is as wanted, or the end next to it."""
    ends = _LEAST_CURRENT - 1.0, float(len(control.kvp) - 1)
    low, high = (signal(at) / wanted for at in ends)
    for at, got, short in ((ends[0], low, low >= 1.0), (ends[1], high, high <= 1.0)):
        if short:
            return at, "curve" if abs(got - 1.0) > _CLOSE else "none"
    return float(brentq(lambda at: np.log(signal(at) / wanted), *ends, xtol=_PLACE)), "none"


def _most_at(control: Brightness, carm: CArm, pulses_s: float, high_level: bool) -> float:
    """The last place on the curve that the legal limit of the kerma rate leaves."""
    rules = legal()
    from_spot_mm = carm.source_detector_mm - rules["before_receptor_mm"]
    if not from_spot_mm > 0:
        raise InputError(
            f"the limit of the kerma rate is taken {rules['before_receptor_mm']:g} mm before the "
            f"receptor: source_detector_mm must be over that, got {carm.source_detector_mm:g}"
        )
    most = rules["high_mgy_min" if high_level else "normal_mgy_min"]

    def under(at: float) -> bool:
        beam = control.pulse(at)
        rate = kerma_ugy_mas(beam) * beam.mas * 0.06 * pulses_s  # µGy/s to mGy/min at 1 m
        return rate * (1000.0 / from_spot_mm) ** 2 <= most

    low, high = _LEAST_CURRENT - 1.0, float(len(control.kvp) - 1)
    if under(high):
        return high
    for _ in range(_MOST_STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if under(middle) else (low, middle)
    return low


def _coarse(paths: PathLengths) -> PathLengths:
    """Every so manieth ray: a measuring field needs no more."""
    carm = paths.carm
    step = max(1, min(carm.shape) // _METERED)
    rows, columns = (len(range(step // 2, side, step)) for side in carm.shape)
    part = (slice(step // 2, None, step),) * 2
    beyond = paths.beyond_g_cm2
    return PathLengths(
        replace(carm, pixel_mm=carm.pixel_mm * step, shape=(rows, columns)),
        {name: image[part].copy() for name, image in paths.mass_g_cm2.items()},
        None if beyond is None else beyond[part].copy(),
    )


def _signal(
    paths: PathLengths, beam: Beam, detector: Detector, collimation: Collimation | None
) -> float:
    """Median signal of the measuring field, keV/mm2."""
    # about the middle the heel takes from one side what it gives to the other: one spectrum will do
    even = replace(beam, anode_side="none")
    behind = bare(paths, even, detector=detector, collimation=collimation)
    rows, columns = paths.carm.shape
    middle = np.zeros((rows, columns), dtype=np.bool_)
    middle[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4] = True
    if behind.open is not None:
        lit = behind.open > 0.5
        middle = middle & lit if (middle & lit).any() else lit
    whole = middle & ~behind.cut
    measured = whole if whole.sum() >= _LEAST_WHOLE * middle.sum() else middle
    return float(np.median(behind.seen[measured])) / paths.carm.pixel_mm**2


@cache
def legal() -> Mapping[str, float]:
    """Limits of the kerma rate (``dose.toml``, table ``limits``)."""
    presets.numbers(presets.table("dose", "limits"), "dose.toml: limits.")
    return MappingProxyType(presets.plain(presets.table("dose", "limits")))


@cache
def _brightness(name: str) -> Brightness:
    table = presets.table("carms", name).get("brightness")
    where = f"carms.toml: {name}.brightness"
    if not isinstance(table, dict):
        raise InputError(f"{where} is missing: this device has no automatic brightness")
    presets.numbers(table, f"{where}.")
    return presets.into(Brightness, table, where=where)
