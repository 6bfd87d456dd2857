"""Obesity: a wide trunk, and a long way from the skin to the epidural space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.interlaminar import interspaces
from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology, neighbours
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.tissue import tissues
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.spec import SpineSpec

_RULES = "lumbar_normal"  # whose [bmi] says how a trunk grows
_FAR_MM = 220.0
_STEP_MM = 0.1


@dataclass(frozen=True)
class Obesity(Pathology):
    """A trunk of a given BMI with a given depth of the epidural space.

    Parameters
    ----------
    bmi : float
        kg/m2; the outline and the fat follow the rules of the phantom's ``[bmi]``. 25 to 60.
    depth_mm : float
        Skin to epidural space in the midline, straight forwards. 40 to 140.
    level : str
        Where the depth is that.
    """

    kind: ClassVar[str] = "obesity"
    grades: ClassVar[Mapping[str, Grade]] = {
        "bmi": Grade(25.0, 60.0, "build_phantom(bmi=...) makes the slim"),
        "depth_mm": Grade(40.0, 140.0, "48 mm is usual at BMI 25", "skin to epidural space"),
    }

    bmi: float
    depth_mm: float
    level: str = "L3-L4"

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """The trunk grows by the rules of BMI, then by what the depth still lacks."""
        neighbours(spine, self.level)
        trunk, table = dict(spine.trunk), size_table(_RULES)
        was = np.array([np.nan if spine.person.bmi is None else spine.person.bmi])
        for rule in table.bmi:
            before, after = float(rule.at(was)[0]), float(rule.at(np.array([self.bmi]))[0])
            for place in rule.where:
                key = table.names[place].removeprefix("trunk_")
                trunk[key] = (
                    trunk[key] * after / before if rule.times else trunk[key] + after - before
                )
        grown = replace(spine, trunk=trunk)
        more = self.depth_mm - built_depth_mm(grown, self.level)
        for key in ("behind_spinous_mm", "subcutis_back_mm"):
            trunk[key] += more
            if trunk[key] < 2.0:
                raise InputError(
                    f"depth_mm {self.depth_mm:g} leaves no fat behind the spine at a BMI of "
                    f"{self.bmi:g}; ask for {self.depth_mm - trunk[key] + 3.0:.0f} or more"
                )
        return replace(spine, trunk=trunk)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """From the skin in the CT to the ventral face of the flava, straight forwards."""
        return {"depth_mm": skin_to_epidural_mm(anatomy, self.level)}


def built_depth_mm(spine: SpineSpec, level: str) -> float:
    """Skin to epidural space of a spine of these sizes, by its shapes."""
    stack, upper = column(spine), level.partition("-")[0]
    space = next(one for one in interspaces(stack, spine.sacrum) if one.upper == upper)
    x, inside, z = 0.5 * (space.ventral_line()[1] + space.ventral_line()[2])
    trunk = Trunk(stack, spine.trunk)
    heights = np.linspace(z - 150.0, z + 150.0, 301)
    back = np.interp(z, heights, trunk.back_mm(heights))
    y = inside + np.arange(0.0, _FAR_MM, _STEP_MM)
    depth = trunk.depth_mm(np.full_like(y, x), y, np.full_like(y, z), np.full_like(y, back))
    return float(y[np.argmax(depth > 0)] - inside)


def skin_to_epidural_mm(anatomy: Anatomy, level: str) -> float:
    """From the skin in the CT straight forwards to where the canal begins in the midline."""
    upper = level.partition("-")[0]
    flavum = anatomy.spaces[f"{level} flavum"].shape
    low, high = flavum.box_mm
    middle = 0.5 * (low + high)
    start = np.array([anatomy.body(upper).matrix[0, 3], low[1] - 8.0, middle[2]])
    runs = inside_mm(flavum, start, [0.0, 1.0, 0.0])
    if not runs:
        raise InputError(f"no ray in the midline meets the flavum of {level}")
    face = start[1] + runs[0][0]
    y = face + np.arange(0.0, _FAR_MM, _STEP_MM)
    points = np.stack([np.full_like(y, start[0]), y, np.full_like(y, start[2])], axis=1)
    hu = anatomy.ct.sample(points)
    half = 0.5 * (tissues()[0].hu + tissues()[1].hu)  # air and skin
    return float(y[np.flatnonzero(hu > half)[-1]] - face) + 0.5 * _STEP_MM
