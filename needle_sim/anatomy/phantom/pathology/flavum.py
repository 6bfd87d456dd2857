"""Hypertrophy of the ligamentum flavum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from needle_sim.anatomy.phantom.pathology.kind import AtInterspace, Grade, resized
from needle_sim.anatomy.phantom.pathology.rays import chords_mm
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.spec import SpineSpec

_ASIDE_MM = (3.0, 4.0, 5.0, 6.0)  # of the midline, where a sheet is thickest and flat


@dataclass(frozen=True)
class FlavumHypertrophy(AtInterspace):
    """A thick ligamentum flavum between two laminae.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    thickness_mm : float
        Of each sheet, across it; from 4 mm on it is called hypertrophy. 2 to 10;
        the thickest found was 9.4 mm at L4-L5 (EJMCM, MRI of 60).
    """

    kind: ClassVar[str] = "flavum_hypertrophy"
    grades: ClassVar[Mapping[str, Grade]] = {
        "thickness_mm": Grade(2.0, 10.0, "9.4 mm is the record", "thickness of the flavum"),
    }

    thickness_mm: float

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """The sheets grow into the canal."""
        old, below = spine.vertebrae[self.upper], spine.vertebrae[self.lower]
        # the sheet's lower edge is met behind the canal's wall: it grows ventrally there too
        edge = max(below.epidural_dorsal_mm - 0.5 * (self.thickness_mm - old.flavum_mm), 0.1)
        spine = resized(spine, self.upper, flavum_mm=self.thickness_mm, flavum_left_more_mm=0.0)
        return resized(spine, self.lower, epidural_dorsal_mm=edge)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Across both sheets, where rays from the canal leave them; nothing once it is taken."""
        if f"{self.level} flavum" not in anatomy.spaces:
            return {}
        return {"thickness_mm": flavum_mm(anatomy, self.level)}


def flavum_mm(anatomy: Anatomy, level: str) -> float:
    """Thickness of a flavum: lower quartile of the chords across its sheets, 3-6 mm off the middle.

    Where a sheet folds at the border of a lamina, as after a slip, chords are longer, none shorter.
    """
    name = f"{level} flavum"
    if name not in anatomy.spaces:
        raise InputError(f"{anatomy.name} has no {name}; it was removed or never there")
    shape, upper = anatomy.spaces[name].shape, level.partition("-")[0]
    body = anatomy.body(upper)
    box = body.inverse().apply(_corners(shape.box_mm))
    found = []
    for z in np.linspace(box[:, 2].min(), box[:, 2].max(), 25)[4:-4]:
        for aside in _ASIDE_MM:
            for sign in (-1.0, 1.0):
                start = body.apply([sign * aside, float(box[:, 1].min()) - 2.0, float(z)])
                found += chords_mm(shape, start, body.turn([0.0, 1.0, 0.0]))
    if not found:
        raise InputError(f"no ray meets {name} of {anatomy.name}")
    return float(np.percentile(found, 25.0))


def _corners(box_mm: np.ndarray) -> np.ndarray:
    low, high = box_mm
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
                     for z in (low[2], high[2])])  # fmt: skip
