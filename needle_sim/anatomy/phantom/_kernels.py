"""Voxels written from signed distances, and the noise put on them; millimetres in and out."""

import math

from needle_sim.jit import kernel


@kernel
def cover(hu, labels, index, depth, voxel, value, number):
    """Fill voxels (P,) of a canvas (flat) by the share of them that a shape covers."""
    for p in range(index.shape[0]):
        share = min(1.0, max(0.0, 0.5 - depth[p] / voxel))
        if share > 0.0:
            n = index[p]
            hu[n] += share * (value - hu[n])
            if depth[p] < 0.0:
                labels[n] = number


@kernel
def cover_plane(hu, labels, depth, voxel, value, number):
    """The same over a part (J, K) of a slice."""
    for j in range(depth.shape[0]):
        row, marks, here = hu[j], labels[j], depth[j]
        for k in range(depth.shape[1]):
            share = min(1.0, max(0.0, 0.5 - here[k] / voxel))
            row[k] += share * (value - row[k])
            marks[k] = number if here[k] < 0.0 else marks[k]


@kernel(inline="always")
def _both(first, second, edge):
    # what lies within both, its edge rounded
    u, v = max(first + edge, 0.0), max(second + edge, 0.0)
    return math.sqrt(u * u + v * v) + min(max(first, second) + edge, 0.0) - edge


@kernel
def wing_muscles(hu, labels, free, wave, y, wing, ends, slant, edge, voxel, value, number):
    """Glutei and iliacus on both faces of a wing over a part (J, K) of a slice, where it is free.

    ``wing`` (5, K): how far lateral a column lies, where (y) the wing is there, how thick glutei
    and iliacus are, and the distance from where the glutei end; ``ends`` are x of the medial, x and
    y of the lateral end of the wing.
    """
    for j in range(labels.shape[0]):
        row, marks, ripples = hu[j], labels[j], wave[j]
        for k in range(labels.shape[1]):
            if not free[marks[k]]:
                continue
            aside = wing[0, k]
            behind = slant * (y[j] - wing[1, k])
            front = 0.7 * (ends[2] + aside - ends[1] - y[j])
            beside = max(ends[0] + 12.0 - aside, aside - ends[1])
            iliacus = max(behind, -behind - wing[3, k], beside)
            # roots are what this costs: no rounded edge lies within what it rounds
            least = max(-behind, wing[4, k], behind - wing[2, k], front)
            if min(least, iliacus) + 0.8 * ripples[k] >= 0.5 * voxel:
                continue
            glutei = _both(max(-behind, wing[4, k]), _both(behind - wing[2, k], front, edge), edge)
            d = min(glutei, iliacus) + 0.8 * ripples[k]
            share = min(1.0, max(0.0, 0.5 - d / voxel))
            row[k] += share * (value - row[k])
            if d < 0.0:
                marks[k] = number


@kernel
def cover_box(hu, labels, first, depth, voxel, value, number):
    """The same over a box (I, J, K) of a canvas that begins at voxel ``first``."""
    rows = slice(first[1], first[1] + depth.shape[1])
    columns = slice(first[2], first[2] + depth.shape[2])
    for i in range(depth.shape[0]):
        here = first[0] + i
        cover_plane(
            hu[here, rows, columns], labels[here, rows, columns], depth[i], voxel, value, number
        )


@kernel
def cover_bone(hu, labels, index, depth, shell, voxel, cortical, inner, rim, marks):
    """Fill voxels (P,) of a bone: a shell of thickness ``shell`` (P,), then spongy bone.

    Spongy bone is denser by ``rim`` at the surface. ``marks`` are the labels of cortical and spongy
    bone, how thick a cortex is called so, and how far inside the rim ends.
    """
    for p in range(index.shape[0]):
        d, n = depth[p], index[p]
        whole = min(1.0, max(0.0, 0.5 - d / voxel))
        if whole > 0.0:
            within = min(1.0, max(0.0, 0.5 - (d + shell[p]) / voxel))
            deep = min(1.0, max(0.0, -d / marks[3]))
            spongy = inner * (1.0 + rim * (1.0 - deep) * (1.0 - deep))
            hu[n] = (1.0 - whole) * hu[n] + (whole - within) * cortical + within * spongy
            if d < 0.0:
                labels[n] = marks[0] if d > -marks[2] else marks[1]


@kernel(inline="always")
def _ends(nodes, a, b, c, u, v):
    # bilinear on the faces c and c + 1 of the cell at node a, b, c: the first, and the way on
    w00, w01, w10, w11 = (1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v
    first = nodes[a, b, c] * w00 + nodes[a, b + 1, c] * w01
    first += nodes[a + 1, b, c] * w10 + nodes[a + 1, b + 1, c] * w11
    last = nodes[a, b, c + 1] * w00 + nodes[a, b + 1, c + 1] * w01
    last += nodes[a + 1, b, c + 1] * w10 + nodes[a + 1, b + 1, c + 1] * w11
    return first, last - first


@kernel(inline="always")
def _span(nodes, a, b, c):
    # least and greatest of the corners of a cell
    low = high = nodes[a, b, c]
    for u in range(2):
        for v in range(2):
            for w in range(2):
                low, high = (
                    min(low, nodes[a + u, b + v, c + w]),
                    max(high, nodes[a + u, b + v, c + w]),
                )
    return low, high


@kernel
def pour(hu, labels, nodes, first, step, voxel, value, number, rind, wave, tile, at):
    """Fill a shape known by its distance at ``nodes`` every ``step`` voxels, from voxel ``first``.

    ``wave`` (mm) times ``tile``, found by the tables ``at`` (3, longest side), is added to it.
    Deeper than ``rind`` nothing is filled but what shares a cell with what is.
    """
    top = labels.shape
    far = 0.5 * voxel + 4.0 * wave
    wide = nodes.shape[2] - 1
    for a in range(nodes.shape[0] - 1):
        i0 = first[0] + a * step
        below, above = max(i0, 0), min(i0 + step, top[0])
        for b in range(nodes.shape[1] - 1):
            j0 = first[1] + b * step
            front, back = max(j0, 0), min(j0 + step, top[1])
            c = 0
            while c < wide:
                low, high = _span(nodes, a, b, c)
                k0 = first[2] + c * step
                c += 1
                if low > far or high < -rind:
                    continue
                if high < -far:  # fill a run of cells at once
                    while c < wide and -rind <= _span(nodes, a, b, c)[1] < -far:
                        c += 1
                    left, right = max(k0, 0), min(first[2] + c * step, top[2])
                    for i in range(below, above):
                        for j in range(front, back):
                            row, marks = hu[i, j], labels[i, j]
                            for k in range(left, right):
                                row[k] = value
                                marks[k] = number
                    continue
                for i in range(below, above):
                    for j in range(front, back):
                        row, marks, grain = hu[i, j], labels[i, j], tile[at[0, i], at[1, j]]
                        first_d, more_d = _ends(
                            nodes, a, b, c - 1, (i - i0) / step, (j - j0) / step
                        )
                        for k in range(max(k0, 0), min(k0 + step, top[2])):
                            d = first_d + (k - k0) / step * more_d + wave * grain[at[2, k]]
                            share = min(1.0, max(0.0, 0.5 - d / voxel))
                            if share > 0.0:
                                row[k] += share * (value - row[k])
                                if d < 0.0:
                                    marks[k] = number


@kernel
def wall(hu, labels, depth, thick, seam, step, voxel, values, numbers, wave, tile, up, at):
    """Layered muscle between ``depth`` 0 and ``-thick`` (nodes every ``step`` voxels), and the
    sheets of fat within it, where ``seam`` (half their thickness) is positive."""
    top = labels.shape
    for a in range(depth.shape[0] - 1):
        for b in range(depth.shape[1] - 1):
            for c in range(depth.shape[2] - 1):
                low, high = _span(depth, a, b, c)
                _, most = _span(thick, a, b, c)
                if low > 3.0 + voxel or most <= 0.0 or high < -most - 3.0 - voxel:
                    continue
                i0, j0, k0 = a * step, b * step, c * step
                for i in range(i0, min(i0 + step, top[0])):
                    for j in range(j0, min(j0 + step, top[1])):
                        row, marks = hu[i, j], labels[i, j]
                        grain = tile[up[i], at[1, j]]
                        u, v = (i - i0) / step, (j - j0) / step
                        deep, deeper = _ends(depth, a, b, c, u, v)
                        thin, thicker = _ends(thick, a, b, c, u, v)
                        gap_at, wider = _ends(seam, a, b, c, u, v)
                        for k in range(k0, min(k0 + step, top[2])):
                            w = (k - k0) / step
                            d = deep + w * deeper + wave * grain[at[2, k]]
                            t = thin + w * thicker
                            here = max(d, -t - d)
                            share = min(1.0, max(0.0, 0.5 - here / voxel))
                            if share <= 0.0:
                                continue
                            row[k] += share * (values[0] - row[k])
                            if here < 0.0:
                                marks[k] = numbers[0]
                            half = gap_at + w * wider
                            gap = min(abs(d + 0.38 * t), abs(d + 0.7 * t)) - half
                            share = min(1.0, max(0.0, 0.5 - max(gap, here) / voxel))
                            row[k] += share * (values[1] - row[k])
                            if gap < 0.0 and here < 0.0:
                                marks[k] = numbers[1]


@kernel
def sheet(hu, depth, half, step, voxel, value, wave, tile, up, at):
    """Give HU to a sheet where ``depth`` (nodes every ``step`` voxels) passes 0, ``half`` thick.

    ``half`` (nodes too) may be negative: no sheet there. ``wave`` (mm) times ``tile`` thins it.
    """
    top = hu.shape
    for a in range(depth.shape[0] - 1):
        for b in range(depth.shape[1] - 1):
            for c in range(depth.shape[2] - 1):
                low, high = _span(depth, a, b, c)
                _, most = _span(half, a, b, c)
                far = most + 3.0 * wave + 0.5 * voxel
                if most <= 0.0 or low > far or high < -far:
                    continue
                i0, j0, k0 = a * step, b * step, c * step
                for i in range(i0, min(i0 + step, top[0])):
                    for j in range(j0, min(j0 + step, top[1])):
                        row, grain = hu[i, j], tile[up[i], at[1, j]]
                        u, v = (i - i0) / step, (j - j0) / step
                        deep, deeper = _ends(depth, a, b, c, u, v)
                        thin, thicker = _ends(half, a, b, c, u, v)
                        for k in range(k0, min(k0 + step, top[2])):
                            w = (k - k0) / step
                            d = abs(deep + w * deeper)
                            thick = thin + w * thicker + wave * grain[at[2, k]]
                            # of a voxel, what lies within both faces
                            share = min(0.5, (thick - d) / voxel) + min(0.5, (thick + d) / voxel)
                            if share > 0.0:
                                row[k] += min(1.0, share) * (value - row[k])


@kernel
def finish(
    hu, labels, out, kinds, spread, tiles, high, at, quantum, shifts, lateral, upright, bone_hu
):
    """HU with texture and quantum noise, held to the 12 bits of a scanner, into ``out``.

    Parameters are slices of a canvas; ``high`` (I,) and ``at`` (3, N) say where they lie in the
    tiles. ``kinds`` and ``spread`` (labels,) say which of ``tiles`` (T, M, M, M) a label has and
    how strong it is; kind -1 is spongy bone, whose texture goes with its HU over ``bone_hu`` and is
    tile 1 where dense and tile 2 where sparse. ``quantum`` (2, N, N) is noise of rays along rows
    and columns (N a power of 2), begun at ``shifts`` (I, 2), of SD ``lateral`` (I, J) and
    ``upright`` (I, K).
    """
    size = quantum.shape[1]
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            row, marks, made = hu[i, j], labels[i, j], out[i, j]
            y = (j + shifts[i, 0]) % size
            first, second = quantum[0, y], quantum[1, y]
            across, steep = lateral[i, j], upright[i]
            z, v = high[i], at[1, j]
            start = shifts[i, 1] % size
            for k in range(out.shape[2]):
                x = (start + k) & (size - 1)
                mark = marks[k]
                value = row[k] + across * first[x] + steep[k] * second[x]
                kind = kinds[mark]
                if kind >= 0:
                    value += spread[mark] * tiles[kind, z, v, at[2, k]]
                elif kind == -1:
                    dense = min(1.0, max(0.0, (row[k] - 70.0) / 110.0))
                    grain = dense * tiles[1, z, v, at[2, k]]
                    grain += (1.0 - dense) * tiles[2, z, v, at[2, k]]
                    value += spread[mark] * grain * max(row[k], 0.0) / bone_hu
                made[k] = math.floor(min(3071.0, max(-1024.0, value)) + 0.5)


@kernel
def water_paths(hu, every, lateral, upright):
    """Water in voxels along rows (A, J) and columns (A, K) of every so-th slice."""
    for a in range(lateral.shape[0]):
        plane = hu[min(a * every, hu.shape[0] - 1)]
        for j in range(plane.shape[0]):
            row = plane[j]
            total = 0.0
            for k in range(plane.shape[1]):
                water = max(0.0, 1.0 + 0.001 * row[k])
                total += water
                upright[a, k] += water
            lateral[a, j] = total
