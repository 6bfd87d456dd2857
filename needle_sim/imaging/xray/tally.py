"""`DoseEvent` and `DoseTally`: what was irradiated, one event an exposure or run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation

if TYPE_CHECKING:
    from needle_sim.imaging.xray.cine import Cine
    from needle_sim.imaging.xray.exposure import Radiograph
    from needle_sim.imaging.xray.sequence import ContrastRun

Kind = Literal["fluoroscopy", "acquisition"]


@dataclass(frozen=True, slots=True)
class DoseEvent:
    """One press of the pedal or the release.

    Parameters
    ----------
    kind : "fluoroscopy" or "acquisition"
        An acquisition is recorded: a still picture, a spot film, a cine or a subtraction.
    carm : CArm
    pulse : Beam
        Each pulse.
    pulses : int
    pulses_s : float, 1/s
        0 of a single picture.
    kap_ugy_m2, kerma_mgy : float
        Of all pulses.
    start_s : float, s
        Simulated time.
    collimation : Collimation or None
    """

    kind: Kind
    carm: CArm
    pulse: Beam
    pulses: int
    pulses_s: float
    kap_ugy_m2: float
    kerma_mgy: float
    start_s: float = 0.0
    collimation: Collimation | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"an event is one of {get_args(Kind)}, got {self.kind!r}")
        numbers = self.pulses_s, self.kap_ugy_m2, self.kerma_mgy, self.start_s
        if not (self.pulses >= 1 and np.isfinite(numbers).all() and min(numbers[:3]) >= 0):
            raise InputError(
                "an event has 1 pulse or more, and a rate, dose and time that are finite and not "
                f"negative, got {self}"
            )
        if self.pulses > 1 and not self.pulses_s > 0:
            raise InputError(f"{self.pulses} pulses need pulses_s over 0, got {self.pulses_s}")

    @property
    def beam_s(self) -> float:
        """Time that a C-arm counts: pauses between pulses included; of one picture its pulse, s."""
        return self.pulses / self.pulses_s if self.pulses_s > 0 else self.exposure_s

    @property
    def exposure_s(self) -> float:
        """Time of radiation, pauses left out, s."""
        return self.pulses * self.pulse.pulse_ms * 1e-3

    @property
    def ma(self) -> float:
        """Tube current within a pulse, mA."""
        return self.pulse.mas / self.pulse.pulse_ms * 1e3


@dataclass(frozen=True, slots=True)
class DoseTally:
    """Everything that a patient was given, in order."""

    events: tuple[DoseEvent, ...] = ()

    def plus(self, *events: DoseEvent) -> DoseTally:
        """With further events."""
        return DoseTally((*self.events, *events))

    def of(self, kind: Kind) -> DoseTally:
        """Events of one kind alone."""
        return DoseTally(tuple(one for one in self.events if one.kind == kind))

    @property
    def kap_ugy_m2(self) -> float:
        """Kerma-area product of all events."""
        return float(sum(one.kap_ugy_m2 for one in self.events))

    @property
    def kerma_mgy(self) -> float:
        """Air kerma at the patient entrance reference point of all events."""
        return float(sum(one.kerma_mgy for one in self.events))

    @property
    def beam_s(self) -> float:
        """Time of all events, s."""
        return float(sum(one.beam_s for one in self.events))

    @property
    def fluoroscopy_s(self) -> float:
        """Fluoroscopy time: while the pedal is down; pictures and recorded runs are not in it."""
        return self.of("fluoroscopy").beam_s

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "dose_events": len(self.events),
            "dose_fluoroscopy_s": self.fluoroscopy_s,
            "dose_kap_ugy_m2": self.kap_ugy_m2,
            "dose_kerma_mgy": self.kerma_mgy,
        }


def event_of(shot: Radiograph, *, start_s: float = 0.0) -> DoseEvent:
    """The event of a single picture."""
    dose = shot.kap_ugy_m2, shot.kerma_mgy
    field = shot.truth.get("collimation")
    return DoseEvent("acquisition", shot.carm, shot.beam, 1, 0.0, *dose, start_s, field)


def events_of(run: Cine) -> tuple[DoseEvent, ...]:
    """The events of a run: one for each stretch in which the C-arm and its beam stayed as they are.

    Pulses weaker than a still picture are fluoroscopy, others are recorded.
    """
    kind: Kind = "fluoroscopy" if run.run.dose < 1 else "acquisition"
    rate = run.run.pulses_s
    taken = zip(run.times_s, run.frames, strict=True)
    events = []
    for (carm, _), part in groupby(taken, key=lambda one: (one[1].carm, one[1].beam.mas)):
        shots = list(part)
        first = shots[0][1]
        kap, kerma = _dose(shot for _, shot in shots)
        field = first.truth.get("collimation")
        events.append(
            DoseEvent(kind, carm, first.beam, len(shots), rate, kap, kerma, shots[0][0], field)
        )
    return tuple(events)


def event_of_contrast(run: ContrastRun, *, start_s: float = 0.0) -> DoseEvent:
    """The event of an injection watched; ``start_s`` when it began."""
    taken = run.frames if run.mode == "single" else (run.mask, *run.frames)
    steps = np.diff(run.times_s)
    rate = 1.0 / float(steps.mean()) if len(steps) else 1.0
    kind: Kind = "fluoroscopy" if run.mode == "live" else "acquisition"
    at_s = start_s + (run.times_s[0] if run.mode == "single" else 0.0)
    dose = run.kap_ugy_m2, run.kerma_mgy
    pulses_s = rate if len(taken) > 1 else 0.0
    field = run.mask.truth.get("collimation")
    shot = taken[0]
    return DoseEvent(kind, shot.carm, shot.beam, len(taken), pulses_s, *dose, at_s, field)


def _dose(shots: Iterable[Radiograph]) -> tuple[float, float]:
    kap = kerma = 0.0
    for shot in shots:
        kap, kerma = kap + shot.kap_ugy_m2, kerma + shot.kerma_mgy
    return kap, kerma
