"""What cells of a pyramid of rays send to the detector."""

import math

from needle_sim.jit import kernel


@kernel
def sent(
    soft, bone, rows, columns, depths, step, first, later, after, softer, harder, late, forward, grid, reach,
    plane, at_rows, at_columns, start, stop, out,
):
    """Adds scatter of cells (R, C, K) to points of the detector, rows ``start`` to ``stop``.

    The cells stand at slopes ``rows`` and ``columns`` and at ``depths``, cm from the focal spot,
    ``step`` apart. ``soft``, ``bone`` g/cm3. ``first`` (G, R, C, K): photons scattered once, by
    group; ``after`` (G, U): what one of them leaves on the detector a steradian, by the sine of
    half its angle; ``softer``, ``harder`` (G, U): attenuation then, cm2/g. ``later`` (R, C, K):
    photons scattered again, evenly to all sides, ``late`` (3,): what one leaves a steradian and its
    attenuation. ``grid`` (G + 1, A, B): share let through by slopes across and along the strips,
    the last that of ``later``, at x / (x + ``reach``). ``out`` (D, D').
    """
    groups, angles = after.shape
    n_rows, n_columns, n_depths = soft.shape
    row_step, column_step = rows[1] - rows[0], columns[1] - columns[0]
    for d in range(start, stop):
        for f in range(at_columns.shape[0]):
            total = 0.0
            for a in range(n_rows):
                for b in range(n_columns):
                    norm = math.sqrt(1.0 + rows[a] ** 2 + columns[b] ** 2)
                    for k in range(n_depths):
                        some = 0.0
                        for g in range(groups):
                            some += first[g, a, b, k] + later[g, a, b, k]
                        if some <= 0.0:
                            continue
                        z = depths[k]
                        y, x = rows[a] * z, columns[b] * z
                        dy, dx, dz = at_rows[d] - y, at_columns[f] - x, plane - z
                        away2 = dx * dx + dy * dy + dz * dz
                        away = math.sqrt(away2)
                        upright = dz / away
                        cosine = (dx * columns[b] + dy * rows[a] + dz) / (away * norm)
                        sine = math.sqrt(max(0.0, 0.5 * (1.0 - cosine)))
                        low, hard = 0.5 * soft[a, b, k], 0.5 * bone[a, b, k]
                        for n in range(k + 1, n_depths):
                            ahead = depths[n] - z
                            p = ((y + dy / dz * ahead) / depths[n] - rows[0]) / row_step
                            q = ((x + dx / dz * ahead) / depths[n] - columns[0]) / column_step
                            p = min(max(p, 0.0), n_rows - 1.001)
                            q = min(max(q, 0.0), n_columns - 1.001)
                            i, j = int(p), int(q)
                            p -= i
                            q -= j
                            one = (1.0 - p) * (1.0 - q)
                            two = (1.0 - p) * q
                            three = p * (1.0 - q)
                            four = p * q
                            low += one * soft[i, j, n] + two * soft[i, j + 1, n]
                            low += three * soft[i + 1, j, n] + four * soft[i + 1, j + 1, n]
                            hard += one * bone[i, j, n] + two * bone[i, j + 1, n]
                            hard += three * bone[i + 1, j, n] + four * bone[i + 1, j + 1, n]
                        low *= step / upright
                        hard *= step / upright
                        across = abs(dx / dz - at_columns[f] / plane)
                        along = abs(dy / dz - at_rows[d] / plane)
                        p = across / (across + reach[0]) * (grid.shape[2] - 1)
                        q = along / (along + reach[1]) * (grid.shape[3] - 1)
                        i, j = int(p), int(q)
                        p -= i
                        q -= j
                        u = sine * (angles - 1)
                        m = min(int(u), angles - 2)
                        u -= m
                        scale = upright / away2
                        ahead_of = upright**forward
                        for g in range(groups):
                            near = (1.0 - q) * grid[0, g, i, j] + q * grid[0, g, i, j + 1]
                            far = (1.0 - q) * grid[0, g, i + 1, j] + q * grid[0, g, i + 1, j + 1]
                            through = (1.0 - p) * near + p * far
                            leaves = after[g, m] + u * (after[g, m + 1] - after[g, m])
                            line = low * (softer[g, m] + u * (softer[g, m + 1] - softer[g, m]))
                            line += hard * (harder[g, m] + u * (harder[g, m + 1] - harder[g, m]))
                            left = first[g, a, b, k] * leaves * through * math.exp(-line)
                            near = (1.0 - q) * grid[1, g, i, j] + q * grid[1, g, i, j + 1]
                            far = (1.0 - q) * grid[1, g, i + 1, j] + q * grid[1, g, i + 1, j + 1]
                            through = (1.0 - p) * near + p * far
                            line = low * late[g, 1] + hard * late[g, 2]
                            left += later[g, a, b, k] * late[g, 0] * ahead_of * through * math.exp(-line)
                            total += scale * left
            out[d, f] += total


@kernel
def summed(values, origin, filled, shape, factor, out):
    """Sums of a `Layout` over blocks of ``factor`` voxels, into ``out``."""
    for n in range(origin.shape[0]):
        i, j = n // shape[1] // factor[0], n % shape[1] // factor[1]
        for c in range(filled[n, 0], filled[n, 1]):
            out[i, j, c // factor[2]] += values[origin[n] + c]
