"""Rays against convex bodies: what is touched, chords by material, what tissue gave way."""

import math

import numpy as np

from needle_sim.jit import kernel

_FLAT, _STEEP = 1e-13, 1e-10  # a quadratic, a linear term that rounding leaves of nothing
_MERGED_MM = 1e-6  # a gap shorter than this is none
_VOID, _CUT = 1, 2  # 0 is solid
_FAR = 1e30


@kernel
def touched(spines, margins, fill, count, number, parts):
    """Pixels within ``margins`` (P) of the lines ``spines`` (P, 2, 2), rows and columns.

    First, with ``fill`` False, counts how many parts touch each pixel in ``count`` (R, C). Then
    ``number`` (R, C) is the place in ``parts`` where the list of a pixel begins, and grows on.
    """
    rows, columns = count.shape
    for p in range(spines.shape[0]):
        r0, c0, r1, c1 = spines[p, 0, 0], spines[p, 0, 1], spines[p, 1, 0], spines[p, 1, 1]
        margin = margins[p]
        if not margin > 0.0:
            continue
        low = max(math.floor(min(r0, r1) - margin), 0)
        high = min(math.ceil(max(r0, r1) + margin), rows - 1)
        left = max(math.floor(min(c0, c1) - margin), 0)
        right = min(math.ceil(max(c0, c1) + margin), columns - 1)
        dr, dc = r1 - r0, c1 - c0
        length = max(dr * dr + dc * dc, 1e-12)
        for r in range(int(low), int(high) + 1):
            for c in range(int(left), int(right) + 1):
                share = min(max(((r - r0) * dr + (c - c0) * dc) / length, 0.0), 1.0)
                y, x = r - r0 - share * dr, c - c0 - share * dc
                if y * y + x * x <= margin * margin:
                    if fill:
                        parts[number[r, c]] = p
                        number[r, c] += 1
                    else:
                        count[r, c] += 1


@kernel(inline="always")
def _met(form, planes, first, last, sx, sy, sz, dx, dy, dz):
    """From where to where, mm from a source relative to the centre, a ray is in one form."""
    middle = -(sx * dx + sy * dy + sz * dz)  # of the ray, nearest to the centre: no cancellation
    x, y, z = sx + middle * dx, sy + middle * dy, sz + middle * dz
    near, far = -_FAR, _FAR
    for n in range(first, last):
        slope = planes[n, 0] * dx + planes[n, 1] * dy + planes[n, 2] * dz
        left = planes[n, 3] - planes[n, 0] * x - planes[n, 1] * y - planes[n, 2] * z
        if slope > 1e-14:
            far = min(far, left / slope)
        elif slope < -1e-14:
            near = max(near, left / slope)
        elif left < 0.0:
            return 0.0, 0.0
    xx, yy, zz, xy, xz, yz = form[0], form[1], form[2], form[3], form[4], form[5]
    gx = 2.0 * xx * x + xy * y + xz * z + form[6]  # the gradient here
    gy = 2.0 * yy * y + xy * x + yz * z + form[7]
    gz = 2.0 * zz * z + xz * x + yz * y + form[8]
    a = dx * (xx * dx + xy * dy + xz * dz) + dy * (yy * dy + yz * dz) + zz * dz * dz
    b = 0.5 * (gx * dx + gy * dy + gz * dz)
    c = 0.5 * (gx * x + gy * y + gz * z + form[6] * x + form[7] * y + form[8] * z) + form[9]
    if abs(a) < _FLAT:
        if abs(b) < _STEEP:
            if c > 0.0:
                return 0.0, 0.0
        elif b > 0.0:
            far = min(far, -0.5 * c / b)
        else:
            near = max(near, -0.5 * c / b)
    else:
        root = b * b - a * c
        if a > 0.0:
            if root <= 0.0:
                return 0.0, 0.0
            half = math.sqrt(root) / a
            near, far = max(near, -b / a - half), min(far, -b / a + half)
        elif root > 0.0:  # out of one half of a cone and into the other: the planes leave one
            half = -math.sqrt(root) / a
            before, behind = min(far, -b / a - half), max(near, -b / a + half)
            if before - near > far - behind:
                far = before
            else:
                near = behind
    if far <= near:
        return 0.0, 0.0
    return near + middle, far + middle


@kernel(inline="always")
def interval(part, piece_first, forms, plane_first, planes, offsets, ray, reach):
    """From where to where, mm along a unit ``ray`` (3), it is in a part; both 0 when it is not.

    ``offsets`` (P, 3) run from the centres of the parts to the source; ``reach`` is how far it is
    to the detector.
    """
    near, far = _FAR, -_FAR
    sx, sy, sz = offsets[part, 0], offsets[part, 1], offsets[part, 2]
    for q in range(piece_first[part], piece_first[part + 1]):
        start, stop = _met(
            forms[q], planes, plane_first[q], plane_first[q + 1], sx, sy, sz, ray[0], ray[1], ray[2]
        )
        if stop > start:
            near, far = min(near, start), max(far, stop)
    near, far = max(near, 0.0), min(far, reach)
    if far > near:
        return near, far
    return 0.0, 0.0


@kernel
def _winner(count, at, which, near, far, kinds, owners):
    """Of the parts hit at a place: the last of its instrument; solid before void before cut."""
    best, top = -1, -1
    for h in range(count + 1):
        if h < count and not near[h] < at < far[h]:
            continue
        if top >= 0 and (h == count or owners[which[h]] != owners[top]):
            if best < 0 or kinds[top] <= kinds[best]:
                best = top
        if h < count:
            top = which[h]
    return best


@kernel
def cast(
    rays, at, spread, way, first, parts, shape, kinds, owners, tissue, g_cm3, start, stop,
    mass, gave, spans, held
):  # fmt: skip
    """Mass per area by material on the sub-rays of pixels, and where tissue gave way.

    Pixel n lies at row and column ``at[n]`` and is touched by ``parts[first[n] : first[n + 1]]``,
    in their order; ``spread[way[n]]`` (S, 2) are its sub-rays, in pixels; ``shape`` is what
    `interval` takes.
    Writes ``mass`` (M, N, S), g/cm2, ``gave`` (N, S), cm, and ``spans`` (N, S, H, 2), mm from the
    source, of which ``held`` (N, S) are used.
    """
    piece_first, forms, plane_first, planes, offsets = shape
    most = spans.shape[2]
    room = 0
    for n in range(start, stop):
        room = max(room, first[n + 1] - first[n])
    near, far = np.empty(room), np.empty(room)
    which, marks, ray = np.empty(room, np.int64), np.empty(2 * room), np.empty(3)
    for n in range(start, stop):
        sub = spread[way[n]]
        for s in range(spread.shape[1]):
            row, column = at[n, 0] + sub[s, 0], at[n, 1] + sub[s, 1]
            for k in range(3):
                ray[k] = rays[k, 0] * row + rays[k, 1] * column + rays[k, 2]
            reach = math.sqrt(ray[0] ** 2 + ray[1] ** 2 + ray[2] ** 2)
            for k in range(3):
                ray[k] /= reach
            count = 0
            for m in range(first[n], first[n + 1]):
                p = parts[m]
                one, other = interval(
                    p, piece_first, forms, plane_first, planes, offsets, ray, reach
                )
                if other > one:
                    near[count], far[count], which[count] = one, other, p
                    marks[2 * count], marks[2 * count + 1] = one, other
                    count += 1
            if count == 0:
                continue
            ends = 2 * count
            for m in range(1, ends):  # sorted by insertion: there are few
                value, k = marks[m], m - 1
                while k >= 0 and marks[k] > value:
                    marks[k + 1] = marks[k]
                    k -= 1
                marks[k + 1] = value
            used = 0
            for m in range(1, ends):
                low, high = marks[m - 1], marks[m]
                if high <= low:
                    continue
                best = which[0]
                if count > 1:
                    best = _winner(count, 0.5 * (low + high), which, near, far, kinds, owners)
                if best < 0 or kinds[best] == _CUT:
                    continue
                length = 0.1 * (high - low)
                if kinds[best] != _VOID:
                    for k in range(g_cm3.shape[1]):
                        mass[k, n, s] += g_cm3[best, k] * length
                if tissue[best]:
                    gave[n, s] += length
                    if used > 0 and (low - spans[n, s, used - 1, 1] < _MERGED_MM or used == most):
                        spans[n, s, used - 1, 1] = high
                    else:
                        spans[n, s, used, 0], spans[n, s, used, 1] = low, high
                        used += 1
            held[n, s] = used


@kernel
def _density(values, origin, filled, shape, i, j, k):
    """Trilinear between the voxels of packed rows; 0 outside."""
    i0, j0, k0 = math.floor(i), math.floor(j), math.floor(k)
    if not (0 <= i0 < shape[0] - 1 and 0 <= j0 < shape[1] - 1 and 0 <= k0 < shape[2] - 1):
        return 0.0
    total = 0.0
    for di in range(2):
        wi = i - i0 if di else 1.0 - i + i0
        for dj in range(2):
            wj = j - j0 if dj else 1.0 - j + j0
            row = (int(i0) + di) * shape[1] + int(j0) + dj
            low, high = filled[row, 0], filled[row, 1]
            for dk in range(2):
                column = int(k0) + dk
                if low <= column < high:
                    wk = k - k0 if dk else 1.0 - k + k0
                    total += wi * wj * wk * values[origin[row] + column]
    return total


@kernel
def displaced(
    rays, at, spread, way, spans, held, source, turn, grid, scale, step_mm, start, stop, gone
):  # fmt: skip
    """Adds to ``gone`` (N, S), g/cm2, the density of a grid along ``spans``, step by step.

    ``turn`` (3, 3) maps millimetres to voxels and ``source`` (3), in voxels, is the focal spot.
    """
    values, origin, filled, shape = grid
    ray = np.empty(3)
    for n in range(start, stop):
        sub = spread[way[n]]
        for s in range(spread.shape[1]):
            if held[n, s] == 0:
                continue
            row, column = at[n, 0] + sub[s, 0], at[n, 1] + sub[s, 1]
            x = rays[0, 0] * row + rays[0, 1] * column + rays[0, 2]
            y = rays[1, 0] * row + rays[1, 1] * column + rays[1, 2]
            z = rays[2, 0] * row + rays[2, 1] * column + rays[2, 2]
            length = math.sqrt(x * x + y * y + z * z)
            for k in range(3):
                ray[k] = (turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z) / length
            total = 0.0
            for m in range(held[n, s]):
                low, high = spans[n, s, m, 0], spans[n, s, m, 1]
                count = max(1, math.ceil((high - low) / step_mm))
                step = (high - low) / count
                for q in range(count):
                    t = low + (q + 0.5) * step
                    here = _density(
                        values,
                        origin,
                        filled,
                        shape,
                        source[0] + t * ray[0],
                        source[1] + t * ray[1],
                        source[2] + t * ray[2],
                    )
                    total += step * here
            gone[n, s] += 0.1 * scale * total
