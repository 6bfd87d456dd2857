"""March of the lines, point spread, scan conversion.

A voxel of the scene is one word: label (bits 0-7), texture (8-15), distance from bone (16-31).
Lengths are in millimetres or voxels, as named; amplitudes are against a perfect mirror.
"""

import math

import numpy as np

from needle_sim.jit import kernel

TO_MM = 1.0 / 64.0  # of a step of the stored distance, as in field/_kernels.py
FAR = 1.0e9


@kernel(inline="always")
def _near(value, count):
    return min(max(math.floor(value + 0.5), 0), count - 1)


@kernel(inline="always")
def _bone_at(word):
    return (np.float64(word >> 16) - 32768.0) * TO_MM


@kernel(inline="always")
def _is(word, kin, to):
    return 1.0 if kin[word & 255] == to else 0.0


@kernel
def _distance(grid, x, y, z):
    # trilinear distance from bone at a point in voxels, clamped to the grid
    ni, nj, nk = grid.shape
    x = min(max(x, 0.0), ni - 1.001)
    y = min(max(y, 0.0), nj - 1.001)
    z = min(max(z, 0.0), nk - 1.001)
    a, b, c = int(x), int(y), int(z)
    u, v, w = x - a, y - b, z - c
    a1, b1, c1 = min(a + 1, ni - 1), min(b + 1, nj - 1), min(c + 1, nk - 1)
    low = (1 - v) * ((1 - w) * _bone_at(grid[a, b, c]) + w * _bone_at(grid[a, b, c1]))
    low += v * ((1 - w) * _bone_at(grid[a, b1, c]) + w * _bone_at(grid[a, b1, c1]))
    high = (1 - v) * ((1 - w) * _bone_at(grid[a1, b, c]) + w * _bone_at(grid[a1, b, c1]))
    high += v * ((1 - w) * _bone_at(grid[a1, b1, c]) + w * _bone_at(grid[a1, b1, c1]))
    return (1 - u) * low + u * high


@kernel
def _part(grid, kin, to, x, y, z):
    # share of what sounds alike among the eight voxels about a point, trilinear
    ni, nj, nk = grid.shape
    x = min(max(x, 0.0), ni - 1.001)
    y = min(max(y, 0.0), nj - 1.001)
    z = min(max(z, 0.0), nk - 1.001)
    a, b, c = int(x), int(y), int(z)
    u, v, w = x - a, y - b, z - c
    a1, b1, c1 = min(a + 1, ni - 1), min(b + 1, nj - 1), min(c + 1, nk - 1)
    low = (1 - v) * ((1 - w) * _is(grid[a, b, c], kin, to) + w * _is(grid[a, b, c1], kin, to))
    low += v * ((1 - w) * _is(grid[a, b1, c], kin, to) + w * _is(grid[a, b1, c1], kin, to))
    high = (1 - v) * ((1 - w) * _is(grid[a1, b, c], kin, to) + w * _is(grid[a1, b, c1], kin, to))
    high += v * ((1 - w) * _is(grid[a1, b1, c], kin, to) + w * _is(grid[a1, b1, c1], kin, to))
    return (1 - u) * low + u * high


@kernel
def _border(grid, kin, to, x, y, z, dx, dy, dz):
    # how far along a unit direction, in voxels, a tissue comes to hold half of a point's share
    before = _part(grid, kin, to, x - 0.8 * dx, y - 0.8 * dy, z - 0.8 * dz)
    for step in range(1, 5):
        at = 0.4 * step - 0.8
        here = _part(grid, kin, to, x + at * dx, y + at * dy, z + at * dz)
        if before < 0.5 <= here:
            return at - 0.4 * (here - 0.5) / (here - before)
        before = here
    return 0.0


@kernel
def march(
    grid, starts, steps, lift, offset, thick, loss, speckle, impedance, wall, kin, along, tone,
    noise, cells, gain, ds, bone, marks, share, truth, start, stop, echo, through, codes, surface,
):  # fmt: skip
    """Add what comes back along lines ``start`` to ``stop`` to ``echo`` (2, L, S).

    ``bone``: reflection, lobe, rough floor, loss, bloom, clutter, multiple; ``marks``: labels of
    air, skin, fat and muscle, samples of skin and of contact; see the constants of the wrapper.
    ``kin`` (T,): the label that each sounds as; no face shows between two of one sound.
    ``thick`` (S,): width of the slice that one plane stands for, mm, 0 where several do.
    """
    ni, nj, nk = grid.shape
    mirror, lobe, rough, bone_loss, bloom, clutter, haze, haze_fall, multiple, soft = bone
    air, skin, fat, muscle, skin_samples, contact = marks
    table = noise.shape[1] - 1
    loud = math.sqrt(share)
    lift_size = math.sqrt(lift[0] ** 2 + lift[1] ** 2 + lift[2] ** 2)
    for n in range(start, stop):
        sx, sy, sz = starts[n]
        dx, dy, dz = steps[n]
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        re, im, open_to, code = echo[0, n], echo[1, n], through[n], codes[n]
        weight = along[n]
        amp, clear, tail = 1.0, 1.0, 0.0
        last, before = -1, FAR
        again, again_amp = -1, 0.0
        first, mist = FAR, 0.0
        # contact: a gap under the face is bridged, the worse the wider it is
        gap = 0
        while gap <= contact:
            i, j = _near(sx + gap * dx, ni), _near(sy + gap * dy, nj)
            if (grid[i, j, _near(sz + gap * dz, nk)] & 255) != air:
                break
            gap += 1
        if 2 * gap > contact:
            amp = max(0.0, 2.0 - 2.0 * gap / contact)
        for s in range(re.shape[0]):
            o = offset[s]
            x = sx + s * dx + o * lift[0]
            y = sy + s * dy + o * lift[1]
            z = sz + s * dz + o * lift[2]
            i, j, k = _near(x, ni), _near(y, nj), _near(z, nk)
            word = np.int64(grid[i, j, k])
            name = word & 255
            shade = tone[(word >> 8) & 255]
            d = _bone_at(word)
            if kin[name] == air:
                if s <= contact:
                    name, shade = fat, 1.0
                elif clear > 0.0:
                    re[s] += share * amp * clear * mirror
                    clear, mist = 0.0, haze
            if s < skin_samples:
                name, shade = skin, 1.0
            if -2.0 < d < 2.0:
                d = _distance(grid, x, y, z)
            in_bone = d < 0.0
            if in_bone and before >= 0.0 and clear > 1e-4:
                part = before / (before - d) if before < FAR else 1.0
                gx = _distance(grid, x + 1, y, z) - _distance(grid, x - 1, y, z)
                gy = _distance(grid, x, y + 1, z) - _distance(grid, x, y - 1, z)
                gz = _distance(grid, x, y, z + 1) - _distance(grid, x, y, z - 1)
                size = math.sqrt(gx * gx + gy * gy + gz * gz) + 1e-12
                square = abs(gx * dx + gy * dy + gz * dz) / (size * length)
                unit = rough * square + (1.0 - rough) * math.exp(-(1.0 - square * square) * lobe)
                unit *= clear * mirror * shade * share
                tail = amp * unit
                # across the slice a tilted face lies at many depths: spread the echo over them
                away = abs(gx * lift[0] + gy * lift[1] + gz * lift[2]) / (size * lift_size)
                sigma = min(thick[s] * away / max(square, 0.2) / ds, 60.0) / 2.355
                if sigma > 1.0:
                    middle, total = s - 1.0 + part, 0.0
                    low = max(int(middle - 2.5 * sigma), 0)
                    high = min(int(middle + 2.5 * sigma) + 1, re.shape[0])
                    # a Gaussian, each sample from the one before it
                    first_of = math.exp(-0.5 * ((low - middle) / sigma) ** 2)
                    grows = math.exp(-((low - middle) + 0.5) / sigma**2)
                    shrinks = math.exp(-1.0 / sigma**2)
                    value, ratio = first_of, grows
                    for _ in range(low, high):
                        total += value
                        value, ratio = value * ratio, ratio * shrinks
                    value, ratio = first_of * tail / total, grows
                    for at in range(low, high):
                        re[at] += value
                        value, ratio = value * ratio, ratio * shrinks
                elif s > 0:
                    re[s - 1] += (1.0 - part) * tail
                    re[s] += part * tail
                else:
                    re[s] += tail
                if again < 0:
                    again, again_amp = 2 * s, unit * multiple
                    first = min(first, s - 1.0 + part)
                tail *= 0.5 / share  # of one plane, speckled, from here on
                mist = haze
            if s == again:
                re[s] += again_amp * amp
            to = kin[name]
            if not in_bone and last >= 0 and to != kin[last] and clear > 0.0 and to != air:
                one, two = impedance[last], impedance[name]
                face = (two - one) / (two + one)
                skinned = max(wall[last], wall[name])
                if skinned > abs(face):
                    face = skinned
                ux, uy, uz = dx / length, dy / length, dz / length
                at = _border(grid, kin, to, x, y, z, ux, uy, uz)
                px, py, pz = x + at * ux, y + at * uy, z + at * uz
                gx = _part(grid, kin, to, px + 1.5, py, pz) - _part(grid, kin, to, px - 1.5, py, pz)
                gy = _part(grid, kin, to, px, py + 1.5, pz) - _part(grid, kin, to, px, py - 1.5, pz)
                gz = _part(grid, kin, to, px, py, pz + 1.5) - _part(grid, kin, to, px, py, pz - 1.5)
                size = gx * gx + gy * gy + gz * gz
                square = (gx * ux + gy * uy + gz * uz) ** 2 / (size + 1e-12)
                face *= share * amp * clear * soft * shade * math.exp((square - 1.0) * lobe)
                part = s + at / length
                low = math.floor(part)
                part -= low
                if low >= 0 and low + 1 < re.shape[0]:
                    re[low] += (1.0 - part) * face
                    re[low + 1] += part * face
            h = np.int64(math.floor(x * cells)) * 73856093
            h ^= np.int64(math.floor(y * cells)) * 19349663
            h ^= np.int64(math.floor(z * cells)) * 83492791
            h &= 0xFFFFFFFF
            h = ((h ^ (h >> 15)) * 1274126177) & 0xFFFFFFFF
            h = (h ^ (h >> 13)) & table
            here = clear * amp * speckle[name] * shade * weight[name]
            if in_bone:
                here = tail
                tail *= bloom
                clear *= bone_loss
            here += (1.0 - clear) * amp * clutter * (1.0 + mist)
            mist *= haze_fall
            here *= loud * gain[s]
            re[s] += here * noise[0, h]
            im[s] += here * noise[1, h]
            open_to[s] += share * clear * amp
            if truth:
                code[s] = name | (128 if in_bone else 0) | (64 if clear < 0.1 else 0)
            # what lies in a shadow must not show, not even by its loss
            amp *= loss[muscle] if in_bone or clear < 0.1 else loss[name]
            last, before = name, d
        if truth:
            surface[n] = first


@kernel
def blur(echo, weights, reach, taps, stride, first, start, stop, row, out):
    """Point spread of lines ``start`` to ``stop``: across by depth, then along; (2, L, S).

    ``weights`` (K, S) are those of a neighbour k lines away, ``reach`` (B,) the last that counts
    in a block of samples; ``taps`` (T,) those of a sample t away. ``row`` (S + 2 T) is scratch.
    """
    count = out.shape[2]
    block = -(-count // reach.shape[0])
    edge = taps.shape[0]
    middle = row[edge : edge + count]
    for part in range(2):
        lines = echo[part]
        for n in range(start, stop):
            at = first + n * stride
            for b in range(reach.shape[0]):
                # views that start at 0: a loop over them needs no check of signs and vectorises
                low, high = b * block, min((b + 1) * block, count)
                here, weight, to = lines[at, low:high], weights[0, low:high], middle[low:high]
                for s in range(to.shape[0]):
                    to[s] = here[s] * weight[s]
                for k in range(1, reach[b] + 1):
                    left, right = lines[at - k, low:high], lines[at + k, low:high]
                    weight = weights[k, low:high]
                    for s in range(to.shape[0]):
                        to[s] += (left[s] + right[s]) * weight[s]
            done, tap = out[part, n], taps[0]
            for s in range(done.shape[0]):
                done[s] = middle[s] * tap
            for t in range(1, edge):
                left, right, tap = row[edge - t :], row[edge + t :], taps[t]
                for s in range(done.shape[0]):
                    done[s] += tap * (left[s] + right[s])


@kernel
def hiss(lines, normal, drawn, level):
    """Add to lines (2, L, S) the entry of ``normal`` (2, N) that ``drawn`` (L, S) names."""
    for n in range(drawn.shape[0]):
        re, im, here = lines[0, n], lines[1, n], drawn[n]
        for s in range(here.shape[0]):
            re[s] += level * normal[0, here[s]]
            im[s] += level * normal[1, here[s]]


@kernel
def convert(
    lines_db, codes, at_line, at_sample, stride, black_db, range_db, start, stop, out, seen
):
    """Picture rows ``start`` to ``stop``: bilinear in dB from lines (L, S), codes by the nearest.

    ``at_line`` (R, C) is below 0 outside the sector.
    """
    lines, samples = lines_db.shape
    for r in range(start, stop):
        line_row, sample_row, out_row, seen_row = at_line[r], at_sample[r], out[r], seen[r]
        for c in range(out_row.shape[0]):
            line = line_row[c]
            if line < 0.0:
                out_row[c], seen_row[c] = 0.0, 0
                continue
            sample = sample_row[c]
            a, b = min(int(line), lines - 2), min(int(sample), samples - 2)
            u, v = line - a, sample - b
            low, high = lines_db[a], lines_db[a + 1]
            value = (1 - u) * ((1 - v) * low[b] + v * low[b + 1])
            value += u * ((1 - v) * high[b] + v * high[b + 1])
            out_row[c] = min(max((value - black_db) / range_db, 0.0), 1.0)
            code = codes[(a + (u > 0.5)) * stride + stride // 2]
            seen_row[c] = code[b + (v > 0.5)]
