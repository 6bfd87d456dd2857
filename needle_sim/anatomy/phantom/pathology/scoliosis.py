"""Scoliosis: a curve to a side with the turn that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.finding import Finding
from needle_sim.anatomy.phantom.curve import ROTATION_SHARE, between_deg, curved
from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.posts import side_sign
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.spec import SpineSpec

_BESIDE_MM = (9.0, 13.0)  # of the middle: there an endplate is met, inside its rounded rim
_START_MM = 30.0


@dataclass(frozen=True)
class Scoliosis(Pathology):
    """A curve of the spine in the frontal plane, the bodies turned towards its convex side.

    Parameters
    ----------
    cobb_deg : float
        Between the endplates of the end vertebrae in a frontal view; from 10 degrees on it is
        called scoliosis. 5 to 60.
    side : str
        Of the convexity.
    upper, apex, lower : str
        End vertebrae, and the one that is farthest off and most turned.
    rotation_share : float
        Turn of the apex over the Cobb angle, 0 to 0.6.
    """

    kind: ClassVar[str] = "scoliosis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "cobb_deg": Grade(5.0, 60.0, "two curves make a larger one"),
        "rotation_share": Grade(0.0, 0.6, "0.3-0.5 is usual"),
    }

    cobb_deg: float
    side: Side = "left"
    upper: str = "T11"
    apex: str = "L2"
    lower: str = "L4"
    rotation_share: float = ROTATION_SHARE

    def __post_init__(self) -> None:
        super().__post_init__()
        side_sign(self.side)

    @property
    def where(self) -> str:
        """End vertebrae, apex and side."""
        return f"{self.upper}-{self.lower}, apex {self.apex}, convex to the {self.side}"

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """Each body leans and turns on the one below."""
        return curved(
            spine,
            self.cobb_deg,
            upper=self.upper,
            lower=self.lower,
            apex=self.apex,
            side=self.side,
            rotation_share=self.rotation_share,
        )

    def measured(self, anatomy: Anatomy) -> tuple[Finding, ...]:
        """From the endplates and the transverse processes of the bones."""
        sign = side_sign(self.side)
        cobb = sign * cobb_deg(anatomy, self.upper, self.lower)
        turn = sign * (turn_deg(anatomy, self.apex) - turn_deg(anatomy, "S1"))
        asked = self.rotation_share * self.cobb_deg
        return (
            self.found("Cobb angle", "deg", self.cobb_deg, cobb),
            self.found("turn of the apex", "deg", asked, turn),
        )


def cobb_deg(anatomy: Anatomy, upper: str, lower: str) -> float:
    """Cobb angle (positive: convex to the left) of the bones, their endplates met by rays.

    From the upper endplate of ``upper`` to the lower one of ``lower``, seen from the front.
    """
    return between_deg(_endplate(anatomy, upper, 1.0), _endplate(anatomy, lower, -1.0))


def turn_deg(anatomy: Anatomy, level: str) -> float:
    """How far a vertebra's front is turned to the left, from its pedicles' middles as seen from
    above."""
    ends = [anatomy.landmarks_mm[f"{level} {side} facet_centre"] for side in ("right", "left")]
    across = ends[1] - ends[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _endplate(anatomy: Anatomy, level: str, way: float) -> NDArray[np.float64]:
    """Right and left place (2, 3) on the upper (+1) or lower (-1) endplate of a bone."""
    body, found = anatomy.body(level), []
    for sign in (-1.0, 1.0):
        met = []
        for beside in _BESIDE_MM:
            start = body.apply([sign * beside, 0.0, way * _START_MM])
            runs = inside_mm(anatomy.bones[level], start, -way * body.matrix[:3, 2], reach_mm=90.0)
            if not runs:
                raise InputError(f"no ray meets the endplate of {level} of {anatomy.name}")
            met.append(start - runs[0][0] * way * body.matrix[:3, 2])
        found.append(np.mean(met, axis=0))
    return np.stack(found)
