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

_RADIUS_MM = 2.0  # success window about a bare point (proposed)


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


def beside_bone(
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


def course_between(
    path: NDArray[np.float64], rear: NDArray[np.float64], front: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The stretch of a path (N, 3) abreast of two points, rear end first, every 0.1 mm."""
    fine = resample(path, 0.1)
    first = int(np.linalg.norm(fine - rear, axis=1).argmin())
    last = int(np.linalg.norm(fine - front, axis=1).argmin())
    if first == last:
        raise InputError("the nerve does not run along the neck of the articular process")
    return fine[first : last + 1] if first < last else fine[last : first + 1][::-1]


def point_at_share(path: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The point (3,) at a share of the length of a path (N, 3)."""
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
