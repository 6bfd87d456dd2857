"""What the dural sac holds: the cord down to its conus, and the roots of the cauda equina."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Structure, StructureKind
from needle_sim.geometry.shapes import Tube

_Points = NDArray[np.float64]

CORD_MM = (9.6, 8.0)
"""Width and depth at the lumbar enlargement (texts, from memory)."""
_CONUS_MM = 32.0  # over this length it tapers (texts, from memory)
_TIP_MM = 0.8
_WALL_MM = 0.8  # of fluid that is left around the cord at least (proposed)
_CAUDA_SHARE = 0.62  # of the sac's half sizes: the roots lie in its dorsal part (proposed)


def in_the_sac(
    line: _Points,
    half_mm: _Points,
    conus_mm: float,
    left: ArrayLike = (1.0, 0.0, 0.0),
) -> list[Structure]:
    """Cauda equina, and cord with its conus.

    Parameters
    ----------
    line, half_mm : (N, 3) and (N, 2) array
        Axis of the dural sac from above downwards, patient, mm, and its half width and depth.
    conus_mm : float, mm
        Height of the conus's tip (patient z).
    left : (N, 3) or (3,) array
        Direction to the left across the sac.
    """
    left = np.broadcast_to(np.asarray(left, dtype=np.float64), line.shape)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    tip = float(np.interp(-conus_mm, -line[:, 2], along))
    half = np.asarray(half_mm) - _WALL_MM
    cord = _cord(line, half, left, (along, tip))
    back = _dorsal(line, left)
    roots = along > tip - 0.5 * _CONUS_MM
    width, depth = (np.maximum(_CAUDA_SHARE * half[:, n], 0.8) for n in (0, 1))
    cauda = []
    for place in (-0.55, 0.0, 0.55):
        radius = np.minimum(0.6 * width, 0.75 * depth)
        centre = line + (place * width)[:, None] * left
        centre = centre + (half[:, 1] - radius)[:, None] * 0.7 * back
        cauda.append(Tube(centre[roots], radius[roots]))
    found: list[tuple[str, StructureKind, list[Tube]]] = [
        ("cauda equina", "cauda_equina", cauda),
        ("spinal cord", "cord", cord),
    ]
    return [Structure(name, kind, tuple(one), "constructed") for name, kind, one in found if one]


def _cord(line: _Points, half: _Points, left: _Points, at: tuple[_Points, float]) -> list[Tube]:
    """Three tubes side by side down to the tip of the conus.

    ``at`` says how far along the sac its points lie, and the tip.
    """
    along, tip = at
    down = np.append(along[along < tip], tip)
    if len(down) < 2:
        return []
    path, room, aside = (
        np.stack([np.interp(down, along, one) for one in of.T], axis=1) for of in (line, half, left)
    )
    share = np.clip((tip - down) / _CONUS_MM, 0.0, 1.0) ** 0.6
    wide = np.minimum(0.5 * CORD_MM[0] * share, room[:, 0])
    deep = np.minimum(0.5 * CORD_MM[1] * share, room[:, 1])
    radius, beside = np.maximum(deep, _TIP_MM), np.maximum(wide - deep, 0.0)
    return [Tube(path + (sign * beside)[:, None] * aside, radius) for sign in (0.0, -1.0, 1.0)]


def _dorsal(line: _Points, left: _Points) -> _Points:
    """Backwards (N, 3), perpendicular to the sac's axis, and to what leads across it."""
    along = np.gradient(line, axis=0)
    back = np.cross(along, left)
    back = back / np.linalg.norm(back, axis=1, keepdims=True)
    return np.asarray(back * np.sign(back[:, 1:2] + 1e-12))
