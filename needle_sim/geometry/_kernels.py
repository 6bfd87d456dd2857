"""Signed distances over many points; SI has no place here, millimetres in and out."""

import math

from needle_sim.jit import kernel

RUN = 64  # points in a row that lie together, as the voxels of a block do
FEW = 16  # for fewer it is not worth while to look for what can count among them
STEEPEST = 2.0  # change of a distance over that of the place, with room to spare


@kernel(inline="always")
def _around(points, first, last):
    # the middle of the box around some points, and how far they lie from it
    low_x = high_x = points[first, 0]
    low_y = high_y = points[first, 1]
    low_z = high_z = points[first, 2]
    for p in range(first + 1, last):
        low_x, high_x = min(low_x, points[p, 0]), max(high_x, points[p, 0])
        low_y, high_y = min(low_y, points[p, 1]), max(high_y, points[p, 1])
        low_z, high_z = min(low_z, points[p, 2]), max(high_z, points[p, 2])
    dx, dy, dz = 0.5 * (high_x - low_x), 0.5 * (high_y - low_y), 0.5 * (high_z - low_z)
    return low_x + dx, low_y + dy, low_z + dz, math.sqrt(dx * dx + dy * dy + dz * dz)


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
def tube_distance(points, starts, ends, start_radius, end_radius, kept, out):
    """Least signed distance (P,) of points (P, 3) over segments with linearly changing radius.

    ``kept`` (segments + 1,) is scratch: the segments that can be the nearest of a run of points.
    """
    count = points.shape[0]
    for first in range(0, count, RUN):
        last = min(first + RUN, count)
        many = starts.shape[0]
        for s in range(many):
            kept[s] = s
        if last - first >= FEW and many > 2:
            cx, cy, cz, reach = _around(points, first, last)
            best = math.inf
            for s in range(many):
                a, b = starts[s], ends[s]
                here = _round_cone(
                    cx, cy, cz, a[0], a[1], a[2], b[0], b[1], b[2], start_radius[s], end_radius[s]
                )
                best = min(best, here)
            found = 0
            for s in range(many):
                a, b = starts[s], ends[s]
                here = _round_cone(
                    cx, cy, cz, a[0], a[1], a[2], b[0], b[1], b[2], start_radius[s], end_radius[s]
                )
                if here <= best + 2.0 * STEEPEST * reach:
                    kept[found] = s
                    found += 1
            many = found
        for p in range(first, last):
            best = math.inf
            px, py, pz = points[p, 0], points[p, 1], points[p, 2]
            for n in range(many):
                s = kept[n]
                a, b = starts[s], ends[s]
                here = _round_cone(
                    px, py, pz, a[0], a[1], a[2], b[0], b[1], b[2], start_radius[s], end_radius[s]
                )
                best = min(best, here)
            out[p] = best


@kernel
def tubes_in_boxes(low, step, starts, ends, radii, boxes, depth):
    """Lower ``depth`` (I, J, K) to the distance of each segment, in its box of voxels.

    ``low`` is the centre of voxel 0, 0, 0 as x, y, z; ``radii`` (S, 2) those of both ends;
    ``boxes`` (S, 2, 3) first and last but one slice, row and column.
    """
    for s in range(starts.shape[0]):
        a, b = starts[s], ends[s]
        for i in range(boxes[s, 0, 0], boxes[s, 1, 0]):
            z = low[2] + i * step
            for j in range(boxes[s, 0, 1], boxes[s, 1, 1]):
                y, row = low[1] + j * step, depth[i, j]
                for k in range(boxes[s, 0, 2], boxes[s, 1, 2]):
                    x = low[0] + k * step
                    here = _round_cone(
                        x, y, z, a[0], a[1], a[2], b[0], b[1], b[2], radii[s, 0], radii[s, 1]
                    )
                    row[k] = min(row[k], here)


@kernel(error_model="numpy", fastmath={"contract"})
def _bars(row, x, y, z, many, out):
    # x across, y across, z along a flat or round bar from z = 0 to its length; see `shapes.bar`
    ru0, rv0, ru1, rv1, cap, length = (
        row[12],
        row[13],
        row[14] - row[12],
        row[15] - row[13],
        row[16],
        row[19],
    )
    per_length = 1.0 / length if length > 0.0 else 0.0
    per_cap = 1.0 / cap
    squared = row[17] == 4.0
    for n in range(many):
        share = min(1.0, max(0.0, z[n] * per_length))
        beyond = z[n] - share * length
        ru, rv = ru0 + share * ru1, rv0 + share * rv1
        per_both = 1.0 / (ru * rv)  # divisions and roots are what this costs
        per_u, per_v = per_both * rv, per_both * ru
        u, v, w = abs(x[n]) * per_u, abs(y[n]) * per_v, abs(beyond) * per_cap
        u2, v2, w2 = u * u, v * v, w * w
        gu, gv, gw = u * per_u, v * per_v, w * per_cap
        if squared:
            gu, gv, gw = gu * u2, gv * v2, gw * w2
            u2, v2, w2 = u2 * u2, v2 * v2, w2 * w2
        total = u2 + v2 + w2
        root = math.sqrt(total)
        norm = math.sqrt(root) if squared else root
        cube = norm * root if squared else norm
        steep = gu * gu + gv * gv + gw * gw
        taper = (ru1 * u2 + rv1 * v2) * per_length
        slope = max(steep * (total * total + taper * taper), 1e-300)  # squared, with the taper's
        d = (norm - 1.0) * cube * total / math.sqrt(slope)
        least = min(ru, rv)
        out[n] = -least if steep < 1e-18 else max(d, -least)


@kernel(error_model="numpy", fastmath={"contract"})
def _drums(row, x, y, z, many, out):
    # a waisted, wedged drum with dished ends; see `shapes.drum`
    half = 0.25 * (row[16] + row[17])
    tilt = (row[17] - row[16]) / (row[13] + row[15])
    wide, deep, wider, deeper = (
        row[12] + row[14],
        row[13] + row[15],
        row[12] - row[14],
        row[13] - row[15],
    )
    waist, dished, radius, lean = row[18], row[19], row[20], row[21]
    upright = math.sqrt(1.0 + tilt * tilt + lean * lean)
    for n in range(many):
        top = max(half + tilt * y[n] + lean * x[n], 1.0)
        t = min(1.0, max(-1.0, z[n] / top))
        dent = waist * (1.0 - t * t)
        a = 0.25 * (wide + t * wider) - dent
        b = 0.25 * (deep + t * deeper) - (dent if y[n] < 0.0 else 0.4 * dent)
        u, v = abs(x[n]) / a, abs(y[n]) / b
        gu, gv = u * math.sqrt(u), v * math.sqrt(v)
        norm = (u * gu + v * gv) ** 0.4
        # d(norm)/dx = norm^(-3/2) u^(3/2) / a
        steep = math.sqrt((gu / a) * (gu / a) + (gv / b) * (gv / b))
        side = max((norm - 1.0) * norm * math.sqrt(norm) / max(steep, 1e-12), -min(a, b))
        side = -min(a, b) if steep < 1e-9 else side
        slope = 2.0 * waist * t / top
        side /= math.sqrt(1.0 + slope * slope)
        dish = dished * max(0.0, 1.0 - norm * norm)
        end = (abs(z[n]) - top + dish) / upright
        su, se = side + radius, end + radius
        ou, oe = max(su, 0.0), max(se, 0.0)
        out[n] = math.sqrt(ou * ou + oe * oe) + min(max(su, se), 0.0) - radius


@kernel(error_model="numpy", fastmath={"contract"})
def _boxes(row, x, y, z, many, out):
    radius = row[15]
    hx, hy, hz = row[12] - radius, row[13] - radius, row[14] - radius
    for n in range(many):
        qx, qy, qz = abs(x[n]) - hx, abs(y[n]) - hy, abs(z[n]) - hz
        ox, oy, oz = max(qx, 0.0), max(qy, 0.0), max(qz, 0.0)
        out[n] = math.sqrt(ox * ox + oy * oy + oz * oz) + min(max(qx, qy, qz), 0.0) - radius


@kernel(error_model="numpy", fastmath={"contract"})
def _add_row(row, frame, points, first, many, work, d):
    # the distances d of some points after one more row of the program
    x, y, z, here = work[0], work[1], work[2], work[3]
    f0, f1, f2, f3, f4, f5 = frame[0], frame[1], frame[2], frame[3], frame[4], frame[5]
    f6, f7, f8, f9, f10, f11 = frame[6], frame[7], frame[8], frame[9], frame[10], frame[11]
    for n in range(many):
        dx, dy, dz = points[first + n, 0] - f0, points[first + n, 1] - f1, points[first + n, 2] - f2
        x[n] = dx * f3 + dy * f4 + dz * f5
        y[n] = dx * f6 + dy * f7 + dz * f8
        z[n] = dx * f9 + dy * f10 + dz * f11
    if row[0] == 0.0:
        _bars(row, x, y, z, many, here)
    elif row[0] == 1.0:
        _drums(row, x, y, z, many, here)
    else:
        _boxes(row, x, y, z, many, here)
    k = row[2]
    quarter = 0.25 / k if k > 0.0 else 0.0
    if row[1] == 0.0:
        for n in range(many):
            h = max(k - abs(d[n] - here[n]), 0.0)
            d[n] = min(d[n], here[n]) - quarter * h * h
    else:
        for n in range(many):
            h = max(k - abs(d[n] + here[n]), 0.0)
            d[n] = max(d[n], -here[n]) + quarter * h * h


@kernel
def _run(points, first, many, reach, rows, frames, work, kept, count, keep):
    # the program with the rows that are kept at some points, their distances into work[4]; with
    # `keep`, only of the rows that can count within `reach` of the first, put first in `kept`
    d = work[4]
    for n in range(many):
        d[n] = 1e9
    found = 0
    for m in range(count):
        r = kept[m]
        if keep:
            spare = rows[r, 2] + STEEPEST * reach
            far = d[0] + spare if rows[r, 1] == 0.0 else spare - d[0]
            far = max(0.0, far / frames[r, 16]) + reach
            sx = points[first, 0] - frames[r, 12]
            sy = points[first, 1] - frames[r, 13]
            sz = points[first, 2] - frames[r, 14]
            away = 0.0
            for axis in range(3):
                a = 3 * axis + 3
                side = abs(sx * frames[r, a] + sy * frames[r, a + 1] + sz * frames[r, a + 2])
                side = max(0.0, side - frames[r, 17 + axis])
                away += side * side
            if away > far * far:
                continue
            kept[found] = r
            found += 1
        _add_row(rows[r], frames[r], points, first, many, work, d)
    return found


@kernel
def implicit_distance(points, rows, frames, work, kept, out):
    """Signed distance (P,) of points (P, 3) from a program of rows, run from first to last.

    Each row: kind (0 bar, 1 drum, 2 box), step (0 add, 1 cut), blend radius, and its figures;
    ``frames`` (rows, 20) hold the origin and the three axes of each, the middle of a box around it,
    [15] free, the least share of the true distance that it can give, and half the sides of the box:
    where that cannot count for a run of points, it is passed over. ``work`` (6, RUN) and ``kept``
    (rows,) are scratch.
    """
    count = points.shape[0]
    for first in range(0, count, RUN):
        last = min(first + RUN, count)
        many = rows.shape[0]
        for r in range(many):
            kept[r] = r
        if many > 2:
            x, y, z, reach = _around(points, first, last)
            middle = work[5:6, :3]
            middle[0, 0], middle[0, 1], middle[0, 2] = x, y, z
            many = _run(middle, 0, 1, reach, rows, frames, work, kept, many, True)
        _run(points, first, last - first, 0.0, rows, frames, work, kept, many, False)
        for p in range(first, last):
            out[p] = work[4, p - first]


@kernel
def trace(at, towards, off, rows, frames, work, kept):
    """Move ``at`` (1, 3) along ``towards`` (3,) until it lies ``off`` from the shape; the gap left.

    Sphere tracing; it ends after 400 steps, or 500 away from the shape.
    """
    gap = 0.0
    for _ in range(400):
        for r in range(rows.shape[0]):
            kept[r] = r
        _run(at, 0, 1, 0.0, rows, frames, work, kept, rows.shape[0], True)
        gap = work[4, 0] - off
        if abs(gap) < 1e-7 or gap > 500.0:
            return gap
        share = gap * (0.9 if gap > 0.0 else 0.5)
        for axis in range(3):
            at[0, axis] += towards[axis] * share
    return gap
