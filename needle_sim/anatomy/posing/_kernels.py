"""The smooth field between rigid bodies, and pictures drawn through it; millimetres throughout."""

import math

from needle_sim.jit import kernel


@kernel
def blend(distances, maps, points, margin, out):
    """Displacement (P, 3) that leads points (P, 3) back to where they came from.

    ``distances`` (G, P) from the groups of bones, from the top; ``maps`` (G, 3, 4) lead each group
    back. What lies above a disc counts by the distance from what lies below it, to the power 1.5.
    """
    groups, count = distances.shape
    for p in range(count):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        out[p, 0] = -x
        out[p, 1] = -y
        out[p, 2] = -z
        above, before = math.inf, 0.0
        for g in range(groups):
            above = min(above, max(distances[g, p] - margin, 1e-6))
            below = math.inf
            for h in range(g + 1, groups):
                below = min(below, max(distances[h, p] - margin, 1e-6))
            share = 1.0
            if g + 1 < groups:
                ratio = above / below
                share = 1.0 / (1.0 + ratio * math.sqrt(ratio))
            weight = share - before
            before = share
            if weight != 0.0:
                m = maps[g]
                for axis in range(3):
                    out[p, axis] += weight * (
                        m[axis, 0] * x + m[axis, 1] * y + m[axis, 2] * z + m[axis, 3]
                    )


@kernel(inline="always")
def _cell(position, low, step, many):
    # the node before a position, and the share of the way to the next; clamped to the grid
    at = (position - low) / step
    if at <= 0.0:
        return 0, 0.0
    if at >= many - 1.0:
        return many - 2, 1.0
    node = int(at)
    return node, at - node


@kernel(inline="always")
def _mixed(grid, low, step, x, y, z, axis):
    i, a = _cell(x, low[0], step, grid.shape[0])
    j, b = _cell(y, low[1], step, grid.shape[1])
    k, c = _cell(z, low[2], step, grid.shape[2])
    g00 = grid[i, j, k, axis] * (1.0 - c) + grid[i, j, k + 1, axis] * c
    g01 = grid[i, j + 1, k, axis] * (1.0 - c) + grid[i, j + 1, k + 1, axis] * c
    g10 = grid[i + 1, j, k, axis] * (1.0 - c) + grid[i + 1, j, k + 1, axis] * c
    g11 = grid[i + 1, j + 1, k, axis] * (1.0 - c) + grid[i + 1, j + 1, k + 1, axis] * c
    return (g00 * (1.0 - b) + g01 * b) * (1.0 - a) + (g10 * (1.0 - b) + g11 * b) * a


@kernel(inline="always")
def _within(low, step, shape, x, y, z):
    return (
        low[0] <= x <= low[0] + step * (shape[0] - 1)
        and low[1] <= y <= low[1] + step * (shape[1] - 1)
        and low[2] <= z <= low[2] + step * (shape[2] - 1)
    )


@kernel
def displaced(points, coarse, coarse_low, coarse_step, fine, fine_low, fine_step, out):
    """Displacement (P, 3) at points (P, 3), of the fine grid (X, Y, Z, 3) where they lie in it."""
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        if _within(fine_low, fine_step, fine.shape, x, y, z):
            for axis in range(3):
                out[p, axis] = _mixed(fine, fine_low, fine_step, x, y, z, axis)
        else:
            for axis in range(3):
                out[p, axis] = _mixed(coarse, coarse_low, coarse_step, x, y, z, axis)


@kernel(inline="always")
def _take(ct, labels, back, x, y, z, whole, out_ct, out_labels, i, j, k):
    # HU by trilinear mixing and the nearest label at a place of the patient, clamped to the grid
    here = back[0, 0] * x + back[0, 1] * y + back[0, 2] * z + back[0, 3]
    there = back[1, 0] * x + back[1, 1] * y + back[1, 2] * z + back[1, 3]
    last = back[2, 0] * x + back[2, 1] * y + back[2, 2] * z + back[2, 3]
    n0, n1, n2 = ct.shape
    i0, a = _cell(here, 0.0, 1.0, n0)
    j0, b = _cell(there, 0.0, 1.0, n1)
    k0, c = _cell(last, 0.0, 1.0, n2)
    v00 = ct[i0, j0, k0] * (1.0 - c) + ct[i0, j0, k0 + 1] * c
    v01 = ct[i0, j0 + 1, k0] * (1.0 - c) + ct[i0, j0 + 1, k0 + 1] * c
    v10 = ct[i0 + 1, j0, k0] * (1.0 - c) + ct[i0 + 1, j0, k0 + 1] * c
    v11 = ct[i0 + 1, j0 + 1, k0] * (1.0 - c) + ct[i0 + 1, j0 + 1, k0 + 1] * c
    value = (v00 * (1.0 - b) + v01 * b) * (1.0 - a) + (v10 * (1.0 - b) + v11 * b) * a
    out_ct[i, j, k] = math.floor(value + 0.5) if whole else value
    i0, j0, k0 = i0 + int(a >= 0.5), j0 + int(b >= 0.5), k0 + int(c >= 0.5)
    out_labels[i, j, k] = labels[i0, j0, k0]


@kernel
def drawn_through(
    first, last, ct, labels, place, back, coarse, coarse_low, coarse_step, fine, fine_low,
    fine_step, every, whole, out_ct, out_labels,
):  # fmt: skip
    """Slices ``first`` to ``last`` of a picture (I, J, K) and its labels, through the field.

    ``place`` and ``back`` (3, 4) lead from voxels to the patient and back. Off the fine grid the
    displacement is worked out at every ``every``-th voxel of a row.
    """
    _, rows, columns = ct.shape
    for i in range(first, last):
        for j in range(rows):
            k = 0
            x = place[0, 0] * i + place[0, 1] * j + place[0, 3]
            y = place[1, 0] * i + place[1, 1] * j + place[1, 3]
            z = place[2, 0] * i + place[2, 1] * j + place[2, 3]
            d0 = _mixed(coarse, coarse_low, coarse_step, x, y, z, 0)
            d1 = _mixed(coarse, coarse_low, coarse_step, x, y, z, 1)
            d2 = _mixed(coarse, coarse_low, coarse_step, x, y, z, 2)
            was_near = _within(fine_low, fine_step, fine.shape, x, y, z)
            while k < columns:
                span = min(every, columns - k)
                ex = x + place[0, 2] * span
                ey = y + place[1, 2] * span
                ez = z + place[2, 2] * span
                is_near = _within(fine_low, fine_step, fine.shape, ex, ey, ez)
                near = was_near or is_near
                f0 = _mixed(coarse, coarse_low, coarse_step, ex, ey, ez, 0)
                f1 = _mixed(coarse, coarse_low, coarse_step, ex, ey, ez, 1)
                f2 = _mixed(coarse, coarse_low, coarse_step, ex, ey, ez, 2)
                per = 1.0 / span
                s0, s1, s2 = (f0 - d0) * per, (f1 - d1) * per, (f2 - d2) * per
                for n in range(span):
                    px, py, pz = x + place[0, 2] * n, y + place[1, 2] * n, z + place[2, 2] * n
                    e0, e1, e2 = d0 + s0 * n, d1 + s1 * n, d2 + s2 * n
                    if near and _within(fine_low, fine_step, fine.shape, px, py, pz):
                        e0 = _mixed(fine, fine_low, fine_step, px, py, pz, 0)
                        e1 = _mixed(fine, fine_low, fine_step, px, py, pz, 1)
                        e2 = _mixed(fine, fine_low, fine_step, px, py, pz, 2)
                    _take(
                        ct, labels, back, px + e0, py + e1, pz + e2, whole, out_ct, out_labels,
                        i, j, k + n,
                    )  # fmt: skip
                x, y, z, was_near = ex, ey, ez, is_near
                d0, d1, d2 = f0, f1, f2
                k += span


@kernel
def drawn_rigid(
    first, last, low, high, ct, labels, place, back, mapped, depth, depth_low, depth_step, reach,
    whole, out_ct, out_labels,
):  # fmt: skip
    """In slices ``first`` to ``last``, what is less than ``reach`` from one bone, by its own map.

    ``low`` and ``high`` (3,) bound rows and columns; ``depth`` (X, Y, Z, 1) is the distance.
    """
    for i in range(first, last):
        for j in range(low[1], high[1]):
            for k in range(low[2], high[2]):
                x = place[0, 0] * i + place[0, 1] * j + place[0, 2] * k + place[0, 3]
                y = place[1, 0] * i + place[1, 1] * j + place[1, 2] * k + place[1, 3]
                z = place[2, 0] * i + place[2, 1] * j + place[2, 2] * k + place[2, 3]
                if not _within(depth_low, depth_step, depth.shape, x, y, z):
                    continue
                if _mixed(depth, depth_low, depth_step, x, y, z, 0) >= reach:
                    continue
                sx = mapped[0, 0] * x + mapped[0, 1] * y + mapped[0, 2] * z + mapped[0, 3]
                sy = mapped[1, 0] * x + mapped[1, 1] * y + mapped[1, 2] * z + mapped[1, 3]
                sz = mapped[2, 0] * x + mapped[2, 1] * y + mapped[2, 2] * z + mapped[2, 3]
                _take(ct, labels, back, sx, sy, sz, whole, out_ct, out_labels, i, j, k)
