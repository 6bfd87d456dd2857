"""What cells of a pyramid of rays send to the detector, and sums over blocks of a volume."""

import math

from needle_sim.jit import kernel


@kernel(fastmath=True)
def ahead_of(y, x, z, to_y, to_x, plane, density, rows, columns, depths, step):
    """Soft tissue and bone, g/cm2 of upright way, between a point and the detector."""
    n_rows, n_columns, n_depths = density.shape[1], density.shape[2], density.shape[3]
    per_row, per_column = 1.0 / (rows[1] - rows[0]), 1.0 / (columns[1] - columns[0])
    slope_y, slope_x = (to_y - y) / (plane - z), (to_x - x) / (plane - z)
    soft, bone = 0.0, 0.0
    begin = max(int((z - depths[0]) / step + 0.5), 0)
    for n in range(begin, n_depths):
        part = min((depths[n] + 0.5 * step - z) / step, 1.0)
        middle = depths[n] + 0.5 * (1.0 - part) * step
        p = ((y + slope_y * (middle - z)) / middle - rows[0]) * per_row
        q = ((x + slope_x * (middle - z)) / middle - columns[0]) * per_column
        p, q = min(max(p, 0.0), n_rows - 1.001), min(max(q, 0.0), n_columns - 1.001)
        i, j = int(p), int(q)
        p, q = p - i, q - j
        a, b, c, d = (1.0 - p) * (1.0 - q), (1.0 - p) * q, p * (1.0 - q), p * q
        low = a * density[0, i, j, n] + b * density[0, i, j + 1, n]
        low += c * density[0, i + 1, j, n] + d * density[0, i + 1, j + 1, n]
        hard = a * density[1, i, j, n] + b * density[1, i, j + 1, n]
        hard += c * density[1, i + 1, j, n] + d * density[1, i + 1, j + 1, n]
        soft += part * low
        bone += part * hard
    return soft * step, bone * step


@kernel(fastmath=True)
def sent(
    density,
    rows,
    columns,
    depths,
    step,
    places,
    photons,
    once,
    leaves,
    lines,
    late,
    forward,
    through,
    reach,
    plane,
    at_rows,
    at_columns,
    start,
    stop,
    out,
):
    """Adds scatter of cells to points of the detector, rows ``start`` to ``stop`` of ``out``.

    ``density`` (2, R, C, K), g/cm3, at slopes ``rows`` and ``columns`` and ``depths``, cm from the
    focal spot, ``step`` apart. ``places`` (N, 3): slopes and depth of what sends, ``photons``
    (N, G) by group of energies; the first ``once`` of them were scattered once: they leave
    ``leaves`` (G, U) on the detector a steradian, by the sine of half their angle, and are
    attenuated by ``lines`` (2, G, U), cm2/g. The others go evenly to all sides but for a power
    ``forward`` of the cosine; ``late`` (G, 3): what one leaves, its attenuation. ``through``
    (2, G, A, B): share let through by slopes off the focused ray, across and along the strips,
    at x / (x + ``reach``).
    """
    groups, angles = leaves.shape
    n_across, n_along = through.shape[2] - 1, through.shape[3] - 1
    for n in range(places.shape[0]):
        slope_y, slope_x, z = places[n]
        kind = 0 if n < once else 1
        y, x = slope_y * z, slope_x * z
        norm = math.sqrt(1.0 + slope_y**2 + slope_x**2)
        dz = plane - z
        for d in range(start, stop):
            dy = at_rows[d] - y
            for f in range(at_columns.shape[0]):
                dx = at_columns[f] - x
                away2 = dx * dx + dy * dy + dz * dz
                away = math.sqrt(away2)
                upright = dz / away
                soft, bone = ahead_of(
                    y, x, z, at_rows[d], at_columns[f], plane, density, rows, columns, depths, step
                )
                soft, bone = soft / upright, bone / upright
                across = abs(dx / dz - at_columns[f] / plane)
                along = abs(dy / dz - at_rows[d] / plane)
                p = across / (across + reach[0]) * n_across
                q = along / (along + reach[1]) * n_along
                i, j = int(p), int(q)
                p, q = p - i, q - j
                scale, m, u = upright / away2, 0, 0.0
                if kind == 0:
                    cosine = (dx * slope_x + dy * slope_y + dz) / (away * norm)
                    u = math.sqrt(max(0.0, 0.5 * (1.0 - cosine))) * (angles - 1)
                    m = min(int(u), angles - 2)
                    u -= m
                else:
                    scale *= upright**forward
                total = 0.0
                for g in range(groups):
                    table = through[kind, g]
                    near = (1.0 - q) * table[i, j] + q * table[i, j + 1]
                    far = (1.0 - q) * table[i + 1, j] + q * table[i + 1, j + 1]
                    if kind == 0:
                        leaf = leaves[g, m] + u * (leaves[g, m + 1] - leaves[g, m])
                        line = soft * (lines[0, g, m] + u * (lines[0, g, m + 1] - lines[0, g, m]))
                        line += bone * (lines[1, g, m] + u * (lines[1, g, m + 1] - lines[1, g, m]))
                    else:
                        leaf, line = late[g, 0], soft * late[g, 1] + bone * late[g, 2]
                    leaf *= (1.0 - p) * near + p * far
                    total += photons[n, g] * leaf * math.exp(-line)
                out[d, f] += scale * total


@kernel
def summed(values, origin, filled, shape, factor, out):
    """Sums of a `Layout` over blocks of ``factor`` voxels, into ``out``."""
    for n in range(origin.shape[0]):
        i, j = n // shape[1] // factor[0], n % shape[1] // factor[1]
        for c in range(filled[n, 0], filled[n, 1]):
            out[i, j, c // factor[2]] += values[origin[n] + c]
