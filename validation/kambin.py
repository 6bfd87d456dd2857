"""Kambin's region as MR neurography shows it: between two endplates, a root and the dural sac."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.pathology.draft import Draft
from needle_sim.anatomy.phantom.posts import side_sign
from needle_sim.geometry.shapes import Tube, trace_mm
from needle_sim.geometry.transform import unit

_STEP_MM = 0.5
_BEHIND_SHARE = 0.9  # of half the body's depth: behind there its rim is rounded
_Points = NDArray[np.float64]


def safe_region(draft: Draft, upper: str, lower: str, side: str) -> tuple[float, float]:
    """Area (mm2) and height (mm) of the region in a coronal section through the back of the disc.

    Its height is that between the endplates; at each height it is as wide as from the dural sac or
    the traversing root to the exiting root, seen from behind.
    """
    names = ("anterior", "posterior")
    ends = [draft.landmarks_mm[f"{upper} inferior_endplate_{one}"] for one in names]
    ends += [draft.landmarks_mm[f"{lower} superior_endplate_{one}"] for one in names]
    centre, back = np.mean(ends, axis=0), unit(ends[1] - ends[0] + ends[3] - ends[2])
    left = draft.stack.bodies[lower].matrix[:3, 0]
    across, up = np.cross(left, back), unit(np.array([0.0, 0.0, 1.0]) - left[2] * left)
    deep = 0.25 * float((ends[1] - ends[0] + ends[3] - ends[2]) @ back)
    start = centre + _BEHIND_SHARE * deep * back
    top, base = (
        float((trace_mm(draft.bones[one], start, way * across, off_mm=0.0) - start) @ across)
        / float(up @ across)  # a section that is oblique to the disc makes it taller
        for one, way in ((upper, 1.0), (lower, -1.0))
    )
    out, tall = side_sign(side) * left, np.arange(base, top, _STEP_MM) + 0.5 * _STEP_MM

    def seen(tubes: Iterable[Tube]) -> tuple[_Points, _Points]:
        return _edges([_flat(one, start, out, up) for one in tubes], tall)

    exiting, _ = seen(draft.structures[f"{upper} {side} root"].tubes)
    _, sac = seen(draft.structures["dura"].tubes)
    _, traversing = seen(draft.structures[f"{lower} {side} root"].tubes)
    width = exiting - np.fmax(sac, traversing)
    return float(np.nansum(np.maximum(width, 0.0)) * _STEP_MM), top - base


def _flat(tube: Tube, centre: _Points, out: _Points, up: _Points) -> _Points:
    """Lateral place, height and radius (N, 3) along a tube."""
    points, radius = tube.points_mm, tube.radius_mm
    knots, fine = np.arange(len(points)), np.linspace(0.0, len(points) - 1.0, 30 * len(points))
    seen = np.column_stack([(points - centre) @ out, (points - centre) @ up, radius])
    return np.column_stack([np.interp(fine, knots, one) for one in seen.T])


def _edges(tubes: list[_Points], tall: _Points) -> tuple[_Points, _Points]:
    """Medial and lateral edge of tubes at heights (H,), NaN where there is none."""
    aside, height, radius = np.concatenate(tubes).T
    room = radius**2 - (height - tall[:, None]) ** 2
    half = np.sqrt(np.maximum(room, 0.0))
    medial = np.where(room > 0, aside - half, np.inf).min(axis=1)
    lateral = np.where(room > 0, aside + half, -np.inf).max(axis=1)
    return np.where(np.isfinite(medial), medial, np.nan), np.where(
        np.isfinite(lateral), lateral, np.nan
    )
