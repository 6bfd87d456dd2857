"""The words of a scene's grid; lengths in millimetres or voxels, as named."""

import math

import numpy as np

from needle_sim.jit import kernel

TO_MM = 1.0 / 64.0  # of a step of the stored distance


@kernel(inline="always")
def _wave(tile, i, j, k):
    # a texture tile, periodic, at a rounded place; sides are powers of two
    n = tile.shape[0] - 1
    return np.float64(tile[np.int64(i) & n, np.int64(j) & n, np.int64(k) & n])


@kernel
def assemble(
    labels, bone, back, stamp, exact, texture, kin, tiles, middle, first_mm, h, fat, muscle,
    first_bone, last_bone, start, stop, out,
):  # fmt: skip
    """Fill planes ``start`` to ``stop`` of the grid.

    Labels are taken by majority of the eight voxels about a point, weighted as for trilinear
    sampling: first of those that sound alike (``kin``), then among these; bone is the nearer of the
    exact and the voxels' distance.
    """
    ni, nj, nk = labels.shape
    votes = np.empty(8, dtype=np.float64)
    names = np.empty(8, dtype=np.int64)
    for i in range(start, stop):
        for j in range(out.shape[1]):
            y = first_mm[1] + h * j
            for k in range(out.shape[2]):
                u = back[0, 0] * i + back[0, 1] * j + back[0, 2] * k + back[0, 3]
                v = back[1, 0] * i + back[1, 1] * j + back[1, 2] * k + back[1, 3]
                w = back[2, 0] * i + back[2, 1] * j + back[2, 2] * k + back[2, 3]
                u = min(max(u, 0.0), ni - 1.0)
                v = min(max(v, 0.0), nj - 1.0)
                w = min(max(w, 0.0), nk - 1.0)
                a, b, c = int(u), int(v), int(w)
                a1, b1, c1 = min(a + 1, ni - 1), min(b + 1, nj - 1), min(c + 1, nk - 1)
                fu, fv, fw = u - a, v - b, w - c
                found = 0
                depth = 0.0
                one = labels[a, b, c]
                whole = (
                    labels[a1, b1, c1] == one and labels[a, b, c1] == one
                    and labels[a, b1, c] == one and labels[a1, b, c] == one
                    and labels[a1, b1, c] == one and labels[a1, b, c1] == one
                    and labels[a, b1, c1] == one
                )  # fmt: skip
                if whole and bone[a, b, c] > 100.0:
                    depth = np.float64(bone[a, b, c])
                    found = 1
                    names[0], votes[0] = np.int64(one), 1.0
                    if kin[one] == first_bone or kin[one] == last_bone:
                        names[0] = muscle
                for corner in range(0 if found else 8):
                    p = a1 if corner & 4 else a
                    q = b1 if corner & 2 else b
                    r = c1 if corner & 1 else c
                    share = (fu if corner & 4 else 1.0 - fu) * (fv if corner & 2 else 1.0 - fv)
                    share *= fw if corner & 1 else 1.0 - fw
                    depth += share * bone[p, q, r]
                    name = np.int64(labels[p, q, r])
                    if kin[name] == first_bone or kin[name] == last_bone:
                        name = muscle  # bone is the distance's part
                    at = 0
                    while at < found and names[at] != name:
                        at += 1
                    if at == found:
                        names[found], votes[found] = name, 0.0
                        found += 1
                    votes[at] += share
                name, most, mixed, top = names[0], votes[0], 0.0, 0.0
                for at in range(found if found > 1 else 0):
                    total = 0.0
                    for other in range(found):
                        if kin[names[other]] == kin[names[at]]:
                            total += votes[other]
                    same = kin[names[at]] == kin[name] and votes[at] > most
                    if total > top or (total == top and same):
                        name, most, top = names[at], votes[at], total
                like = kin[name]
                for at in range(found):
                    if (like == fat and kin[names[at]] == muscle) or (
                        like == muscle and kin[names[at]] == fat
                    ):
                        mixed += votes[at]
                if name != 0 and stamp[i, j, k] != 255:
                    name = np.int64(stamp[i, j, k])
                depth = min(depth, exact[i, j, k] * TO_MM)
                slow = _wave(tiles[2], i, j, k)
                side = first_mm[0] + h * k - middle[i]
                away = abs(side)
                kind = texture[name]
                code = 128.0 + 0.25 * slow
                if kind == 2:  # muscle: fibres lean differently in each, and wander
                    turn = 1.0 if side > 0 else -1.0
                    border = 30.0 + 0.12 * slow + 0.1 * (y - first_mm[1])
                    lean_x, lean_y = 0.25 * turn, -0.16
                    if away > border:
                        lean_x, lean_y = -0.06 * turn, 0.08
                    kk = k + lean_x * i + 0.05 * slow
                    jj = j + lean_y * i + 0.04 * _wave(tiles[2], j, k, i)
                    code += _wave(tiles[0], i + 40.0, jj, kk) + 0.25 * slow
                    if abs(away - border) < 0.6:
                        code += 36.0
                elif kind == 3:  # ligament, nerve: fine strands along the spine
                    code += 0.7 * _wave(tiles[0], i, 1.7 * j, 1.7 * k)
                elif kind == 4:  # fat: lobules between septa
                    jj = j + 0.1 * slow
                    code += _wave(tiles[1], i + 0.06 * slow, jj, k + 0.1 * _wave(tiles[2], k, i, j))
                elif kind == 5:
                    code += 0.6 * slow
                code += 88.0 * mixed  # fascia, up to 11 dB
                steps = min(max(math.floor(depth / TO_MM + 0.5), -32000), 32000) + 32768
                tone = min(max(int(code), 0), 255)
                out[i, j, k] = np.uint32((steps << 16) | (tone << 8) | name)
