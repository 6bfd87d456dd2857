"""`take_cine`: pulsed fluoroscopy and recorded runs of a moving scene, as the screen shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.bare import Bare, bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.modes import RunMode, pulse_of
from needle_sim.imaging.xray.persistence import NO_LAG, Lag, Trail, persisted
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.shown import Pictured
from needle_sim.volume.volume import Volume

MOST_FRAMES = 900
_MOST_PIXELS = 256 * 2**20  # of all pictures of a run together: a gigabyte

Paths = PathLengths | Callable[[float], PathLengths]
"""The patient, or where the C-arm or the patient moves: the path lengths at a time, s."""


@dataclass(frozen=True, slots=True, eq=False)
class Cine(Pictured):
    """Pictures of a run as the screen showed them, after lag and recursive filter.

    Parameters
    ----------
    frames : tuple of Radiograph
        In order; each with the dose of its own pulse.
    times_s : tuple of float
        Of the pulses.
    run : RunMode
        How it was taken.
    held : Trail or None
        What stays in the next picture, where the run is taken up again.
    """

    frames: tuple[Radiograph, ...]
    times_s: tuple[float, ...]
    run: RunMode
    held: Trail | None = None

    def __post_init__(self) -> None:
        if len(self.frames) != len(self.times_s) or not self.frames:
            raise InputError(
                "a run holds one time for each of its pictures, at least one; got "
                f"{len(self.frames)} pictures and {len(self.times_s)} times"
            )
        if not (np.diff(self.times_s) > 0).all():
            raise InputError(f"times of a run rise, got {self.times_s}")

    @property
    def array(self) -> NDArray[np.float32]:
        """All pictures (T, R, C), keV/pixel."""
        return np.stack([frame.array for frame in self.frames])

    @property
    def beam_s(self) -> float:
        """Fluoroscopy time as a C-arm counts it: while the pedal is down, pauses included, s."""
        return len(self.frames) / self.run.pulses_s

    @property
    def kap_ugy_m2(self) -> float:
        """Kerma-area product of all pulses."""
        return sum(frame.kap_ugy_m2 for frame in self.frames)

    @property
    def kerma_mgy(self) -> float:
        """Reference air kerma of all pulses."""
        return sum(frame.kerma_mgy for frame in self.frames)

    def at(self, time_s: float) -> Radiograph:
        """What the screen shows at a time: the last picture until the next pulse."""
        index = int(np.searchsorted(self.times_s, time_s, side="right")) - 1
        if index < 0:
            raise InputError(f"the run begins at {self.times_s[0]:g} s, got {time_s:g}")
        return self.frames[index]

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "pictures": str(len(self.frames)),
            "pulses a second": f"{self.run.pulses_s:g} of {self.run.pulse_ms:g} ms",
            "beam on, s": f"{self.beam_s:.3g}",
            "kerma-area product, µGy m2": f"{self.kap_ugy_m2:.3g}",
            "reference air kerma, mGy": f"{self.kerma_mgy:.3g}",
        }

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "run_pictures": len(self.frames),
            "run_pulses_s": self.run.pulses_s,
            "run_pulse_ms": self.run.pulse_ms,
            "run_beam_s": self.beam_s,
            "run_kap_ugy_m2": self.kap_ugy_m2,
            "run_kerma_mgy": self.kerma_mgy,
        }


def take_cine(
    paths: Paths,
    beam: Beam,
    run: RunMode,
    *,
    duration_s: float,
    start_s: float = 0.0,
    needles_at: Callable[[float], Sequence[PlacedNeedle]] | None = None,
    contrast_at: Callable[[float], Volume | None] | None = None,
    rng: np.random.Generator | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    tools: Sequence[PlacedTool] = (),
    lag: Lag = NO_LAG,
    before: Cine | None = None,
) -> Cine:
    """A run of pulses through a patient in which needles, contrast or the C-arm move.

    Parameters
    ----------
    paths : PathLengths, or callable from time to PathLengths
        A callable is asked before every pulse; give the same object while nothing moves.
    beam : Beam
        As exposure control sets it for a still picture; the run takes its share of the charge.
    run : RunMode
        From `Modes.run` of the device.
    duration_s, start_s : float, s
        How long, and the time of the first pulse.
    needles_at, contrast_at : callables from time, optional
        What stands in the patient then; `Spread.at` gives contrast.
    rng : Generator or None
        Noise, anew in every pulse; without it there is none.
    detector, collimation, tools :
        As in `expose`; tools stand still.
    lag : Lag
        Of the device, `Modes.lag`.
    before : Cine, optional
        The run that this one goes on from, its ghosts included.
    """
    times = _times(run, start_s, duration_s)
    trail = None if before is None else before.held
    last_s = start_s - 1.0 / run.pulses_s if before is None else before.times_s[-1]
    moving = needles_at or _nothing, contrast_at or _no_contrast
    scene = _Scene(paths, *moving, tuple(tools), len(times))
    shots = _shots(scene, pulse_of(beam, run), times, rng, detector, collimation)
    frames = []
    for time_s, shot in zip(times, shots, strict=True):
        kept_by = {"lag": lag, "weight": run.weight, "motion": run.motion}
        trail = persisted(shot.array, trail, dt_s=time_s - last_s, **kept_by)  # type: ignore[arg-type]
        frames.append(replace(shot, array=trail.shown))
        last_s = time_s
    return Cine(tuple(frames), times, run, trail)


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    paths: Paths
    needles_at: Callable[[float], Sequence[PlacedNeedle]]
    contrast_at: Callable[[float], Volume | None]
    tools: tuple[PlacedTool, ...]
    count: int

    def paths_at(self, time_s: float) -> PathLengths:
        here = self.paths(time_s) if callable(self.paths) else self.paths
        rows, columns = here.carm.shape
        if self.count * rows * columns > _MOST_PIXELS:
            raise InputError(
                f"{self.count} pictures of {rows} x {columns} do not fit into memory; take a "
                "shorter run or coarser pixels"
            )
        return here


def _nothing(_: float) -> Sequence[PlacedNeedle]:
    return ()


def _no_contrast(_: float) -> Volume | None:
    return None


def _shots(
    scene: _Scene,
    beam: Beam,
    times: Sequence[float],
    rng: np.random.Generator | None,
    detector: Detector | None,
    collimation: Collimation | None,
) -> Iterator[Radiograph]:
    """The picture of each pulse alone; what stands still is worked out once."""
    still: Bare | None = None
    asked: PathLengths | None = None
    for time_s in times:
        here, needles = scene.paths_at(time_s), scene.needles_at(time_s)
        contrast = scene.contrast_at(time_s)
        if still is None or here is not asked or contrast is not None:
            seen = {"contrast": contrast, "detector": detector, "collimation": collimation}
            still, asked = bare(here, beam, **seen), here  # type: ignore[arg-type]
        yield expose(still, beam, needles=needles, tools=scene.tools, rng=rng)
        still = None if contrast is not None else still


def last_image(run: Cine, *, average: int = 1) -> Radiograph:
    """The last image held: what stays on the screen when the pedal is let go, at no dose.

    ``average`` takes the mean of so many last pictures of one pose, as some devices do.
    """
    if not 1 <= average <= len(run.frames):
        raise InputError(
            f"average must be 1 to the {len(run.frames)} pictures of this run, got {average}"
        )
    last = run.frames[-1]
    kept = run.frames[-average:]
    if any(one.carm != last.carm for one in kept):
        raise InputError(f"the C-arm moved in the last {average} pictures; average fewer")
    mean = np.stack([one.array for one in kept]).mean(axis=0, dtype=np.float64)
    return replace(last, array=np.asarray(mean, dtype=np.float32), kap_ugy_m2=0.0, kerma_mgy=0.0)


def _times(run: RunMode, start_s: float, duration_s: float) -> tuple[float, ...]:
    if not (np.isfinite(start_s) and 0 < duration_s <= 3600):
        raise InputError(
            "a run needs a finite start_s and a duration_s over 0 and at most 3600, got "
            f"{start_s=} {duration_s=}"
        )
    count = max(1, round(duration_s * run.pulses_s))
    if count > MOST_FRAMES:
        raise InputError(
            f"{duration_s:g} s at {run.pulses_s:g} pulses a second are {count} pictures, at most "
            f"{MOST_FRAMES} are kept; take it in parts (before=...) or at fewer pulses"
        )
    return tuple(round(start_s + n / run.pulses_s, 9) for n in range(count))
