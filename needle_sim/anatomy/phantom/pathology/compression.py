"""Compression fracture of a vertebral body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.anatomy.finding import Finding, within
from needle_sim.anatomy.phantom.pathology.kind import AtVertebra, resized
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Frame, Transform

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.sizes import VertebraSpec
    from needle_sim.anatomy.phantom.spec import SpineSpec

FractureShape = Literal["wedge", "biconcave", "crush"]
PLACES = ("anterior", "middle", "posterior")
_LOSSES: dict[str, tuple[float, float, float]] = {
    "wedge": (1.0, 0.55, 0.0),
    "biconcave": (0.25, 1.0, 0.15),
    "crush": (1.0, 1.0, 1.0),
}
"""Of the loss that names the fracture, at the front, the middle and the back (proposed)."""
_GRADES = ((20.0, 1), (25.0, 2), (40.0, 3))
"""Loss of height from which Genant's grades 1, 2 and 3 begin (Genant 1993, as of
doi:10.21037/qims.2019.02.04)."""
_MOST = {"wedge": 60.0, "biconcave": 55.0, "crush": 45.0}
_SHARES = (-0.8, 0.0, 0.8)  # of half the depth: where the heights are taken, inside the rims
_OVER_MM, _REACH_MM, _TURNS = 30.0, 90.0, 4
_HERE = Transform(np.eye(4), target=Frame("body"), source=Frame("body"))


@dataclass(frozen=True)
class CompressionFracture(AtVertebra):
    """A vertebral body that has lost height.

    Parameters
    ----------
    level : str
        ``"L1"``.
    loss_percent : float
        Of the height that its neighbours lead one to expect, where the shape has lost most.
    shape : str
        ``"wedge"`` (in front), ``"biconcave"`` (in the middle) or ``"crush"`` (everywhere).
    """

    kind: ClassVar[str] = "compression_fracture"

    loss_percent: float
    shape: FractureShape = "wedge"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape not in get_args(FractureShape):
            known = ", ".join(get_args(FractureShape))
            raise InputError(f"shape must be one of {known}, got {self.shape!r}")
        most = _MOST[self.shape]
        within("loss_percent", self.loss_percent, 5.0, most, "a higher loss breaks the arch too")

    @property
    def grade(self) -> int:
        """Genant's grade, 0 to 3."""
        return max((grade for least, grade in _GRADES if self.loss_percent >= least), default=0)

    @property
    def losses_percent(self) -> tuple[float, float, float]:
        """In front, in the middle, at the back."""
        first, middle, last = (self.loss_percent * share for share in _LOSSES[self.shape])
        return first, middle, last

    def __str__(self) -> str:
        return f"compression fracture: {self.shape}, Genant {self.grade}, {self.loss_percent:g} %"

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The body sinks in; its discs keep their wedge, so that the column bends over it."""
        level = self.level
        beside = [spine.vertebrae[one] for one in intact(self, spine.levels, spine.pathology)]
        expected = np.mean([heights_of_sizes(one) for one in beside], axis=0)
        wanted = expected * (1.0 - 0.01 * np.array(self.losses_percent))
        old = spine.vertebrae[level]
        new = with_heights(old, wanted)
        lower = spine.levels[spine.levels.index(level) + 1]
        bend = float(np.degrees(np.arctan(new.wedge_slope) - np.arctan(old.wedge_slope)))
        spine = replace(spine, vertebrae={**spine.vertebrae, level: new})
        for one in (level, lower):
            lordosis = spine.vertebrae[one].lordosis_above_deg - bend
            spine = resized(spine, one, lordosis_above_deg=lordosis)
        below = spine.levels[spine.levels.index(spine.origin) + 1 :]
        more = -bend * ((level in below) + (lower in below))
        slope = spine.sacrum["slope_deg"] + more  # the body of the origin stays level
        return replace(spine, sacrum={**spine.sacrum, "slope_deg": slope})

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """Heights between the endplates, against the mean of the intact neighbours."""
        levels = tuple(anatomy.bodies)
        beside = intact(self, levels, anatomy.pathology)
        own, *others = (
            heights_mm(anatomy.bones[one], anatomy.body(one)) for one in (self.level, *beside)
        )
        lost = 100.0 * (1.0 - own / np.mean(others, axis=0))
        return tuple(
            self.found(f"loss of {place} height", "%", asked, float(found))
            for place, asked, found in zip(PLACES, self.losses_percent, lost, strict=True)
        )


def intact(
    fracture: CompressionFracture, levels: tuple[str, ...], pathology: tuple[object, ...]
) -> list[str]:
    """The next vertebrae above and below that are not broken, S1 left out."""
    broken = {one.level for one in pathology if isinstance(one, CompressionFracture)}
    whole = [one for one in levels if one == fracture.level or one not in broken | {"S1"}]
    here = whole.index(fracture.level)
    found = whole[max(here - 1, 0) : here] + whole[here + 1 : here + 2]
    if not found:
        raise InputError(f"{fracture.level} has no intact neighbour to be measured against")
    return found


def heights_of_sizes(spec: VertebraSpec) -> NDArray[np.float64]:
    """Height (3,) of a body between its endplates, in front, in the middle and at the back."""
    return heights_mm(vertebra_shape(spec), _HERE)


def with_heights(spec: VertebraSpec, wanted_mm: NDArray[np.float64]) -> VertebraSpec:
    """The vertebra with these heights (3,); its joints stay where they are on its arch."""
    found = spec
    for _ in range(_TURNS):  # rims are round: what is read is not quite what the sizes say
        step = np.linalg.solve(_system(found), wanted_mm - heights_of_sizes(found))
        found = replace(
            found,
            anterior_height_mm=found.anterior_height_mm + float(step[0]),
            posterior_height_mm=found.posterior_height_mm + float(step[1]),
            dish_mm=found.dish_mm + float(step[2]),
        )
    rise = spec.facet_rise_mm + 0.5 * (spec.height_mm - found.height_mm)
    return replace(found, facet_rise_mm=rise)


def _system(spec: VertebraSpec) -> NDArray[np.float64]:
    """Heights (rows) by anterior height, posterior height and dish, at the three places."""
    upper, lower = spec.upper_depth_mm, spec.lower_depth_mm
    rows = []
    for y in _places_mm(upper, lower):
        back = 0.5 + y / (0.5 * (upper + lower))
        sunk = sum(1.0 - (2.0 * y / depth) ** 2 for depth in (upper, lower))
        rows.append([1.0 - back, back, -sunk])
    return np.array(rows)


def _places_mm(upper_depth_mm: float, lower_depth_mm: float) -> list[float]:
    half = 0.5 * min(upper_depth_mm, lower_depth_mm)
    return [share * half for share in _SHARES]


def heights_mm(bone: Bone, body: Transform) -> NDArray[np.float64]:
    """Height (3,) of a bone's body in front, in the middle and at the back, met by rays."""
    front, back = _walls_mm(bone, body)
    middle, half = 0.5 * (front + back), 0.5 * (back - front)
    found = []
    for share in _SHARES:
        ends = []
        for way in (1.0, -1.0):
            start = [0.0, middle + share * half, way * _OVER_MM]
            towards = body.turn([0.0, 0.0, -way])
            runs = inside_mm(bone, body.apply(start), towards, reach_mm=_REACH_MM)
            if not runs:
                raise InputError("a ray from the disc does not meet the endplate")
            ends.append(_OVER_MM - runs[0][0])
        found.append(sum(ends))
    return np.array(found)


def _walls_mm(bone: Bone, body: Transform) -> tuple[float, float]:
    """Front and back (y) of the endplate that is less deep, body frame."""
    found = []
    for way in (1.0, -1.0):
        best = (0.0, 0.0)
        for z in np.arange(2.0, 20.0, 0.5):
            runs = inside_mm(bone, body.apply([0.0, -40.0, way * z]), body.turn([0.0, 1.0, 0.0]))
            spans = [(a - 40.0, b - 40.0) for a, b in runs if a - 40.0 < 0.0]
            if spans and spans[0][1] - spans[0][0] > best[1] - best[0]:
                best = spans[0]
        found.append(best)
    return min(found, key=lambda one: one[1] - one[0])
