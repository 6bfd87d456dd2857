"""Osteoporosis: spongy bone loses its trabeculae, and the cortex thins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from needle_sim.anatomy.phantom.pathology.kind import Grade, Pathology

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.spec import SpineSpec

_THINNER = 0.7  # compact bone over that of the healthy (proposed)
_READ = ("L1", "L2", "L3", "L4", "L5")  # the bodies that the HU are read in
_OFF_MM = 4.0  # from the surface, as far as its rim is denser
_VEIN_MM = 5.0  # above and below the middle, and behind this before it, run the basivertebral veins
_END_MM = 8.0  # from the rims of the endplates, where bone may be sclerotic
_STEP_MM = 1.0


@dataclass(frozen=True)
class Osteoporosis(Pathology):
    """Sparse spongy bone in every vertebra, and thin cortices.

    Parameters
    ----------
    hu : float
        Mean of the spongy bone of a body at 120 kV. Under 110 is specific for osteoporosis at L1,
        160 and less finds nine in ten of those who have it (Pickhardt 2013,
        doi:10.7326/0003-4819-158-8-201304160-00003). -20 to 250.
    """

    kind: ClassVar[str] = "osteoporosis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "hu": Grade(-20.0, 250.0, "110 and less is osteoporosis", "HU of spongy bone"),
    }

    hu: float

    @property
    def where(self) -> str:
        """All of the spine."""
        return "L1-L5"

    def changed(self, spine: SpineSpec) -> SpineSpec:
        """Every vertebra, the sacrum with them."""
        specs = {
            level: replace(
                spec,
                trabecular_hu=self.hu,
                shell_mm=_THINNER * spec.shell_mm,
                endplate_mm=_THINNER * spec.endplate_mm,
                cortex_mm=_THINNER * spec.cortex_mm,
            )
            for level, spec in spine.vertebrae.items()
        }
        return replace(spine, vertebrae=specs)

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """The mean of the lumbar bodies in the CT."""
        read = [spongy_hu(anatomy, level) for level in _READ if level in anatomy.bodies]
        return {"hu": float(np.mean(read))}


def spongy_hu(anatomy: Anatomy, level: str) -> float:
    """Mean HU in the middle of a body: 4 mm under its surface and 8 mm off its endplates.

    Without the place of the basivertebral veins.
    """
    body, bone = anatomy.body(level), anatomy.bones[level]
    rims = {
        place: body.inverse().apply(anatomy.landmark(f"{level} superior_endplate_{place}"))
        for place in ("anterior", "posterior", "left", "right")
    }
    tall = rims["anterior"][2] - _END_MM
    low = np.array([rims["right"][0], rims["anterior"][1], -tall])
    high = np.array([rims["left"][0], rims["posterior"][1] - _OFF_MM, tall])
    axes = [np.arange(a, b, _STEP_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[(np.abs(points[:, 2]) > _VEIN_MM) | (points[:, 1] < -_VEIN_MM)]
    place = body.apply(points)
    inside = bone.distance_mm(place) < -_OFF_MM
    return float(np.mean(anatomy.ct.sample(place[inside])))
