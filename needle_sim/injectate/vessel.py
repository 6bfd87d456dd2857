"""`Vessel`: small veins and arteries that no picture shows and a tip may lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, length_mm
from needle_sim.geometry.transform import Transform
from needle_sim.injectate import course

_GREAT_ML_S = {"vein": 25.0, "artery": 45.0}  # vena cava and aorta below the kidneys (memory)


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A tributary that fills from a vessel; its radius is the cube root of its share.

    Parameters
    ----------
    path_mm : (N, 3) array
        Patient LPS, from where it leaves the vessel.
    from_mm : float, mm
        Way along the vessel at which it leaves.
    share : float
        Of the vessel's content, over 0 to under 1.
    """

    path_mm: NDArray[np.float64]
    from_mm: float
    share: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_mm", as_points(self.path_mm, "path_mm", least=2))
        if not (0 < self.share < 1 and self.from_mm >= 0):
            raise InputError(
                "a branch needs a share over 0 and under 1 and from_mm of 0 or more, got "
                f"{self.share=} {self.from_mm=}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Vessel:
    """A vessel from the tip on, in the direction in which the blood runs.

    Parameters
    ----------
    kind : "vein" or "artery"
    path_mm : (N, 3) array
        Patient LPS, tip first.
    radius_mm : float, mm
    flow_ml_s : float, mL/s
        Of blood, without the injection.
    into : float
        Share of the injectate that enters it, over 0 to 1; the rest fills the compartment.
    branches : tuple of Branch
        What else fills from it; ``radius_mm`` is the vessel's before the first.
    """

    kind: Literal["vein", "artery"]
    path_mm: NDArray[np.float64]
    radius_mm: float
    flow_ml_s: float
    into: float = 1.0
    branches: tuple[Branch, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("vein", "artery"):
            raise InputError(f"a vessel is a 'vein' or an 'artery', got {self.kind!r}")
        object.__setattr__(self, "path_mm", as_points(self.path_mm, "path_mm", least=2))
        if not (0.1 <= self.radius_mm <= 20 and 0 < self.flow_ml_s <= 200):
            raise InputError(
                "a vessel needs radius_mm 0.1 to 20 and flow_ml_s over 0 to 200, got "
                f"{self.radius_mm=} {self.flow_ml_s=}"
            )
        if not 0 < self.into <= 1:
            raise InputError(f"into of a vessel must be over 0 and at most 1, got {self.into}")
        if sum(one.share for one in self.branches) >= 1:
            raise InputError("branches of a vessel take all of its content: lower their shares")

    @property
    def length_mm(self) -> float:
        """Of the path that is known."""
        return length_mm(self.path_mm)


def vessel_at(anatomy: Anatomy, tip_mm: ArrayLike, rng: np.random.Generator) -> Vessel:
    """A plausible vessel through a tip (3,) that the anatomy does not hold.

    A vein runs along the roof of the nearest foramen to the ascending lumbar vein before the
    transverse processes, or through the epidural plexus behind the bodies, up or down, and two or
    three tributaries fill with it; an artery runs inwards along the root and up the front of the
    cord. Courses after the usual texts (`needle_sim.injectate.course`).
    """
    table = _usual()
    tip = as_points(np.atleast_2d(np.asarray(tip_mm)), "tip_mm")[0]
    body, back_mm, half_mm = _nearest_body(anatomy, tip)
    local = body.inverse().apply(tip)
    artery = bool(rng.random() < table["artery_share"])
    into = 1.0
    if rng.random() < table["together_share"]:
        into = float(rng.uniform(table["least_into"], table["most_into"]))
    epidural = abs(local[0]) < 14.0 and bool(rng.random() < 0.6)
    up = 1.0 if rng.random() < 0.7 else -1.0
    about = course.About(local, 1.0 if local[0] >= 0 else -1.0, back_mm, half_mm, up)
    knots = course.arterial(about) if artery else course.venous(about, epidural=epidural)
    path = body.apply(course.winding(knots, rng, 0.6 if artery else 2.8))
    radius = float(rng.uniform(table["least_radius_mm"], table["most_radius_mm"]))
    usual = table["artery_flow_ml_s"] if artery else table["flow_ml_s"]
    flow = float(usual * np.exp(table["flow_spread"] * rng.standard_normal()))
    path = np.concatenate([tip[None], path[1:]])
    branches = () if artery else _tributaries(body, path, about, rng, epidural=epidural)
    return Vessel("artery" if artery else "vein", path, radius, flow, into, branches)


def _tributaries(
    body: Transform,
    path_mm: NDArray[np.float64],
    about: course.About,
    rng: np.random.Generator,
    *,
    epidural: bool,
) -> tuple[Branch, ...]:
    """Two or three that leave a vein (N, 3), and their shares of its content."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path_mm, axis=0), axis=1))])
    made = course.tributaries(about, epidural=epidural)
    count = int(rng.integers(2, 4))
    table = _usual()
    found = []
    for knots in made[:count]:
        line = body.apply(course.winding(knots, rng, 1.8))
        at = int(np.linalg.norm(path_mm - line[0], axis=1).argmin())
        share = float(rng.uniform(table["least_branch"], table["most_branch"]))
        found.append(Branch(np.concatenate([path_mm[at][None], line[1:]]), float(way[at]), share))
    return tuple(found)


@cache
def _usual() -> Mapping[str, float]:
    return MappingProxyType(presets.plain(presets.table("contrast", "vessel")))


def great_vessel(structure: Structure, tip_mm: NDArray[np.float64]) -> Vessel:
    """The great vessel that a tip (3,) lies in, from there on along the stream."""
    depth = [np.linalg.norm(tube.points_mm - tip_mm, axis=1).min() for tube in structure.tubes]
    tube = structure.tubes[int(np.argmin(depth))]
    vein = "cava" in structure.name or "vena" in structure.name
    line = tube.points_mm if tube.points_mm[0, 2] > tube.points_mm[-1, 2] else tube.points_mm[::-1]
    line = line[::-1] if vein else line  # blood runs up in veins here, down in arteries
    first = int(np.linalg.norm(line - tip_mm, axis=1).argmin())
    path = np.concatenate([tip_mm[None], line[first + 1 :]])
    if len(path) < 2:
        path = np.stack([tip_mm, tip_mm + np.array([0.0, 0.0, 30.0 if vein else -30.0])])
    radius = float(np.median(tube.radius_mm))
    kind: Literal["vein", "artery"] = "vein" if vein else "artery"
    return Vessel(kind, path, radius, _GREAT_ML_S[kind])


def _nearest_body(anatomy: Anatomy, tip: NDArray[np.float64]) -> tuple[Transform, float, float]:
    """``patient_from_body`` of the nearest vertebra, how far back and wide its body reaches."""
    if not anatomy.bodies:
        raise InputError(
            f"{anatomy.name} has no vertebra to lay a vessel along; give an anatomy with labels"
        )
    name = min(
        anatomy.bodies,
        key=lambda level: float(np.linalg.norm(anatomy.bodies[level].matrix[:3, 3] - tip)),
    )
    rim = anatomy.landmarks_mm.get(f"{name} superior_endplate_posterior")
    body = anatomy.bodies[name]
    back = 17.0 if rim is None else float(body.inverse().apply(rim)[1])
    return body, back, 1.35 * back
