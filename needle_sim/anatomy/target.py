"""`Target`: where a needle is meant to come to lie, from landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, resample
from needle_sim.geometry.transform import unit
from needle_sim.shown import Shown

# Where along the lateral neck of the superior articular process the tip of a parallel electrode
# should come to lie: in its ventral quarter, so that a 10 mm active tip lies over the middle two
# (Furman, Atlas of Image-Guided Spinal Procedures: "middle two quarters"; the share is proposed).
_TIP_SHARE = 0.875
_MIDDLE = (0.25, 0.75)
_BESIDE_MM = 1.1  # nerve (radius 0.5) and an 18 G shaft (0.64) side by side (derived)
_RADIUS_MM = 2.0  # success window about the centre: P11-P13 "2 mm from nerve path" (proposed)


@dataclass(frozen=True, slots=True, eq=False)
class Target(Shown):
    """A place for the tip, with the way it is approached.

    Parameters
    ----------
    name, kind, level, vertebra, side : str
        ``level`` is the nerve (L4), ``vertebra`` the bone it lies on (L5).
    centre_mm : (3,) array
        Where the tip should come to lie, patient LPS.
    radius_mm : float
        Success window about the centre.
    approach : (3,) array
        Unit direction of travel, from the skin to the target.
    nerve_mm : (N, 3) array or None
        The stretch of nerve that a lesion is to cover.
    window_mm : (2, 3) array or None
        The two ends of the bone stretch that the active tip must lie along (rear, front).
    ventral_mm : (3,) array or None
        The place on bone that the tip must not pass ventrally on the lateral view.
    within : tuple of str
        Names of `Space`; the tip must lie in one of them, or at most ``within_mm`` outside.
    within_mm : float
        How far outside of a space still counts (0: inside).
    """

    name: str
    kind: str
    level: str
    vertebra: str
    side: str
    centre_mm: NDArray[np.float64]
    radius_mm: float
    approach: NDArray[np.float64]
    nerve_mm: NDArray[np.float64] | None = None
    window_mm: NDArray[np.float64] | None = None
    ventral_mm: NDArray[np.float64] | None = None
    within: tuple[str, ...] = ()
    within_mm: float = 0.0

    def __post_init__(self) -> None:
        if not self.radius_mm > 0:
            raise InputError(f"radius_mm of a target must be positive, got {self.radius_mm}")
        object.__setattr__(self, "centre_mm", as_points([self.centre_mm], "centre_mm")[0])
        object.__setattr__(self, "approach", unit(self.approach))
        if self.ventral_mm is not None:
            object.__setattr__(self, "ventral_mm", as_points([self.ventral_mm], "ventral_mm")[0])
        for name, least in (("nerve_mm", 2), ("window_mm", 2)):
            value: ArrayLike | None = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, as_points(value, name, least=least))

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "target": self.name,
            "on": self.vertebra,
            "centre, mm LPS": ", ".join(f"{x:.1f}" for x in self.centre_mm),
        }


def medial_branch_target(anatomy: Anatomy, level: str, vertebra: str, side: str) -> Target:
    """The medial branch of nerve ``level`` where it crosses ``vertebra`` (one below).

    The nerve runs in the groove at the lateral neck of the superior articular process; the stretch
    to cover is the one along that neck, between the landmarks ``sap_neck_dorsal`` and
    ``sap_neck_ventral``. The electrode comes along it from behind, below and lateral,
    and lies beside it, on the side away from the bone.

    References
    ----------
    Tran et al. (2022), rapm-2022-103653: course along the lateral neck. Furman, Atlas of
    Image-Guided Spinal Procedures: active tip along the middle two quarters of the lateral neck.
    """
    name = f"{level} {side} medial branch"
    if name not in anatomy.structures:
        raise InputError(f"{anatomy.name} has no {name}; it needs vertebra {vertebra} to be whole")
    dorsal = anatomy.landmark(f"{vertebra} {side} sap_neck_dorsal")
    ventral = anatomy.landmark(f"{vertebra} {side} sap_neck_ventral")
    path = anatomy.structures[name].tubes[0].points_mm
    nerve = _between(path, dorsal, ventral)
    rear, front, tip = (_at_share(nerve, share) for share in (*_MIDDLE, _TIP_SHARE))
    beside = tip + _BESIDE_MM * _off_bone(anatomy.bones.get(vertebra), tip, nerve[-1] - nerve[0])
    return Target(
        name=name,
        kind="medial_branch",
        level=level,
        vertebra=vertebra,
        side=side,
        centre_mm=beside,
        radius_mm=_RADIUS_MM,
        approach=nerve[-1] - nerve[0],
        nerve_mm=nerve,
        window_mm=np.stack([rear, front]),
        ventral_mm=ventral,
    )


def _off_bone(
    bone: Bone | None, at_mm: NDArray[np.float64], along: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unit direction across the nerve and away from the bone; none where no bone is known."""
    if bone is None:
        return np.zeros(3)
    steps = 0.5 * np.concatenate([np.eye(3), -np.eye(3)])
    ahead, back = bone.distance_mm(at_mm + steps).reshape(2, 3)
    axis = unit(along)
    away = ahead - back
    return unit(away - (away @ axis) * axis)


def _between(
    path: NDArray[np.float64], rear: NDArray[np.float64], front: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The stretch of a path (N, 3) abreast of two points, rear end first, every 0.1 mm."""
    fine = resample(path, 0.1)
    first = int(np.linalg.norm(fine - rear, axis=1).argmin())
    last = int(np.linalg.norm(fine - front, axis=1).argmin())
    if first == last:
        raise InputError("the nerve does not run along the neck of the articular process")
    return fine[first : last + 1] if first < last else fine[last : first + 1][::-1]


def _at_share(path: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.array([np.interp(share * steps[-1], steps, path[:, axis]) for axis in range(3)])


def point_target(anatomy: Anatomy, centre_mm: ArrayLike, approach: ArrayLike, side: str) -> Target:
    """A bare point (3,) in a CT without labels; `InputError` when it lies outside the body."""
    centre = as_points(np.atleast_2d(np.asarray(centre_mm)), "the target")[0]
    if not anatomy.ct.contains(centre) or anatomy.labels.sample(centre[None], outside=0)[0] == 0:
        low, high = anatomy.ct.corners_mm()
        raise InputError(
            f"the target {_said(centre)} lies outside the body; the volume holds "
            f"{_said(low)} to {_said(high)} (patient LPS, mm)"
        )
    return Target(
        name="point",
        kind="point",
        level="",
        vertebra="",
        side=side,
        centre_mm=centre,
        radius_mm=_RADIUS_MM,
        approach=np.asarray(approach, dtype=np.float64),
    )


def _said(point: NDArray[np.float64]) -> str:
    return ",".join(f"{value:.1f}" for value in point)
