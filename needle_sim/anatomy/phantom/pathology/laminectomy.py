"""Laminectomy: lamina, spinous process and flava are gone, and scar is in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from needle_sim.anatomy.phantom.pathology.kind import AtVertebra, Grade
from needle_sim.anatomy.phantom.pathology.rays import inside_mm
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.anatomy.phantom.voxelise import Layer
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, Row, box

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft

_FRONT_SHARE = 0.8  # of the canal's depth, from where on bone is taken
_HIGH_MM, _LOW_MM = 16.0, 34.0  # over and under the middle of the body (proposed)
_OFF_MM = 1.0  # a landmark that lies farther from what is left is no landmark any more
_SCAR_HALF_MM = 1.5  # the scar is so much wider than the opening


@dataclass(frozen=True)
class Laminectomy(AtVertebra):
    """The arch of a vertebra is open behind.

    Parameters
    ----------
    level : str
        The vertebra, ``"L4"``. The flava above and below it are gone too.
    opening_mm : float
        Between the cut edges of the lamina; the facet joints stay. 10 to 24.
    """

    kind: ClassVar[str] = "laminectomy"
    grades: ClassVar[Mapping[str, Grade]] = {
        "opening_mm": Grade(
            10.0, 24.0, "a wider one takes the facet joints", "opening of the arch"
        ),
    }

    opening_mm: float

    def altered(self, draft: Draft) -> Draft:
        """Cut the bone, take the flava and the landmarks that hang in the air, put scar in."""
        spec, body = draft.stack.vertebrae[self.level], draft.stack.bodies[self.level]
        cut = Implicit.of(_of(spec, self.opening_mm, step=False)).moved(body).rows.copy()
        cut[0, 1] = 1.0
        whole = draft.bones[self.level]
        bone = Implicit(np.concatenate([whole.rows, cut]))
        flava = [name for name in draft.spaces if name.endswith("flavum") and self._beside(name)]
        landmarks = {
            name: at
            for name, at in draft.landmarks_mm.items()
            if name.partition(" ")[0] != self.level
            or bone.distance_mm(at[None])[0] < max(_OFF_MM, whole.distance_mm(at[None])[0] + 0.1)
        }
        scar = Implicit.of(_of(spec, self.opening_mm + 2 * _SCAR_HALF_MM, step=True)).moved(body)
        return replace(
            draft.without(*flava),
            bones={**draft.bones, self.level: bone},
            landmarks_mm=landmarks,
            before=(*draft.before, Layer("scar", scar, 0.8)),
        )

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """The narrowest place between the cut edges."""
        return {"opening_mm": opening_mm(anatomy, self.level)}

    def gone(self, name: str) -> str:
        """Lamina, spinous process and flava, and why that counts."""
        if not self._beside(name):
            return ""
        return (
            f"a laminectomy took lamina and flava of {self.level}, scar holds the sac there and "
            "no loss of resistance is felt: choose another level or a transforaminal way"
        )

    def _beside(self, name: str) -> bool:
        return self.level in name.partition(" ")[0].split("-")


def _of(spec: VertebraSpec, wide_mm: float, *, step: bool) -> list[Row]:
    """What is taken from an arch, body frame; ``step`` makes it end at the spinous tip."""
    front = spec.back_mm + (1.0 if step else _FRONT_SHARE) * spec.canal_depth_mm
    deep = spec.back_mm + spec.spinous_length_mm - front if step else 90.0
    low, high = (_LOW_MM, _HIGH_MM) if not step else (_LOW_MM - 8.0, _HIGH_MM - 8.0)
    half = 0.5 * wide_mm, 0.5 * deep, 0.5 * (low + high)
    centre = [0.0, front + 0.5 * deep, 0.5 * (high - low)]
    return [box(half, round_mm=0.5, centre_mm=centre, blend_mm=0.2)]


def opening_mm(anatomy: Anatomy, level: str) -> float:
    """Between the cut edges of an arch, where they are nearest to each other."""
    bone, body = anatomy.bones[level], anatomy.body(level)
    canal = body.inverse().apply(anatomy.landmark(f"{level} canal_centre"))
    found = []
    for z in np.arange(-16.0, 1.0, 2.0):
        for y in canal[1] + np.arange(5.0, 16.0, 1.0):
            start, left = body.apply([0.0, y, z]), body.turn([1.0, 0.0, 0.0])
            runs = [inside_mm(bone, start, sign * left, reach_mm=40.0) for sign in (-1.0, 1.0)]
            if all(runs):
                found.append(runs[0][0][0] + runs[1][0][0])
    if not found:
        raise InputError(f"{level} of {anatomy.name} has no arch with two edges")
    return float(np.min(found))
