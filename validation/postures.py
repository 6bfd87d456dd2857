"""Phantoms of many people in every shipped posture: what a posture asks for and what it must keep.

Lordosis changes as asked; no vertebra comes to lie in its neighbour; nerves, vessels and the sac
run on as they did; organs keep about their volume (what is bent is pressed together in front, and
the field does not part organs from what is around them); targets stay where they were on bone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import in_order
from needle_sim.anatomy.posing.posture import Posture
from needle_sim.anatomy.shipped_targets import sites
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.paths import resample

PHANTOMS = 20
VOXEL_MM = 3.0
POSTURES = "supine", "prone", "prone_pillow", "left_lateral", "right_lateral"
ORGANS = "kidney", "liver", "spleen", "psoas", "trabecular_bone"
BOUNDS = {
    "lordosis off the request, degrees": 0.05,
    "a vertebra in its neighbour, mm deep": 0.02,
    "a nerve's or vessel's length, share": 0.1,
    "its stretch from point to point, share": 0.25,
    "cord's or root's sharpest bend, degrees more": 25.0,
    "a root's start off the sac, mm": 0.5,
    "an organ's volume, share": 0.1,
    "a target off its place on bone, mm": 0.1,
}
"""Most that a posture may change, or be off by (proposed). Between two bones that turn apart the
field is steep: a root bends there by up to 20 degrees more from one piece of 2 mm to the next."""
_STEP_MM = 1.2  # between the places where two bones are compared
_NERVOUS = "spinal cord", "cauda equina", "dura", " root"  # not an artery with its hairpin
_PIECE_MM = 2.0
_ON_BONE_MM = 2.0  # a target so near to its vertebra lies on it
_Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """How much one thing of a phantom changed in a posture, and what it is of."""

    kind: str
    of: str
    posture: str
    seed: int
    value: float

    @property
    def holds(self) -> bool:
        """Within the bound of its kind."""
        return self.value <= BOUNDS[self.kind]


def changes(seeds: Sequence[int], name: str = "lumbar_normal") -> Iterator[Change]:
    """Everything looked at, of each phantom in each posture."""
    for seed in seeds:
        before = ns.build_phantom(name, seed=seed, voxel_mm=VOXEL_MM)
        for posture in POSTURES:
            for kind, of, value in changed(before, ns.posed(before, posture)):
                yield Change(kind, of, posture, seed, value)


def changed(before: Anatomy, after: Anatomy) -> Iterator[tuple[str, str, float]]:
    """Kind, name and amount of each change between an anatomy and the same in a posture."""
    kinds = list(BOUNDS)
    asked = after.posture.flexion_deg if isinstance(after.posture, Posture) else 0.0
    fallen = lordosis_deg(before) - lordosis_deg(after)
    yield kinds[0], "L1-S1", abs(fallen - asked)
    levels = in_order(after.bodies)
    for upper, lower in pairwise(levels):
        yield kinds[1], f"{upper}-{lower}", _deep_mm(after, upper, lower)
    for name, of in before.structures.items():
        for was, now in zip(of.tubes, after.structures[name].tubes, strict=True):
            run, ran = (np.diff(one.points_mm, axis=0) for one in (now, was))
            long, longer = (np.linalg.norm(one, axis=1) for one in (ran, run))
            yield kinds[2], name, abs(float(longer.sum() / long.sum()) - 1.0)
            yield kinds[3], name, float(np.abs(longer / long - 1.0).max())
            if name.endswith(_NERVOUS):
                bends = [_bend_deg(one.points_mm) for one in (was, now)]
                yield kinds[4], name, max(0.0, bends[1] - bends[0])
        if name.endswith(" root"):
            away = [_off_sac_mm(one, one.structures[name].tubes[0].points_mm) for one in
                    (before, after)]  # fmt: skip
            yield kinds[5], name, abs(away[1] - away[0])
    for organ in ORGANS:
        voxels = [one.labels.array == label(organ) for one in (before, after)]
        if not any(_cut(one) for one in voxels):
            yield kinds[6], organ, abs(float(voxels[1].sum() / voxels[0].sum()) - 1.0)
    for target, vertebra in targets(before):
        yield kinds[7], target, _moved_on_bone_mm(before, after, target, vertebra)


def lordosis_deg(anatomy: Anatomy) -> float:
    """L1 to S1, between the upper endplates, in the sagittal plane of the patient."""
    tilts = []
    for level in ("L1", "S1"):
        front, back = (
            anatomy.landmark(f"{level} superior_endplate_{end}")
            for end in ("anterior", "posterior")
        )
        tilts.append(np.degrees(np.arctan2(back[2] - front[2], back[1] - front[1])))
    return float(tilts[1] - tilts[0])


def targets(anatomy: Anatomy) -> list[tuple[str, str]]:
    """Targets of the shipped procedures that lie on a bone, each with its vertebra."""
    found = []
    for site in sites():
        for side in ("right", "left"):
            parts = {"upper": site.upper, "lower": site.lower, "side": side}
            try:
                target = anatomy.target(site.rule.name.format(**parts))
            except InputError:  # its vertebrae are not in this phantom
                continue
            bone = anatomy.bones[target.vertebra]
            if abs(float(bone.distance_mm(target.centre_mm[None])[0])) < _ON_BONE_MM:
                found.append((target.name, target.vertebra))
    return sorted(set(found))


def _moved_on_bone_mm(before: Anatomy, after: Anatomy, target: str, vertebra: str) -> float:
    """How far a target has come in the frame of its vertebra."""
    places = [
        one.bodies[vertebra].inverse().apply(one.target(target).centre_mm)
        for one in (before, after)
    ]
    return float(np.linalg.norm(places[1] - places[0]))


def _deep_mm(anatomy: Anatomy, upper: str, lower: str) -> float:
    """How deep two neighbours lie in one another, 0 where they do not."""
    bones = [anatomy.bones[level] for level in (upper, lower)]
    low, high = (pick([one.box_mm[n] for one in bones], axis=0) for n, pick in
                 enumerate((np.max, np.min)))  # fmt: skip
    axes = [np.arange(a, b + _STEP_MM, _STEP_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    first = bones[0].distance_mm(points)
    points, first = points[first < 0], first[first < 0]
    deeper = np.maximum(first, bones[1].distance_mm(points)) if len(points) else np.zeros(1)
    return float(max(0.0, -deeper.min()))


def _cut(voxels: NDArray[np.bool_]) -> bool:
    """Whether something reaches the border of the field of view."""
    return bool(voxels[[0, -1]].any() or voxels[:, [0, -1]].any() or voxels[:, :, [0, -1]].any())


def _bend_deg(course: _Points) -> float:
    """Sharpest bend of a course (N, 3), between pieces of 2 mm."""
    steps = np.diff(resample(course, _PIECE_MM), axis=0)
    ways = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    along = np.sum(ways[1:] * ways[:-1], axis=1)
    return float(np.degrees(np.arccos(np.clip(along, -1.0, 1.0))).max(initial=0.0))


def _off_sac_mm(anatomy: Anatomy, course: _Points) -> float:
    """Distance of the nearest end of a course (N, 3) from the sac."""
    ends = np.abs(anatomy.structures["dura"].distance_mm(course[[0, -1]]))
    return float(ends.min())


def main(arguments: list[str]) -> int:
    """Print the largest change of each kind over N phantoms (20); 1 where a bound is broken."""
    count = int(arguments[-1]) if arguments else PHANTOMS
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes(range(count)):
        found[change.kind].append(change)
    broken = 0
    for kind, own in found.items():
        far = max(own, key=lambda change: change.value)
        broken += not far.holds
        print(f"{kind:46} n {len(own):6d} 99 % {np.percentile([c.value for c in own], 99):7.3f} "
              f"most {far.value:7.3f} bound {BOUNDS[kind]:g}: {far.of}, {far.posture}, "
              f"seed {far.seed}{'' if far.holds else '  <- beyond the bound'}")  # fmt: skip
    return 1 if broken else 0
