"""Signed distances over many points; SI has no place here, millimetres in and out."""

import math

from needle_sim.jit import kernel, prange


@kernel(inline="always")
def _cone(px, py, pz, ax, ay, az, bx, by, bz, ra, rb):
    # the radius runs linearly from a to b: distance to the axis less the radius abreast of it
    ux, uy, uz = bx - ax, by - ay, bz - az
    square = ux * ux + uy * uy + uz * uz
    share = 0.0
    if square > 0.0:
        share = ((px - ax) * ux + (py - ay) * uy + (pz - az) * uz) / square
        share = min(1.0, max(0.0, share))
    dx, dy, dz = px - ax - share * ux, py - ay - share * uy, pz - az - share * uz
    return math.sqrt(dx * dx + dy * dy + dz * dz) - (ra + share * (rb - ra))


@kernel(parallel=True)
def tube_distance(points, starts, ends, start_radius, end_radius, out):
    """Least signed distance (P,) of points (P, 3) over segments with linearly changing radius."""
    for p in prange(points.shape[0]):
        best = math.inf
        px, py, pz = points[p, 0], points[p, 1], points[p, 2]
        for s in range(starts.shape[0]):
            a, b = starts[s], ends[s]
            here = _cone(
                px, py, pz, a[0], a[1], a[2], b[0], b[1], b[2], start_radius[s], end_radius[s]
            )
            best = min(best, here)
        out[p] = best
