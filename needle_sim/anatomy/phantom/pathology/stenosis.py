"""Central stenosis of the spinal canal, by the area of the dural sac."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.pathology.ahead import narrows, sac_mm2
from needle_sim.anatomy.phantom.pathology.crowding import Crowded, Rest
from needle_sim.anatomy.phantom.pathology.kind import AtInterspace, Grade, resized
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.voxelise import Layer
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import Transform

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.phantom.pathology.draft import Draft
    from needle_sim.anatomy.phantom.spec import SpineSpec

_USUAL_MM2 = 152.0  # sac at L4-L5 (LIM17 PMC5728944)
_LENGTH_MM = 9.0  # one SD of the waist along the canal (proposed)
_FINE_MM = 1.0  # between points of the sac in its waist
_FLAVUM_MM, _BULGE_MM = 6.5, 6.0  # per share of the calibre that is lost (proposed)
_TIGHT_LOST = 0.4  # of the calibre: from there on ligament lies close to the sac (proposed)
_LOOSE_MM, _CLOSE_MM, _WEDGE_MM = 3.0, 0.7, 2.5  # of fat around the sac, and behind it (proposed)
_HELD = ("dura", "cauda_equina")
_TURNS, _NEAR = 4, 0.01  # of the waist, until the area is this near
_THICK = "flavum_hypertrophy"
_SHARES = (1.0, 0.6, 0.3, 0.0)  # of its own ligament and disc that are tried beside others


@dataclass(frozen=True)
class CentralStenosis(AtInterspace):
    """A disc bulge before and thick flava behind squeeze the dural sac.

    Parameters
    ----------
    level : str
        ``"L4-L5"``.
    sac_mm2 : float
        Area of the dural sac in the plane of the disc: 152 +- 54 without and 80 +- 35 with
        stenosis (LIM17 PMC5728944); under 100 at two of three levels goes with claudication
        (HAM94). 20 to 150.
    """

    kind: ClassVar[str] = "central_stenosis"
    grades: ClassVar[Mapping[str, Grade]] = {
        "sac_mm2": Grade(
            20.0, 150.0, "152 is the mean of people without stenosis", "area of the dural sac"
        ),
    }

    sac_mm2: float

    @property
    def lost(self) -> float:
        """Share of the sac's calibre that is lost against the usual one."""
        return _lost(self.sac_mm2, _USUAL_MM2)

    def reshaped(self, spine: SpineSpec) -> SpineSpec:
        """Flava thicken into the canal, and the disc bulges; what is worse already stays.

        Beside what else narrows the sac there, they take only what is left to take.
        """
        others = [one for one in spine.pathology if one != self and narrows(one, self.level)]
        if not others:
            return self._thickened(spine, self.lost)
        left = sac_mm2(spine, self.level)
        if left < self.sac_mm2:
            by = ", ".join(one.kind for one in others)
            raise InputError(
                f"beside {by} the sac has {left:.0f} mm2 at {self.level}, "
                f"less than sac_mm2 {self.sac_mm2:g}; ask for less"
            )
        lost = _lost(self.sac_mm2, min(left, _USUAL_MM2))
        for share in _SHARES:
            found = self._thickened(spine, share * lost)
            if share == 0.0 or self._has_room(found):
                break
        return found

    def _has_room(self, spine: SpineSpec) -> bool:
        try:
            return sac_mm2(spine, self.level) >= self.sac_mm2
        except InputError:  # none at all
            return False

    def _thickened(self, spine: SpineSpec, lost: float) -> SpineSpec:
        top, low = spine.vertebrae[self.upper], spine.vertebrae[self.lower]
        more = _FLAVUM_MM * lost
        if any(one.kind == _THICK and one.where == self.level for one in spine.pathology):
            more = 0.0  # as thick as that asks for
        spine = resized(spine, self.upper, flavum_mm=top.flavum_mm + more)
        return resized(
            spine,
            self.lower,
            epidural_dorsal_mm=max(low.epidural_dorsal_mm - more, 0.1),
            disc_hollow_mm=min(low.disc_hollow_mm, 0.0) - _BULGE_MM * lost,
        )

    def altered(self, draft: Draft) -> Draft:
        """The sac and the roots in it get a waist."""
        plane = disc_plane(draft.landmarks_mm, self.level)
        sac = draft.structures["dura"]
        share = float(np.sqrt(self.sac_mm2 / area_mm2(sac, plane)))
        if share > 1.0:
            raise InputError(
                f"{self.kind}: the sac has {area_mm2(sac, plane):.0f} mm2 at {self.level}, "
                f"less than sac_mm2 {self.sac_mm2:g}; ask for less"
            )
        axis = sac.tubes[len(sac.tubes) // 2].points_mm
        for _ in range(_TURNS):  # the waist's own slope counts where the sac runs aslant
            now = area_mm2(waisted(sac, plane, axis, share), plane)
            if abs(now / self.sac_mm2 - 1.0) < _NEAR:
                break
            share = min(share * float(np.sqrt(self.sac_mm2 / now)), 1.0)
        found = {
            name: waisted(one, plane, axis, share) if one.kind in _HELD else one
            for name, one in draft.structures.items()
        }
        draft = replace(draft, structures=found)
        return self._crowded(draft, plane)

    def _crowded(self, draft: Draft, plane: Transform) -> Draft:
        """Thick ligament and capsule take the fat beside the sac, the more the narrower it is."""
        canal = draft.spaces["canal"]
        tight = min(self.lost / _TIGHT_LOST, 1.0)
        taken = Crowded(
            canal.shape,
            draft.structures["dura"],
            plane,
            half_mm=_LENGTH_MM * 0.9,
            room_mm=_LOOSE_MM - (_LOOSE_MM - _CLOSE_MM) * tight,
            wedge_mm=_WEDGE_MM,
        )
        spaces = {**draft.spaces, "canal": replace(canal, shape=Rest(canal.shape, taken))}
        layer = Layer("ligamentum_flavum", taken)
        return replace(draft, spaces=spaces, before=(*draft.before, layer))

    def readings(self, anatomy: Anatomy) -> Mapping[str, float]:
        """Area of the sac where the plane of the disc cuts it."""
        plane = disc_plane(anatomy.landmarks_mm, self.level)
        return {"sac_mm2": area_mm2(anatomy.structures["dura"], plane)}


def _lost(sac_mm2: float, before_mm2: float) -> float:
    return float(1.0 - np.sqrt(min(sac_mm2 / before_mm2, 1.0)))


def waisted(
    one: Structure, plane: Transform, axis_mm: NDArray[np.float64], share: float
) -> Structure:
    """A structure drawn in towards an axis (N, 3) about a plane, to a share of its calibre."""
    own = plane.inverse()
    course = own.apply(axis_mm)
    course = course[np.argsort(course[:, 2])]
    at = _finer(own.apply(one.tubes[len(one.tubes) // 2].points_mm))
    tubes = []
    for tube in one.tubes:  # side by side, point by point: they stay so
        knots = np.arange(len(tube.points_mm), dtype=np.float64)
        points = np.stack([np.interp(at, knots, line) for line in own.apply(tube.points_mm).T], 1)
        radius = np.interp(at, knots, tube.radius_mm)
        waist = 1.0 - (1.0 - share) * np.exp(-0.5 * (points[:, 2] / _LENGTH_MM) ** 2)
        middle = np.stack([np.interp(points[:, 2], course[:, 2], course[:, n]) for n in (0, 1, 2)])
        moved = middle.T + waist[:, None] * (points - middle.T)
        tubes.append(Tube(plane.apply(moved), waist * radius))
    return replace(one, tubes=tuple(tubes))


def _finer(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on a course (N, 3) by index, those of its points and more where the waist is."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    near = np.abs(0.5 * (points[1:, 2] + points[:-1, 2])) < 4.0 * _LENGTH_MM
    parts = np.where(near, np.ceil(steps / _FINE_MM), 1.0).astype(int)
    inner = [n + np.arange(count) / count for n, count in enumerate(np.maximum(parts, 1))]
    return np.concatenate([*inner, [len(points) - 1.0]])
