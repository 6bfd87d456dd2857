"""Paths through distance maps: millimetres in and out, as in the shapes that the maps hold."""

import numpy as np

from needle_sim.jit import kernel


@kernel(inline="always")
def _mixed(flat, at, row, plane, u, v, w, h):
    # trilinear value of map h: u, v, w are shares along columns, rows and planes
    one = np.float32(1.0)
    a = flat[at, h] * (one - u) + flat[at + 1, h] * u
    b = flat[at + row, h] * (one - u) + flat[at + row + 1, h] * u
    c = flat[at + plane, h] * (one - u) + flat[at + plane + 1, h] * u
    d = flat[at + plane + row, h] * (one - u) + flat[at + plane + row + 1, h] * u
    return (a * (one - v) + b * v) * (one - w) + (c * (one - v) + d * v) * w


@kernel
def trace(flat, shape, low, step, tips, axes, reach, least, far, finest, whole, out, depth):
    """Walk paths back from their tips (C, 3) against their axes (C, 3) through four maps.

    Each look at the maps tells how far nothing new can be met, so that the next look is taken
    there, at least ``finest`` on. ``out`` (C, 4) receives the least distance met to each kind,
    never more than ``far`` for it. Where ``whole`` is false a path ends with the first distance
    under ``least`` (4,), and only that question is answered; ``depth`` (C,) is how far from the
    tip that was, -1 where it was nowhere.
    """
    rows, columns = shape[1], shape[2]
    plane = rows * columns
    top_i, top_j, top_k = shape[0] - 1.0, rows - 1.0, columns - 1.0
    for c in range(tips.shape[0]):
        x, y, z = (
            (tips[c, 0] - low[0]) / step,
            (tips[c, 1] - low[1]) / step,
            (tips[c, 2] - low[2]) / step,
        )
        ax, ay, az = axes[c, 0] / step, axes[c, 1] / step, axes[c, 2] / step
        n0, n1, n2, n3 = far, far, far, far
        t = 0.0
        met = -1.0
        while t < reach:
            k, j, i = x - t * ax, y - t * ay, z - t * az
            if not (0.0 <= k < top_k and 0.0 <= j < top_j and 0.0 <= i < top_i):
                break
            ki, ji, ii = int(k), int(j), int(i)
            u, v, w = np.float32(k - ki), np.float32(j - ji), np.float32(i - ii)
            at = ii * plane + ji * columns + ki
            d0 = _mixed(flat, at, columns, plane, u, v, w, 0)
            d1 = _mixed(flat, at, columns, plane, u, v, w, 1)
            d2 = _mixed(flat, at, columns, plane, u, v, w, 2)
            d3 = _mixed(flat, at, columns, plane, u, v, w, 3)
            n0, n1, n2, n3 = min(n0, d0), min(n1, d1), min(n2, d2), min(n3, d3)
            if whole:
                free = min(d0 - n0, d1 - n1, d2 - n2, d3 - n3)
            else:
                free = min(d0 - least[0], d1 - least[1], d2 - least[2], d3 - least[3])
                if free < 0.0:
                    met = t
                    break
            t += max(free, finest)
        out[c, 0], out[c, 1], out[c, 2], out[c, 3] = n0, n1, n2, n3
        depth[c] = met
