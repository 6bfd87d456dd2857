"""Line sums through a grid; voxel indices and planes in, sums of samples out."""

import math

import numpy as np

from needle_sim.jit import kernel

MOST = 65535.0  # of a blended value: it has 16 bits
BLOCK = 64  # planes whose blended rows are read together: they stay in the nearest cache


@kernel(fastmath=True)
def plane_sums(
    values,
    origin,
    filled,
    plane_step,
    row_step,
    planes,
    rows,
    wide,
    per_unit,
    source,
    u0,
    du,
    v0,
    dv,
    start,
    stop,
    line,
    words,
    out,
):
    """Sum over planes at slopes ``u0 + du a`` (rows) and ``v0 + dv b`` (columns) from ``source``.

    Row n = p plane_step + r row_step of plane p holds columns ``filled[n]`` of ``wide``, column c
    at ``values[origin[n] + c]``, and those that its neighbours fill. One row of two is blended
    first, contiguously, for a block of planes; then each sample sums over the block, so that the
    sum stays in a register. A blended value, times ``per_unit`` at most 65535, and the next one
    share a word, so that a sample takes one look into memory. Writes ``out[start:stop]``;
    ``line`` (wide + 2), int32, and ``words`` (BLOCK, wide + 2), uint32, are scratch.
    """
    count = out.shape[1]
    padded = words.shape[1]
    flat = words.reshape(-1)
    unit, half = np.float32(per_unit), np.float32(0.5)
    at_zero, per_sample = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    s_plane, s_row, s_column = source
    limit = np.float32(wide)
    for a in range(start, stop):
        sums = out[a]
        sums[:] = 0.0
        u = u0 + du * a
        held, first, last = 0, count, 0
        for p in range(planes):
            k = abs(p - s_plane)
            at = s_row + u * k
            r = math.floor(at)
            low = high = 0
            if 0 <= r < rows - 1:
                here = p * plane_step + r * row_step
                there = here + row_step
                low, high = filled[here, 0], filled[here, 1]
                if high == 0:
                    low, high = filled[there, 0], filled[there, 1]
                elif filled[there, 1] > 0:
                    low, high = min(low, filled[there, 0]), max(high, filled[there, 1])
            c0, dc = s_column + v0 * k, dv * k
            # only the columns that samples can ask for
            left = min(max(math.floor(c0), 0), wide)
            right = min(max(math.floor(c0 + dc * (count - 1)) + 2, 0), padded)
            low, high = max(low, left), min(high, right)
            if high > low:
                w = np.float32(at - r)
                # views from 0 keep the loop free of index arithmetic, so that it vectorises
                row = values[origin[here] + low : origin[here] + high]
                below = values[origin[there] + low : origin[there] + high]
                part = line[low:high]
                for c in range(part.shape[0]):
                    value = np.float32(row[c])
                    value += w * (np.float32(below[c]) - value)
                    part[c] = np.int32(value * unit + half)
                line[low - 1] = line[high] = 0
                word, one, other = words[held], line[low - 1 : high], line[low : high + 1]
                word[left : low - 1] = 0
                word[high:right] = 0
                into = word[low - 1 : high]
                for c in range(into.shape[0]):
                    into[c] = np.uint32(one[c]) | (np.uint32(other[c]) << np.uint32(16))
                at_zero[held], per_sample[held] = c0, dc
                first = min(first, max(0, math.floor((low - 1 - c0) / dc)))
                last = max(last, min(count, math.floor((high - c0) / dc) + 2))
                held += 1
            if held == BLOCK or (p == planes - 1 and held > 0):
                for b in range(first, last):
                    here_b = np.float32(b)
                    total = np.float32(0.0)
                    for q in range(held):
                        x = at_zero[q] + per_sample[q] * here_b
                        x = min(max(x, np.float32(0.0)), limit)
                        c = np.int32(x)
                        f = x - np.float32(c)
                        j = np.uint64(c + np.int32(q * padded))
                        pair = flat[j]
                        near = np.float32(np.int32(pair & np.uint32(65535)))
                        total += near + f * (np.float32(np.int32(pair >> np.uint32(16))) - near)
                    sums[b] += total
                held, first, last = 0, count, 0


@kernel(fastmath=True)
def resample(sums, rays, u0, du, v0, dv, scale, start, stop, out):
    """Catmull-Rom of ``sums`` at the slopes of each pixel's ray, times ``scale`` of its obliquity.

    ``rays`` (6, 3): row, column and constant part of (plane, row, column) voxel steps, then of LPS.
    """
    high, wide = sums.shape
    for r in range(start, stop):
        for c in range(out.shape[1]):
            along = rays[0, 0] * r + rays[0, 1] * c + rays[0, 2]
            k = abs(along)
            u = ((rays[1, 0] * r + rays[1, 1] * c + rays[1, 2]) / k - u0) / du
            v = ((rays[2, 0] * r + rays[2, 1] * c + rays[2, 2]) / k - v0) / dv
            i, j = math.floor(u), math.floor(v)
            total = 0.0
            if 1 <= i < high - 2 and 1 <= j < wide - 2:
                f, g = u - i, v - j
                g0 = 0.5 * g * (g * (2.0 - g) - 1.0)
                g1 = 0.5 * (g * g * (3.0 * g - 5.0) + 2.0)
                g2 = 0.5 * g * (g * (4.0 - 3.0 * g) + 1.0)
                g3 = 0.5 * g * g * (g - 1.0)
                for n in range(4):
                    if n == 0:
                        h = 0.5 * f * (f * (2.0 - f) - 1.0)
                    elif n == 1:
                        h = 0.5 * (f * f * (3.0 * f - 5.0) + 2.0)
                    elif n == 2:
                        h = 0.5 * f * (f * (4.0 - 3.0 * f) + 1.0)
                    else:
                        h = 0.5 * f * f * (f - 1.0)
                    line = sums[i + n - 1]
                    total += h * (
                        g0 * line[j - 1] + g1 * line[j] + g2 * line[j + 1] + g3 * line[j + 2]
                    )
            x = rays[3, 0] * r + rays[3, 1] * c + rays[3, 2]
            y = rays[4, 0] * r + rays[4, 1] * c + rays[4, 2]
            z = rays[5, 0] * r + rays[5, 1] * c + rays[5, 2]
            out[r, c] = max(0.0, total) * scale * math.sqrt(x * x + y * y + z * z) / k


@kernel(fastmath=True)
def joseph(grid, plane_step, row_step, planes, rows, source, rays, scale, start, stop, out):
    """Joseph's sum per ray (doi:10.1109/TMI.1982.4307572), each pixel on its own: the reference."""
    wide = grid.shape[0] // (planes * rows)
    s_plane, s_row, s_column = source
    one = np.uint64(1)
    plane_length, row_length = plane_step * wide, row_step * wide
    last_row, last_column = np.int32(rows - 2), np.int32(wide - 2)
    for r in range(start, stop):
        for c in range(out.shape[1]):
            k = abs(rays[0, 0] * r + rays[0, 1] * c + rays[0, 2])
            u = (rays[1, 0] * r + rays[1, 1] * c + rays[1, 2]) / k
            v = (rays[2, 0] * r + rays[2, 1] * c + rays[2, 2]) / k
            # planes on which the ray is inside the box; the outermost rows and columns are zero
            near, far = 0.0, float(planes - 1)
            for s, slope, last in ((s_row, u, rows - 1), (s_column, v, wide - 1)):
                if abs(slope) > 1e-9:
                    t0, t1 = -s / slope, (last - s) / slope
                    if t0 > t1:
                        t0, t1 = t1, t0
                    if s_plane < 0.0:
                        near, far = max(near, s_plane + t0), min(far, s_plane + t1)
                    else:
                        near, far = max(near, s_plane - t1), min(far, s_plane - t0)
                elif s <= 0.0 or s >= last:
                    far = -1.0
            total = np.float32(0.0)
            begin, end = math.ceil(near), math.floor(far) + 1
            y, x = (
                np.float32(s_row + u * abs(begin - s_plane)),
                np.float32(s_column + v * abs(begin - s_plane)),
            )
            sign = 1.0 if s_plane < 0.0 else -1.0
            dy, dx = np.float32(sign * u), np.float32(sign * v)
            for p in range(begin, end):
                m = np.float32(p - begin)
                yy, xx = y + m * dy, x + m * dx
                # the ray was clipped to the box: only rounding can leave it, onto zeros
                i = min(max(np.int32(yy), np.int32(0)), last_row)
                j = min(max(np.int32(xx), np.int32(0)), last_column)
                f, g = yy - np.float32(i), xx - np.float32(j)
                at = np.uint64(p * plane_length + i * row_length + j)
                low = at + np.uint64(row_length)
                top = grid[at] + g * (grid[at + one] - grid[at])
                bottom = grid[low] + g * (grid[low + one] - grid[low])
                total += top + f * (bottom - top)
            x3 = rays[3, 0] * r + rays[3, 1] * c + rays[3, 2]
            y3 = rays[4, 0] * r + rays[4, 1] * c + rays[4, 2]
            z3 = rays[5, 0] * r + rays[5, 1] * c + rays[5, 2]
            out[r, c] = total * scale * math.sqrt(x3 * x3 + y3 * y3 + z3 * z3) / k


@kernel
def exact(grid, plane_step, row_step, planes, rows, source, rays, scale, start, stop, out):
    """Length in each voxel, a box about its index, times what it holds (doi:10.1118/1.595715)."""
    wide = grid.shape[0] // (planes * rows)
    plane_length, row_length = plane_step * wide, row_step * wide
    sides = (planes, rows, wide)
    step, at, ahead, each = np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(3), np.zeros(3)
    for r in range(start, stop):
        for c in range(out.shape[1]):
            t0, t1 = 0.0, 1.0  # of the way from focal spot to pixel
            for a in range(3):
                way = rays[a, 0] * r + rays[a, 1] * c + rays[a, 2]
                from_face = source[a] + 0.5
                if abs(way) > 1e-12:
                    near, far = -from_face / way, (sides[a] - from_face) / way
                    t0, t1 = max(t0, min(near, far)), min(t1, max(near, far))
                elif from_face <= 0.0 or from_face >= sides[a]:
                    t1 = -1.0
            out[r, c] = 0.0
            if t1 <= t0:
                continue
            for a in range(3):
                way = rays[a, 0] * r + rays[a, 1] * c + rays[a, 2]
                place = source[a] + 0.5 + (t0 + 1e-12) * way
                at[a] = min(max(math.floor(place), 0), sides[a] - 1)
                step[a] = 1 if way > 0.0 else -1
                face = at[a] + 1 if way > 0.0 else at[a]
                ahead[a] = (face - source[a] - 0.5) / way if abs(way) > 1e-12 else 2.0
                each[a] = 1.0 / abs(way) if abs(way) > 1e-12 else 2.0
            total, t = 0.0, t0
            while t < t1:
                a = 0 if ahead[0] <= ahead[1] else 1
                if ahead[2] < ahead[a]:
                    a = 2
                until = min(ahead[a], t1)
                here = at[0] * plane_length + at[1] * row_length + at[2]
                total += max(until - t, 0.0) * grid[here]
                t = max(until, t)
                ahead[a] += each[a]
                at[a] += step[a]
                if at[a] < 0 or at[a] >= sides[a]:
                    break
            x = rays[3, 0] * r + rays[3, 1] * c + rays[3, 2]
            y = rays[4, 0] * r + rays[4, 1] * c + rays[4, 2]
            z = rays[5, 0] * r + rays[5, 1] * c + rays[5, 2]
            out[r, c] = total * scale * math.sqrt(x * x + y * y + z * z)


@kernel
def ends(density, start, stop, along_rows, along_columns):
    """First and one past the last voxel that is not zero, of rows (I, J, 2) and columns (I, K, 2).

    Columns run along j. Writes slices ``start`` to ``stop``; both are zero before.
    """
    _, rows, columns = density.shape
    for i in range(start, stop):
        for j in range(rows):
            row = density[i, j]
            low, high = 0, columns
            while low < columns and row[low] == 0.0:
                low += 1
            while high > low and row[high - 1] == 0.0:
                high -= 1
            if high > low:
                along_rows[i, j, 0], along_rows[i, j, 1] = low, high
            for k in range(low, high):
                if row[k] != 0.0:
                    if along_columns[i, k, 1] == 0:
                        along_columns[i, k, 0] = j
                    along_columns[i, k, 1] = j + 1


@kernel
def packed(density, turned, origin, kept, per_unit, half, start, stop, values):
    """Rows of a grid with a border of zeros, each from ``kept[n, 0]`` to ``kept[n, 1]``.

    Row n = i (J + 2) + j of (I + 2, J + 2, K + 2), or with K and J swapped when ``turned``. What is
    kept is multiplied by ``per_unit``; ``half`` rounds whole numbers. ``values`` are zero before.
    """
    slices, rows, columns = density.shape
    high, wide = (columns, rows) if turned else (rows, columns)
    for i in range(max(start, 1), min(stop, slices + 1)):
        part = density[i - 1]
        for j in range(1, high + 1):
            n = i * (high + 2) + j
            for c in range(max(kept[n, 0], 1), min(kept[n, 1], wide + 1)):
                value = part[c - 1, j - 1] if turned else part[j - 1, c - 1]
                if value != 0.0:
                    values[origin[n] + c] = value * per_unit + half


@kernel
def unpacked(values, origin, filled, scale, start, stop, out):
    """Rows ``start`` to ``stop`` of a packed grid in full, (N, C); ``out`` is zero before."""
    for n in range(start, stop):
        for c in range(filled[n, 0], filled[n, 1]):
            out[n, c] = values[origin[n] + c] * scale
