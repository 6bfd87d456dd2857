"""`Vessel`: small veins and arteries that no picture shows and a tip may lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points, length_mm, resample
from needle_sim.geometry.transform import Transform

_LEAST_MM = 60.0  # a path must lead out of the middle of a picture
_GREAT_ML_S = {"vein": 25.0, "artery": 45.0}  # vena cava and aorta below the kidneys (memory)


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
    """

    kind: Literal["vein", "artery"]
    path_mm: NDArray[np.float64]
    radius_mm: float
    flow_ml_s: float
    into: float = 1.0

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

    @property
    def length_mm(self) -> float:
        """Of the path that is known."""
        return length_mm(self.path_mm)


def vessel_at(anatomy: Anatomy, tip_mm: ArrayLike, rng: np.random.Generator) -> Vessel:
    """A plausible vessel through a tip (3,) that the anatomy does not hold.

    A vein runs along the roof of the nearest foramen to the ascending lumbar vein before the
    transverse processes, or through the epidural plexus behind the bodies, up or down; an artery
    runs inwards along the root and up the front of the cord. Courses after the usual texts.
    """
    table = _usual()
    tip = as_points(np.atleast_2d(np.asarray(tip_mm)), "tip_mm")[0]
    body, back_mm, half_mm = _nearest_body(anatomy, tip)
    local = body.inverse().apply(tip)
    side = 1.0 if local[0] >= 0 else -1.0
    artery = bool(rng.random() < table["artery_share"])
    into = 1.0
    if rng.random() < table["together_share"]:
        into = float(rng.uniform(table["least_into"], table["most_into"]))
    epidural = abs(local[0]) < 14.0 and bool(rng.random() < 0.6)
    up = 1.0 if rng.random() < 0.7 else -1.0
    if artery:
        knots = _arterial(local, side, back_mm)
    elif epidural:
        knots = _plexus(local, side, back_mm, up)
    else:
        knots = _ascending(local, side, back_mm, half_mm, up)
    path = body.apply(_winding(knots, rng, 0.6 if artery else 2.8))
    radius = float(rng.uniform(table["least_radius_mm"], table["most_radius_mm"]))
    usual = table["artery_flow_ml_s"] if artery else table["flow_ml_s"]
    flow = float(usual * np.exp(table["flow_spread"] * rng.standard_normal()))
    path = np.concatenate([tip[None], path[1:]])
    return Vessel("artery" if artery else "vein", path, radius, flow, into)


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


def _ascending(
    tip: NDArray[np.float64], side: float, back: float, half: float, up: float
) -> NDArray[np.float64]:
    """Out of the foramen's roof and along the groove between body and psoas."""
    aside = max(half + 5.0, abs(tip[0]) + 3.0)
    groove = np.array([side * aside, back - 9.0, tip[2] + 2.0 * up])
    way = [
        [0.0, 0.0, 0.0],
        [side * 1.0, -2.0, 22.0 * up],
        [-side * 1.0, -4.0, 48.0 * up],
        [-side * 3.0, -9.0, 80.0 * up],
    ]
    roof = 0.5 * (tip + groove) + np.array([0.0, -1.0, 3.0])
    return np.concatenate([[tip, roof], groove + np.array(way)])


def _plexus(tip: NDArray[np.float64], side: float, back: float, up: float) -> NDArray[np.float64]:
    """Along the back of the bodies beside the midline."""
    beside = np.array([side * 7.0, back + 2.0, tip[2] + 7.0 * up])
    way = [
        [0.0, 0.0, 0.0],
        [side * 2.0, 1.0, 16.0 * up],
        [-side * 1.5, 0.0, 33.0 * up],
        [side * 2.0, 1.5, 52.0 * up],
        [0.0, 3.0, 78.0 * up],
    ]
    return np.concatenate([[tip], beside + np.array(way)])


def _arterial(tip: NDArray[np.float64], side: float, back: float) -> NDArray[np.float64]:
    """Inwards along the root, then straight up in the front of the canal: a hairpin's leg."""
    return np.stack(
        [
            tip,
            np.array([0.55 * tip[0], back + 4.0, tip[2] + 4.0]),
            np.array([side * 2.0, back + 7.0, tip[2] + 16.0]),
            np.array([side * 0.5, back + 7.5, tip[2] + 40.0]),
            np.array([0.0, back + 8.0, tip[2] + 85.0]),
        ]
    )


def _winding(
    knots: NDArray[np.float64], rng: np.random.Generator, amplitude_mm: float
) -> NDArray[np.float64]:
    """A smooth path (N, 3) through knots (K, 3) that winds about it; first point kept."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    at = np.arange(0.0, max(along[-1], _LEAST_MM), 0.6)
    at = at[at <= along[-1]]
    path = PchipInterpolator(along, knots)(at)
    phases = rng.uniform(0, 2 * np.pi, (3, 2))
    waves = rng.uniform([[9.0, 19.0]] * 3, [[15.0, 32.0]] * 3)
    grow = np.minimum(at / 12.0, 1.0)
    for axis in range(3):
        for phase, wave in zip(phases[axis], waves[axis], strict=True):
            swing = np.sin(2 * np.pi * at / wave + phase) - np.sin(phase)
            path[:, axis] += 0.5 * amplitude_mm * grow * swing
    path = ndimage.gaussian_filter1d(path, 4.0, axis=0, mode="nearest")
    path += (knots[0] - path[0]) * np.exp(-at / 6.0)[:, None]
    return resample(path, 0.6)
