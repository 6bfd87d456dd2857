"""Signed distances over many points; SI has no place here, millimetres in and out."""

import math

from needle_sim.jit import kernel


@kernel(inline="always")
def _round_cone(px, py, pz, ax, ay, az, bx, by, bz, ra, rb):
    # the radius runs linearly from a to b: distance to the axis less the radius abreast of it
    ux, uy, uz = bx - ax, by - ay, bz - az
    square = ux * ux + uy * uy + uz * uz
    share = 0.0
    if square > 0.0:
        share = ((px - ax) * ux + (py - ay) * uy + (pz - az) * uz) / square
        share = min(1.0, max(0.0, share))
    dx, dy, dz = px - ax - share * ux, py - ay - share * uy, pz - az - share * uz
    return math.sqrt(dx * dx + dy * dy + dz * dz) - (ra + share * (rb - ra))


@kernel
def tube_distance(points, starts, ends, start_radius, end_radius, out):
    """Least signed distance (P,) of points (P, 3) over segments with linearly changing radius."""
    for p in range(points.shape[0]):
        best = math.inf
        px, py, pz = points[p, 0], points[p, 1], points[p, 2]
        for s in range(starts.shape[0]):
            a, b = starts[s], ends[s]
            here = _round_cone(
                px, py, pz, a[0], a[1], a[2], b[0], b[1], b[2], start_radius[s], end_radius[s]
            )
            best = min(best, here)
        out[p] = best


@kernel
def _bar(row, x, y, z):
    # x across, y across, z along a flat or round bar from z = 0 to its length; see `shapes.bar`
    length = row[19]
    share = 0.0
    if length > 0.0:
        share = min(1.0, max(0.0, z / length))
    beyond = z - share * length
    ru = row[12] + share * (row[14] - row[12])
    rv = row[13] + share * (row[15] - row[13])
    u, v, w = abs(x) / ru, abs(y) / rv, abs(beyond) / row[16]
    if row[17] == 4.0:
        u2, v2, w2 = u * u, v * v, w * w
        total = u2 * u2 + v2 * v2 + w2 * w2
        norm = math.sqrt(math.sqrt(total))
        cube = norm * norm * norm
        gu, gv, gw = u2 * u / ru, v2 * v / rv, w2 * w / row[16]
        share_u, share_v = u2 * u2, v2 * v2
    else:
        total = u * u + v * v + w * w
        norm = math.sqrt(total)
        cube = norm
        gu, gv, gw = u / ru, v / rv, w / row[16]
        share_u, share_v = u * u, v * v
    steep = math.sqrt(gu * gu + gv * gv + gw * gw)
    least = min(ru, rv)
    if steep < 1e-9:
        return -least
    d = (norm - 1.0) * cube / steep
    if length > 0.0:  # the slope of a taper
        slope = ((row[14] - row[12]) * share_u + (row[15] - row[13]) * share_v) / (total * length)
        d /= math.sqrt(1.0 + slope * slope)
    return max(d, -least)


@kernel
def _body(row, x, y, z):
    # a waisted, wedged drum with dished ends; see `shapes.drum`
    half = 0.25 * (row[16] + row[17])
    tilt = (row[17] - row[16]) / (row[13] + row[15])
    top = max(half + tilt * y, 1.0)
    t = min(1.0, max(-1.0, z / top))
    dent = row[18] * (1.0 - t * t)
    a = 0.25 * ((row[12] + row[14]) + t * (row[12] - row[14])) - dent
    b = 0.25 * ((row[13] + row[15]) + t * (row[13] - row[15])) - (dent if y < 0.0 else 0.4 * dent)
    u, v = abs(x) / a, abs(y) / b
    gu, gv = u * math.sqrt(u), v * math.sqrt(v)
    total = u * gu + v * gv
    norm = total**0.4
    # d(norm)/dx = norm^(-3/2) u^(3/2) / a
    steep = math.sqrt((gu / a) ** 2 + (gv / b) ** 2)
    if steep < 1e-9:
        side = -min(a, b)
    else:
        side = max((norm - 1.0) * norm * math.sqrt(norm) / steep, -min(a, b))
    slope = 2.0 * row[18] * t / top
    side /= math.sqrt(1.0 + slope * slope)
    dish = row[19] * max(0.0, 1.0 - norm * norm)
    end = (abs(z) - top + dish) / math.sqrt(1.0 + tilt * tilt)
    radius = row[20]
    su, se = side + radius, end + radius
    outer = math.sqrt(max(su, 0.0) ** 2 + max(se, 0.0) ** 2)
    return outer + min(max(su, se), 0.0) - radius


@kernel
def _box(row, x, y, z):
    radius = row[15]
    qx, qy, qz = abs(x) - row[12] + radius, abs(y) - row[13] + radius, abs(z) - row[14] + radius
    ox, oy, oz = max(qx, 0.0), max(qy, 0.0), max(qz, 0.0)
    return math.sqrt(ox * ox + oy * oy + oz * oz) + min(max(qx, qy, qz), 0.0) - radius


@kernel
def implicit_distance(points, rows, frames, out):
    """Signed distance (P,) of points (P, 3) from a program of rows, run from first to last.

    Each row: kind (0 bar, 1 drum, 2 box), step (0 add, 1 cut), blend radius, and its figures;
    ``frames`` (rows, 17) hold the origin and the three axes of each, a sphere around it, and the
    least share of the true distance that it can give: where that cannot count, it is passed over.
    """
    for p in range(points.shape[0]):
        px, py, pz = points[p, 0], points[p, 1], points[p, 2]
        d = 1e9
        for r in range(rows.shape[0]):
            f = frames[r]
            row = rows[r]
            k = row[2]
            far = max(0.0, (d + k if row[1] == 0.0 else k - d) / f[16]) + f[15]
            sx, sy, sz = px - f[12], py - f[13], pz - f[14]
            if sx * sx + sy * sy + sz * sz > far * far:
                continue
            dx, dy, dz = px - f[0], py - f[1], pz - f[2]
            x = dx * f[3] + dy * f[4] + dz * f[5]
            y = dx * f[6] + dy * f[7] + dz * f[8]
            z = dx * f[9] + dy * f[10] + dz * f[11]
            kind = row[0]
            if kind == 0.0:
                here = _bar(row, x, y, z)
            elif kind == 1.0:
                here = _body(row, x, y, z)
            else:
                here = _box(row, x, y, z)
            if row[1] == 0.0:
                h = max(k - abs(d - here), 0.0)
                d = min(d, here) - (0.25 * h * h / k if k > 0.0 else 0.0)
            else:
                h = max(k - abs(d + here), 0.0)
                d = max(d, -here) + (0.25 * h * h / k if k > 0.0 else 0.0)
        out[p] = d
