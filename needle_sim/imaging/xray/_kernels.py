"""Line sums through a grid; voxel indices and planes in, sums of samples out."""

import math

import numpy as np

from needle_sim.jit import kernel

_LN2 = math.log(2.0)
BLOCK = 64  # planes whose blended rows are read together: they stay in the nearest cache


@kernel(fastmath=True)
def plane_sums(
    grid,
    filled,
    plane_step,
    row_step,
    planes,
    rows,
    source,
    u0,
    du,
    v0,
    dv,
    start,
    stop,
    blend,
    out,
):
    """Sum over planes at slopes ``u0 + du a`` (rows) and ``v0 + dv b`` (columns) from ``source``.

    ``grid`` is flat, its rows contiguous; plane p, row r begins at (p plane_step + r row_step)
    times the length of a row. One row of two is blended first, contiguously, for a block of planes;
    then each sample sums over the block, so that the sum stays in a register. Writes
    ``out[start:stop]``; ``blend`` (BLOCK, length of a row + 2) is scratch.
    """
    count, wide = out.shape[1], grid.shape[0] // (planes * rows)
    padded = blend.shape[1]
    flat = blend.reshape(-1)
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
                row = grid[here * wide + low : here * wide + high]
                below = grid[there * wide + low : there * wide + high]
                line = blend[held]
                line[left:low] = 0.0
                line[high:right] = 0.0
                part = line[low:high]
                for c in range(part.shape[0]):
                    part[c] = row[c] + w * (below[c] - row[c])
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
                        total += flat[j] + f * (flat[j + np.uint64(1)] - flat[j])
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
def beer(masses, mu, kev, energy, line, bits, signal, squared):
    """Beer-Lambert in ``B`` bins behind ``N`` materials: masses (N, R, C), mu (N, B), g/cm2, cm2/g.

    Adds ``kev`` (B) times what is left to ``signal`` (R, C), and that times ``energy`` (B) to
    ``squared``. ``line``, float32, and ``bits``, int32 (C), are scratch. The exponential is 2 to a
    whole power, set in the bits of a float, times its Taylor series within half a power: unlike a
    call for each pixel it vectorises; its error is a rounding of float32.
    """
    count, rows, columns = masses.shape
    whole = bits.view(np.float32)
    one = np.float32(1.0)
    a1, a2, a3 = np.float32(_LN2), np.float32(_LN2**2 / 2.0), np.float32(_LN2**3 / 6.0)
    a4, a5 = np.float32(_LN2**4 / 24.0), np.float32(_LN2**5 / 120.0)
    a6, a7 = np.float32(_LN2**6 / 720.0), np.float32(_LN2**7 / 5040.0)
    least = np.float32(-126.0)
    for r in range(rows):
        total, weighted = signal[r], squared[r]
        for b in range(kev.shape[0]):
            line[:] = 0.0
            for n in range(count):
                slope, row = np.float32(mu[n, b] / _LN2), masses[n, r]
                for c in range(columns):
                    line[c] -= slope * row[c]
            for c in range(columns):
                power = max(line[c], least)
                near = np.floor(power + np.float32(0.5))
                f = power - near
                series = a4 + f * (a5 + f * (a6 + f * a7))
                line[c] = one + f * (a1 + f * (a2 + f * (a3 + f * series)))
                bits[c] = (np.int32(near) + np.int32(127)) << np.int32(23)
            here, each = kev[b], energy[b]
            for c in range(columns):
                left = here * line[c] * whole[c]
                total[c] += left
                weighted[c] += each * left


@kernel
def blur(image, taps, start, stop, line, out):
    """Separable sums with ``taps`` (2 reach + 1), the edge going on; writes ``out[start:stop]``.

    ``line`` (columns + 2 reach) is scratch.
    """
    rows, columns = image.shape
    reach = taps.shape[0] // 2
    middle = line[reach : reach + columns]
    for r in range(start, stop):
        middle[:] = 0.0
        for k in range(taps.shape[0]):
            tap, row = taps[k], image[min(max(r + k - reach, 0), rows - 1)]
            for c in range(columns):
                middle[c] += tap * row[c]
        line[:reach] = middle[0]
        line[reach + columns :] = middle[columns - 1]
        into = out[r]
        into[:] = 0.0
        for k in range(taps.shape[0]):
            tap, row = taps[k], line[k : k + columns]
            for c in range(columns):
                into[c] += tap * row[c]
