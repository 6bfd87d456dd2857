"""`contrast_shots`: an injection watched: one picture, a live run, or a subtraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.bare import bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.materials import Materials
from needle_sim.imaging.xray.observer import Evidence, evidence, judged, shadows
from needle_sim.imaging.xray.opened import opened, shut
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.injectate.spread import Spread
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.shown import Pictured
from needle_sim.volume.volume import Volume

Mode = Literal["single", "live", "dsa"]
MODES: tuple[Mode, ...] = ("single", "live", "dsa")
_MOST_FRAMES = 60


@dataclass(frozen=True, slots=True, eq=False)
class ContrastRun(Pictured):
    """Pictures of an injection.

    Parameters
    ----------
    frames : tuple of Radiograph
        In order; without the picture before the injection.
    times_s : tuple of float
        When each was taken, after the injection began.
    mode : "single", "live" or "dsa"
    mask : Radiograph
        Before the injection: the mask of a subtraction, the first picture of a live run, or the
        working view that a single picture is compared with (which costs nothing here: it is there
        already).
    subtracted : tuple of (R, C) float32 arrays
        Of a subtraction: logarithm of mask over picture, iodine positive; else empty.
    kap_ugy_m2, kerma_mgy : float
        Of all pictures that this run adds.
    seen : str or None
        What an observer could tell: ``"vascular"``, ``"intrathecal"`` (from behind or obliquely),
        ``"contrast"`` (some other, and none that runs off) or None (no contrast is seen).
    evidence : Evidence
        What that rests on.
    """

    frames: tuple[Radiograph, ...]
    times_s: tuple[float, ...]
    mode: Mode
    mask: Radiograph
    subtracted: tuple[NDArray[np.float32], ...]
    kap_ugy_m2: float
    kerma_mgy: float
    seen: str | None
    evidence: Evidence

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "mode": self.mode,
            "pictures": str(len(self.frames)),
            "times, s": ", ".join(f"{t:g}" for t in self.times_s),
            "seen": self.seen or "no contrast",
            "kerma-area product, µGy m2": f"{self.kap_ugy_m2:.3g}",
        }

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "contrast_mode": self.mode,
            "contrast_pictures": len(self.frames),
            "contrast_seen": self.seen,
            "contrast_kap_ugy_m2": self.kap_ugy_m2,
            **self.evidence.to_row(),
        }


def contrast_shots(
    materials_or_paths: Materials | PathLengths,
    carm: CArm,
    beam: Beam,
    spread: Spread,
    *,
    mode: Mode,
    needles: Sequence[PlacedNeedle] = (),
    rng: np.random.Generator | None = None,
    start_s: float | None = None,
    interval_s: float | None = None,
    count: int | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    tools: Sequence[PlacedTool] = (),
) -> ContrastRun:
    """Pictures of an injection; the patient is projected once, only iodine in every picture.

    Parameters
    ----------
    materials_or_paths : Materials or PathLengths
        The patient; `PathLengths` of ``carm`` save the projection.
    carm, beam : CArm, Beam
        ``beam`` as set for a still picture; a mode takes its share of the current.
    spread : Spread
        From `needle_sim.injectate.spread.spread`.
    mode : "single", "live" or "dsa"
        One late picture; fluoroscopy while it is injected; the same with a mask taken off.
    needles : sequence of PlacedNeedle
    rng : Generator or None
        Noise; without it there is none.
    start_s : float, optional
        First picture, seconds after the injection began. By default soon after the start when it is
        watched, and 4 s after the end for a single picture (``contrast.toml``).
    interval_s, count : float, int, optional
        Between pictures, and how many; by default those of ``contrast.toml``.
    detector, collimation, tools :
        As in `needle_sim.imaging.xray.exposure.expose`. The observer looks at the open field.
    """
    setting = _setting(mode)
    times = _times(setting, spread, mode, start_s, interval_s, count)
    paths = _of_pose(materials_or_paths, carm)
    used = replace(beam, mas=beam.mas * float(setting["mas_share"]))
    how = {"detector": detector, "collimation": collimation}
    pools, with_it = [spread.at(t) for t in times], {"needles": needles, "tools": tools, "rng": rng}
    mask, frames = _taken(paths, used, pools, how, with_it)
    arrays, field = [one.array for one in frames], opened(mask)
    limits = {name: float(setting[name]) for name in ("threshold", "clutter")}
    found = evidence(mask.array[field], [one[field] for one in arrays], carm, **limits)
    taken = frames if mode == "single" else (mask, *frames)
    return ContrastRun(
        frames=frames,
        times_s=times,
        mode=mode,
        mask=mask,
        subtracted=tuple(shut(one, mask) for one in shadows(mask.array, arrays))
        if mode == "dsa"
        else (),
        kap_ugy_m2=sum(one.kap_ugy_m2 for one in taken),
        kerma_mgy=sum(one.kerma_mgy for one in taken),
        seen=judged(found),
        evidence=found,
    )


def _taken(
    paths: PathLengths,
    beam: Beam,
    pools: Sequence[Volume],
    how: Mapping[str, Any],
    with_it: Mapping[str, Any],
) -> tuple[Radiograph, tuple[Radiograph, ...]]:
    """The picture without contrast, then those with it: the patient's scatter is reckoned once."""
    before = bare(paths, beam, **how)
    mask = expose(before, beam, **with_it)
    filled = (bare(paths, beam, contrast=pool, veil=before.veil, **how) for pool in pools)
    return mask, tuple(expose(one, beam, **with_it) for one in filled)


def _of_pose(patient: Materials | PathLengths, carm: CArm) -> PathLengths:
    if isinstance(patient, Materials):
        return project(patient, carm)
    if patient.carm != carm:
        raise InputError("the path lengths belong to another pose; project the patient for carm")
    return patient


def _setting(mode: str) -> dict[str, Any]:
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    return _shipped(mode)


@cache
def _shipped(mode: str) -> dict[str, Any]:
    table = presets.table("contrast", mode)
    presets.numbers(table, f"contrast.toml: {mode}.")
    found: dict[str, Any] = presets.plain(table)
    return found


def _times(
    setting: dict[str, Any],
    spread: Spread,
    mode: Mode,
    start_s: float | None,
    interval_s: float | None,
    count: int | None,
) -> tuple[float, ...]:
    """When pictures are taken, seconds after the injection began."""
    first = setting["start_s"] + (spread.duration_s if mode == "single" else 0.0)
    first = first if start_s is None else start_s
    step = setting["interval_s"] if interval_s is None else interval_s
    number = setting["count"] if count is None else count
    if not 1 <= number <= _MOST_FRAMES:
        raise InputError(f"count of a contrast run must be 1 to {_MOST_FRAMES}, got {number}")
    if mode == "single" and number != 1:
        raise InputError(f"a single shot is one picture, got count={number}; use mode='live'")
    if not (0 <= first <= 600 and 0.02 <= step <= 60):
        raise InputError(
            "a contrast run needs start_s 0 to 600 and interval_s 0.02 to 60, got "
            f"{first=:g} {step=:g}"
        )
    return tuple(round(float(first + n * step), 6) for n in range(number))
