"""A lumbosacral transitional vertebra: the last free one grows towards the sacrum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone, Side
from needle_sim.anatomy.finding import Finding
from needle_sim.anatomy.phantom.interlaminar import cut_row
from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology, resized, vertebra
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.posts import SIDES, UP, Posts, side_sign
from needle_sim.errors import InputError
from needle_sim.geometry.parts import BAR
from needle_sim.geometry.shapes import Implicit, Row, bar
from needle_sim.geometry.transform import Frame, Transform, unit

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.column import Column
    from needle_sim.anatomy.phantom.spec import SpineSpec

_TYPES = ("Ia", "Ib", "IIa", "IIb", "IIIa", "IIIb", "IV")
_LEAST_MM = 19.0
"""Of a transverse process, from head to foot: from here on it is dysplastic (Castellvi 1984, as of
doi:10.4103/jcvjs.jcvjs_149_22 and texts)."""
_REACH_MM, _AROUND_MM = 150.0, (-20.0, 12.0)  # of the search for the ala
_OVER_AXIS_MM = 5.8  # the upper border stays: above the axis of the process (proposed)
_MASS_HALF_MM = ((9.5, 7.0), (12.0, 8.0))  # across and front to back, above and below (proposed)
_ALONG_SHARE = 0.95  # of the process; the root passes before it (proposed)
_TURNS = 4
_HERE = Transform(np.eye(4), target=Frame("body"), source=Frame("body"))
_MIDDLE_MM = (44.0, 16.0, -22.0)  # of a false joint of L5 on the left, body frame; looked around
_DISC_SHARE = 0.65  # of its height is left to a disc that hardly moves (proposed)
_INTO_MM = 5.0  # of a fused process in the ala (proposed)
_MEDIAL_MM, _LATERAL_MM = 20.0, 30.0
"""Parts of the sacrum farther out than the first, and low, face a process; farther out than the
second there is no joint but a false one."""


@dataclass(frozen=True)
class TransitionalVertebra(Pathology):
    """Castellvi's types: I a high transverse process, II one that meets the sacrum in a false
    joint, III one that is fused with it, IV a joint on one side and a fusion on the other.

    Parameters
    ----------
    castellvi : str
        ``"Ia"``, ``"Ib"``, ``"IIa"`` ... ``"IV"``; a is one side, b both.
    side : str
        Of an a; of the fusion in IV.
    level : str
        The last free vertebra.
    height_mm : float
        Of a process of type I, from head to foot, 19 to 25.
    gap_mm : float
        Of a false joint, 0.8 to 4.
    """

    kind: ClassVar[str] = "transitional_vertebra"
    grades: ClassVar[Mapping[str, Grade]] = {
        "height_mm": Grade(_LEAST_MM, 25.0, "a higher one meets the sacrum: II"),
        "gap_mm": Grade(0.8, 4.0, "a closed one is type III"),
    }

    castellvi: str
    side: Side = "left"
    level: str = "L5"
    height_mm: float = 22.0
    gap_mm: float = 1.8

    def __post_init__(self) -> None:
        if self.castellvi not in _TYPES:
            raise InputError(f"castellvi must be one of {_TYPES}, got {self.castellvi!r}")
        if self.side not in get_args(Side):
            raise InputError(f"side must be left or right, got {self.side!r}")
        super().__post_init__()

    @property
    def where(self) -> str:
        """Level, and side of an a."""
        return self.level if self.castellvi.endswith("b") else f"{self.level} {self.side}"

    def __str__(self) -> str:
        return f"transitional vertebra: Castellvi {self.castellvi}"

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """Only the last free vertebra can be one; where it meets the sacrum its disc is low."""
        last = spine.levels[-2]
        if vertebra(spine, self.level) != last:
            raise InputError(f"level must be the last free vertebra, {last}, got {self.level}")
        if "high" in self.sides().values():
            return spine
        low = _DISC_SHARE * spine.vertebrae["S1"].disc_above_mm
        return resized(spine, "S1", disc_above_mm=low)

    def sides(self) -> dict[Side, str]:
        """``"high"``, ``"joint"`` or ``"fused"`` by side."""
        word = {"I": "high", "II": "joint", "III": "fused"}
        if self.castellvi == "IV":
            return {one: "fused" if one == self.side else "joint" for one in SIDES}
        found = word[self.castellvi.rstrip("ab")]
        both = self.castellvi.endswith("b")
        return {one: found for one in SIDES if both or one == self.side}

    def grown(self, own: Mapping[str, Implicit], stack: Column) -> Mapping[str, Implicit]:
        """Bone on the transverse processes."""
        into = stack.bodies[self.level].inverse() @ stack.bodies["S1"]
        sacrum = own["S1"].moved(into)
        found = own[self.level]
        for side, how in self.sides().items():
            post = Posts(stack.vertebrae[self.level], side)
            if how == "high":
                found = _with(found, [self._high(post)])
            else:
                found = self._met(post, found, sacrum, how)
        return {**own, self.level: found}

    def _high(self, post: Posts) -> Row:
        """A process that is high all along."""
        half = 0.5 * self.height_mm
        start, end = (post.tp_root + share * (post.tp_tip - post.tp_root) for share in (0.3, 0.8))
        level = max(start[2], end[2]) + _OVER_AXIS_MM - half
        start[2] = end[2] = level
        thick = 1.1 * post.tp_half[1]
        return bar(start, end, (half, thick), across=UP, cap_mm=4.0, blend_mm=2.0)

    def _met(self, post: Posts, bone: Implicit, sacrum: Implicit, how: str) -> Implicit:
        """The vertebra with a process that widens down to the ala."""
        start = post.tp_root + _ALONG_SHARE * (post.tp_tip - post.tp_root) - 2.0 * UP
        ala = _ala(sacrum, start)
        end = ala + _INTO_MM * unit(ala - start)
        first, last = _MASS_HALF_MM
        whole = _with(bone, [bar(start, end, first, end_radii_mm=last, cap_mm=4.0, blend_mm=4.0)])
        if how == "fused":
            return whole
        found, grown = whole, self.gap_mm
        for _ in range(_TURNS):  # fillets of the sacrum fill a part of the gap: cut a little more
            found = _with(whole, _ala_rows(sacrum, post, ala, grown))
            grown += self.gap_mm - _apart_mm(found, sacrum, _HERE, post.side)
        return found

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Heights of processes, and what lies between them and the sacrum, from the bones."""
        found, body = [], anatomy.body(self.level)
        bone, sacrum = anatomy.bones[self.level], anatomy.bones["S1"]
        for side, how in self.sides().items():
            if how == "high":
                tip = body.inverse().apply(anatomy.landmarks_mm[f"{self.level} {side} tp_tip"])
                high = process_height_mm(bone, body, tip)
                name = f"height of the {side} transverse process"
                found.append(self.found(name, "mm", self.height_mm, high))
            else:
                asked = self.gap_mm if how == "joint" else 0.0
                gap = gap_mm(bone, sacrum, body, side)
                name = f"gap between {side} transverse process and sacrum"
                found.append(self.found(name, "mm", asked, gap))
        return tuple(found)


def _with(bone: Implicit, rows: Iterable[Row]) -> Implicit:
    return Implicit(np.concatenate([bone.rows, *(row[None] for row in rows)]))


def _ala_rows(
    sacrum: Implicit, post: Posts, ala: NDArray[np.float64], grown_mm: float
) -> Iterator[Row]:
    """The parts of the sacrum under a process, grown and taken away."""
    for row in sacrum.rows[(sacrum.rows[:, 0] == BAR) & (sacrum.rows[:, 1] == 0.0)]:
        middle = Implicit.of([row]).box_mm.mean(axis=0)
        if post.sign * middle[0] > _MEDIAL_MM and middle[2] < ala[2] + 2.0:
            cut = cut_row(row)
            cut[12:17] += grown_mm  # radii and caps
            yield cut


def _ala(sacrum: Implicit, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place (3,) on the sacrum below a transverse process that is nearest to it."""
    down, found = np.array([0.0, 0.0, -1.0]), []
    for y in np.arange(*_AROUND_MM, 1.0):
        above = np.array([start[0], start[1] + y, start[2]])
        runs = inside_mm(sacrum, above, down, reach_mm=_REACH_MM)
        found += [above + runs[0][0] * down] if runs else []
    if not found:
        raise InputError("there is no ala under the transverse process")
    return min(found, key=lambda one: float(np.linalg.norm(one - start)))


def process_height_mm(bone: Bone, body: Transform, tip: NDArray[np.float64]) -> float:
    """Greatest height (mm) of a transverse process beside its tip (3,), body frame."""
    found, up = 0.0, body.matrix[:3, 2]
    for inwards in np.arange(5.0, 14.0, 1.5):
        for y in np.arange(-5.0, 5.5, 1.0):
            x = tip[0] - np.sign(tip[0]) * inwards
            start = body.apply([x, tip[1] + y, tip[2] - 40.0])
            runs = inside_mm(bone, start, up, reach_mm=80.0)
            found = max([found, *(b - a for a, b in runs)])
    return found


def gap_mm(bone: Bone, sacrum: Bone, body: Transform, side: Side) -> float:
    """Least gap between a vertebra and the sacrum lateral of their joints; 0 where they touch."""
    return max(_apart_mm(bone, sacrum, body, side), 0.0)


def _apart_mm(bone: Bone, sacrum: Bone, body: Transform, side: Side) -> float:
    """The same, negative where the two overlap."""
    sign, best, least = side_sign(side), np.array(_MIDDLE_MM), np.inf
    for reach, step in (((14.0, 16.0, 16.0), 1.0), ((1.0, 1.0, 1.0), 0.2)):
        axes = [m + np.arange(-r, r + 0.5 * step, step) for m, r in zip(best, reach, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        grid = grid[grid[:, 0] > _LATERAL_MM]
        points = body.apply(grid * [sign, 1.0, 1.0])
        apart = bone.distance_mm(points) + sacrum.distance_mm(points)
        best, least = grid[np.argmin(apart)], float(apart.min())
    return least
