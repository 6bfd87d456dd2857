"""The task ``coverage``: how much of a medial branch lies inside an RF lesion.

The electrode is heated once, in muscle alone, so that its lesion is round about the needle; that
lesion is then laid at each angle and error without heating again. What bone, fat and fluid beside
the nerve would do to its shape is left out (bone holds current and heat back, and the lesion
beside it grows), and bone stops no needle: a comparison of placements, not a forecast for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.phantom.spec import phantom_names
from needle_sim.anatomy.target import beside_bone, point_at_share
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.procedures.procedure import Procedure
from needle_sim.studies.design import Samples
from needle_sim.studies.patients import kept
from needle_sim.studies.task import Input, Task
from needle_sim.thermal.bioheat import heat_medium
from needle_sim.thermal.grid import Grid
from needle_sim.thermal.lesion import NERVE_STEP_MM, margins
from needle_sim.thermal.medium import homogeneous
from needle_sim.thermal.protocol import Protocol

Field = NDArray[np.float64]
_COARSE_MM = 4.0  # of the phantom's voxels: nerves and bones do not depend on them
_REACH_MM = 25.0  # of branch to each side of the stretch that counts
_SLAB = 256


@dataclass(frozen=True, slots=True, eq=False)
class Bed:
    """Where a branch lies: its points, the stretch that a lesion is to cover, the bone below.

    Parameters
    ----------
    branch_mm : (N, 3) array
        The branch, at most `NERVE_STEP_MM` apart.
    counts : (N - 1,) array of bool
        Which pieces belong to the stretch along the neck of the articular process.
    middle_mm, along, away : (3,) arrays
        Middle of the stretch, direction of the nerve there, and of what is off the bone.
    """

    branch_mm: Field
    counts: NDArray[np.bool_]
    middle_mm: Field
    along: Field
    away: Field


@dataclass(frozen=True, slots=True, eq=False)
class RoundLesion:
    """A lesion that is the same all around its needle: margin (I, 1, K), positive inside."""

    grid: Grid
    margin: Field
    needle: Needle

    def value(self, beside_mm: Field, ahead_mm: Field) -> Field:
        """Margin at a distance from the axis and ahead of the tip, any shape; -1 far away."""
        points = np.stack([beside_mm, np.zeros_like(beside_mm), ahead_mm], axis=-1)
        flat = points.reshape(-1, 3)
        found = np.where(self.grid.contains(flat), self.grid.interpolate(self.margin, flat), -1.0)
        return np.asarray(found.reshape(beside_mm.shape))


def coverage_of(samples: Samples, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Columns: length of branch inside the lesion, and share of the stretch that counts."""
    parts = []
    for parameters, some in samples.by_point():
        given = {**settings, **parameters}
        bed, lesion = _bed(given), _lesion(given)
        tip, axis = placement(bed, lesion.needle, angle_deg=given["angle_deg"])
        missed = some.normals(3)
        towards = missed / np.sqrt((missed * missed).sum(axis=1, keepdims=True))
        tips = tip + given["error_mm"] * towards
        parts.append(np.concatenate([_covered(bed, lesion, t, axis) for t in _slabs(tips)]))
    covered, share = np.concatenate(parts).T
    return {"covered_mm": covered, "stretch_share": share}


def placement(bed: Bed, needle: Needle, *, angle_deg: float) -> tuple[Field, Field]:
    """Tip and direction of an electrode on the nerve, at an angle to it, off the bone.

    At 0 it lies on the nerve with the middle of its bare length over the middle of the stretch; at
    90 it stands on the bone with its tip there. Seen from off the bone the bare length is centred
    at every angle, so that no angle is at a loss by where it was put.
    """
    angle = np.radians(angle_deg)
    axis = np.cos(angle) * bed.along - np.sin(angle) * bed.away
    ahead = 0.5 * needle.active_tip_mm * np.cos(angle)
    return bed.middle_mm + 0.5 * needle.outer_mm * bed.away + ahead * bed.along, axis


def bed_of(anatomy: Anatomy, level: str, side: str) -> Bed:
    """The bed of a lumbar medial branch, by its nerve (``"L4"``)."""
    target = anatomy.target(f"{level} {side} medial branch")
    stretch = np.asarray(target.nerve_mm)
    middle = point_at_share(stretch, 0.5)
    along = unit(stretch[-1] - stretch[0])
    fine = resample(anatomy.structures[target.name].tubes[0].points_mm, NERVE_STEP_MM)
    first, last = (int(np.linalg.norm(fine - end, axis=1).argmin()) for end in stretch[[0, -1]])
    first, last = min(first, last), max(first, last)
    reach = round(_REACH_MM / NERVE_STEP_MM)
    low, high = max(0, first - reach), last + reach
    counts = np.zeros(len(fine) - 1, dtype=bool)
    counts[first:last] = True
    away = beside_bone(anatomy.bones[target.vertebra], middle, along)
    return Bed(fine[low : high + 1], counts[low:high], middle, along, away)


def lesion_of(needle: Needle, protocol: Protocol) -> RoundLesion:
    """The conservative boundary of an electrode in muscle."""
    straight = Trajectory.straight([0.0, 0.0, -0.9 * needle.length_mm], [0.0, 0.0, 0.0])
    placed = PlacedNeedle(needle, straight)
    history = heat_medium(homogeneous("muscle", placed), [placed], protocol)
    return RoundLesion(history.medium.grid, margins(history)["conservative"], needle)


def _bed(given: Mapping[str, Any]) -> Bed:
    phantom, level, side = given["phantom"], given["level"], given["side"]
    coarse = ("coarse patient", phantom)

    def make() -> Bed:
        return bed_of(
            kept(coarse, lambda: build_phantom(phantom, voxel_mm=_COARSE_MM)), level, side
        )

    return kept(("bed", phantom, level, side), make)


def _lesion(given: Mapping[str, Any]) -> RoundLesion:
    names = given["needle"], given["protocol"]
    return kept(
        ("lesion", *names), lambda: lesion_of(Needle.preset(names[0]), Protocol.preset(names[1]))
    )


def _covered(bed: Bed, lesion: RoundLesion, tips: Field, axis: Field) -> Field:
    """Length of branch inside and share of the stretch (S, 2), for tips (S, 3)."""
    from_tip = bed.branch_mm[None, :, :] - tips[:, None, :]
    x, y, z = np.moveaxis(from_tip, -1, 0)
    ahead = x * axis[0] + y * axis[1] + z * axis[2]
    beside = np.sqrt(np.maximum(x * x + y * y + z * z - ahead * ahead, 0.0))
    value = lesion.value(beside, ahead)
    first, last = value[:, :-1], value[:, 1:]
    span = np.where(first == last, 1.0, np.abs(last - first))
    inside = np.where((first > 0) == (last > 0), (first > 0) * 1.0, np.maximum(first, last) / span)
    pieces = np.sqrt((np.diff(bed.branch_mm, axis=0) ** 2).sum(axis=1))
    lengths = inside * pieces
    stretch = np.where(bed.counts, lengths, 0.0).sum(axis=1) / pieces[bed.counts].sum()
    return np.stack([lengths.sum(axis=1), stretch], axis=1)


def _slabs(tips: Field) -> list[Field]:
    return [tips[start : start + _SLAB] for start in range(0, len(tips), _SLAB)]


def _nerves() -> list[str]:
    return list(Procedure.preset("medial-branch-rfa").levels_of())


TASK = Task(
    "coverage",
    "Length of a medial branch inside an electrode's lesion, by its angle and how far it lies off",
    {
        "angle_deg": Input("number", "Of the electrode to the nerve; 0 is parallel", 0.0, 0, 90),
        "error_mm": Input("number", "The tip lies so far off, in any direction", 0.0, 0, 20),
        "needle": Input(
            "text", "An RF needle", "rf_18g_10mm", known=lambda: presets.names("needles")
        ),
        "protocol": Input(
            "text",
            "What the generator does",
            "continuous_80c_90s",
            known=lambda: presets.names("protocols"),
        ),
        "phantom": Input("text", "A shipped phantom", "lumbar_normal", known=phantom_names),
        "level": Input("text", "The nerve", "L4", known=_nerves),
        "side": Input("text", "left or right", "right", known=lambda: ["left", "right"]),
    },
    coverage_of,
)
