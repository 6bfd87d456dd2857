"""Photons through a box of voxels, one after the other, and what of them meets the detector."""

import math

import numpy as np

from needle_sim.jit import kernel

_REST_KEV = 510.99895  # of an electron
_FAR = 1e30


@kernel
def uniform(state):
    """A number from 0 to 1 and the next state: xorshift64*."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (
        1.0 / 9007199254740992.0
    )


@kernel
def chord(x, y, z, ux, uy, uz, low, high):
    """Where a ray enters and leaves a box; nowhere is (1, 0)."""
    near, far = 0.0, _FAR
    for p, u, a, b in (
        (x, ux, low[0], high[0]),
        (y, uy, low[1], high[1]),
        (z, uz, low[2], high[2]),
    ):
        if abs(u) < 1e-12:
            if p < a or p > b:
                return 1.0, 0.0
        else:
            one, two = (a - p) / u, (b - p) / u
            near, far = max(near, min(one, two)), min(far, max(one, two))
    return near, far


@kernel
def masses(x, y, z, ux, uy, uz, most, low, high, density):
    """Soft tissue and bone, g/cm2, from a point along a direction, to ``most`` cm."""
    soft, bone = 0.0, 0.0
    near, far = chord(x, y, z, ux, uy, uz, low, high)
    far = min(far, most)
    if far <= near:
        return soft, bone
    nx, ny, nz = density.shape[1], density.shape[2], density.shape[3]
    dx, dy, dz = (high[0] - low[0]) / nx, (high[1] - low[1]) / ny, (high[2] - low[2]) / nz
    at = near + 1e-9
    px, py, pz = x + at * ux, y + at * uy, z + at * uz
    i = min(max(int((px - low[0]) / dx), 0), nx - 1)
    j = min(max(int((py - low[1]) / dy), 0), ny - 1)
    k = min(max(int((pz - low[2]) / dz), 0), nz - 1)
    si, sj, sk = (1 if ux > 0 else -1), (1 if uy > 0 else -1), (1 if uz > 0 else -1)
    tx = (low[0] + (i + (si > 0)) * dx - x) / ux if abs(ux) > 1e-12 else _FAR
    ty = (low[1] + (j + (sj > 0)) * dy - y) / uy if abs(uy) > 1e-12 else _FAR
    tz = (low[2] + (k + (sk > 0)) * dz - z) / uz if abs(uz) > 1e-12 else _FAR
    gx = dx / abs(ux) if abs(ux) > 1e-12 else _FAR
    gy = dy / abs(uy) if abs(uy) > 1e-12 else _FAR
    gz = dz / abs(uz) if abs(uz) > 1e-12 else _FAR
    now = near
    while now < far:
        then = min(tx, ty, tz, far)
        step = max(then - now, 0.0)
        soft += step * density[0, i, j, k]
        bone += step * density[1, i, j, k]
        now = then
        if then >= far:
            break
        if tx <= ty and tx <= tz:
            i += si
            tx += gx
            if i < 0 or i >= nx:
                break
        elif ty <= tz:
            j += sj
            ty += gy
            if j < 0 or j >= ny:
                break
        else:
            k += sk
            tz += gz
            if k < 0 or k >= nz:
                break
    return soft, bone


@kernel
def strips(tx, ty, lead, inter, height, strip, period):
    """Share that a grid lets through of photons with tangents off the focused direction.

    Averaged over the place of entry. ``tx`` runs across the strips; ``lead`` and ``inter``
    attenuate per cm; lengths in cm.
    """
    way = height * math.sqrt(1.0 + tx * tx + ty * ty)
    across = height * abs(tx)
    clear = period - strip
    if across < 1e-9:
        return (clear * math.exp(-inter * way) + strip * math.exp(-lead * way)) / period
    slope = (lead - inter) * way / across
    whole = math.floor(across / period)
    rest = across - whole * period
    least = max(0.0, rest + strip - period)
    most = min(rest, strip)
    bare = abs(period - rest - strip)
    seen = bare * math.exp(-slope * least) + abs(rest - strip) * math.exp(-slope * most)
    seen += 2.0 * (math.exp(-slope * least) - math.exp(-slope * most)) / slope
    return seen / period * math.exp(-slope * whole * strip - inter * way)


@kernel
def turn(ux, uy, uz, cosine, phi):
    """A direction turned by an angle and an azimuth."""
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
    c, s = math.cos(phi), math.sin(phi)
    side = math.sqrt(max(1e-24, 1.0 - uz * uz))
    if side < 1e-6:
        return sine * c, sine * s, cosine * (1.0 if uz > 0 else -1.0)
    vx = sine * (ux * uz * c - uy * s) / side + ux * cosine
    vy = sine * (uy * uz * c + ux * s) / side + uy * cosine
    vz = -sine * c * side + uz * cosine
    length = math.sqrt(vx * vx + vy * vy + vz * vz)
    return vx / length, vy / length, vz / length


@kernel
def of_table(table, at):
    """Linear in a table over 0 to 1."""
    place = at * (table.shape[0] - 1)
    n = min(int(place), table.shape[0] - 2)
    return table[n] + (place - n) * (table[n + 1] - table[n])


@kernel
def walk(
    seed,
    histories,
    energy_at,
    energies,
    low,
    high,
    density,
    highest,
    field,
    plane,
    half,
    mu,
    angle,
    drawn,
    kept,
    depth,
    grid,
    out,
    absorbed,
):
    """Photons from the origin towards +z: each scatter is also sent straight to the detector.

    ``energy_at`` (Q,) keV, by quantile. ``mu`` (materials, 3, E) cm2/g: photoelectric, coherent,
    incoherent. ``angle`` (materials, 2, E, U) 1/sr: per angle by sin(half angle); ``drawn`` the
    same angles by quantile. ``kept`` (E,) keV, ``depth`` (E,) optical depth of the scintillator.
    ``out`` (2, 2, N, N): grid without and with; first scatter and later; keV a history.
    ``absorbed`` (I, J, K): keV left in each voxel.
    """
    state = np.empty(1, np.uint64)
    state[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x1234567)
    for _ in range(8):
        uniform(state)
    first = energies[0]
    cells = out.shape[2]
    nx, ny, nz = density.shape[1], density.shape[2], density.shape[3]
    area = 4.0 * half * half
    for _ in range(histories):
        energy = of_table(energy_at, uniform(state))
        tx, ty = (2.0 * uniform(state) - 1.0) * field[0], (2.0 * uniform(state) - 1.0) * field[1]
        tx, ty = tx + field[2], ty + field[3]
        long = math.sqrt(1.0 + tx * tx + ty * ty)
        weight = 1.0 / long**3
        x, y, z, ux, uy, uz = 0.0, 0.0, 0.0, tx / long, ty / long, 1.0 / long
        near, far = chord(x, y, z, ux, uy, uz, low, high)
        if far <= near:
            continue
        x, y, z = x + near * ux, y + near * uy, z + near * uz
        order = 0
        while True:
            e = min(max(int(energy - first + 0.5), 0), energies.shape[0] - 1)
            way = -math.log(1.0 - uniform(state)) / highest[e]
            x, y, z = x + way * ux, y + way * uy, z + way * uz
            if x < low[0] or y < low[1] or z < low[2]:
                break
            if x >= high[0] or y >= high[1] or z >= high[2]:
                break
            i = int((x - low[0]) / (high[0] - low[0]) * nx)
            j = int((y - low[1]) / (high[1] - low[1]) * ny)
            k = int((z - low[2]) / (high[2] - low[2]) * nz)
            i, j, k = min(i, nx - 1), min(j, ny - 1), min(k, nz - 1)
            soft = density[0, i, j, k] * (mu[0, 0, e] + mu[0, 1, e] + mu[0, 2, e])
            bone = density[1, i, j, k] * (mu[1, 0, e] + mu[1, 1, e] + mu[1, 2, e])
            if uniform(state) * highest[e] >= soft + bone:
                continue
            of = 0 if uniform(state) * (soft + bone) < soft else 1
            photo, coherent, incoherent = mu[of, 0, e], mu[of, 1, e], mu[of, 2, e]
            total = photo + coherent + incoherent
            absorbed[i, j, k] += weight * energy * photo / total
            weight *= 1.0 - photo / total
            order += 1
            # straight to a point of the detector
            dx, dy = (2.0 * uniform(state) - 1.0) * half, (2.0 * uniform(state) - 1.0) * half
            vx, vy, vz = dx - x, dy - y, plane - z
            away = math.sqrt(vx * vx + vy * vy + vz * vz)
            vx, vy, vz = vx / away, vy / away, vz / away
            cosine = ux * vx + uy * vy + uz * vz
            at = math.sqrt(max(0.0, 0.5 * (1.0 - cosine)))
            slanted = weight * area * vz / (away * away) / (coherent + incoherent)
            for kind in range(2):
                later = energy
                if kind == 1:
                    later = energy / (1.0 + energy / _REST_KEV * (1.0 - cosine))
                n = int(later - first + 0.5)
                if n < 0:
                    continue
                share = (coherent if kind == 0 else incoherent) * of_table(angle[of, kind, e], at)
                behind, under = masses(x, y, z, vx, vy, vz, away, low, high, density)
                line = behind * (mu[0, 0, n] + mu[0, 1, n] + mu[0, 2, n])
                line += under * (mu[1, 0, n] + mu[1, 1, n] + mu[1, 2, n])
                seen = kept[n] * (1.0 - math.exp(-depth[n] / vz)) / (1.0 - math.exp(-depth[n]))
                seen *= slanted * share * math.exp(-line)
                a = min(int((dx + half) / (2.0 * half) * cells), cells - 1)
                b = min(int((dy + half) / (2.0 * half) * cells), cells - 1)
                late = 0 if order == 1 else 1
                out[0, late, a, b] += seen
                off_x, off_y = vx / vz - dx / plane, vy / vz - dy / plane
                out[1, late, a, b] += seen * strips(
                    off_x, off_y, grid[0, n], grid[1, n], grid[2, 0], grid[2, 1], grid[2, 2]
                )
            # and on its way
            kind = 0 if uniform(state) * (coherent + incoherent) < coherent else 1
            at = of_table(drawn[of, kind, e], uniform(state))
            cosine = 1.0 - 2.0 * at * at
            ux, uy, uz = turn(ux, uy, uz, cosine, 2.0 * math.pi * uniform(state))
            if kind == 1:
                later = energy / (1.0 + energy / _REST_KEV * (1.0 - cosine))
                absorbed[i, j, k] += weight * (energy - later)
                energy = later
            if energy < first:
                absorbed[i, j, k] += weight * energy
                break
            if weight < 0.1:
                if uniform(state) < 0.5:
                    break
                weight *= 2.0


@kernel
def primary(places, low, high, density, plane, spectrum, kept, mu, depth, grid, out):
    """Signal (2, P) without and with grid at places (P, 2) of the detector, per photon and area.

    ``spectrum`` (E,) shares of photons. Obliquity of the ray: fluence by its cosine cubed.
    """
    for p in range(places.shape[0]):
        tx, ty = places[p, 0] / plane, places[p, 1] / plane
        long = math.sqrt(1.0 + tx * tx + ty * ty)
        soft, bone = masses(
            0.0, 0.0, 0.0, tx / long, ty / long, 1.0 / long, plane * long, low, high, density
        )
        for n in range(spectrum.shape[0]):
            if spectrum[n] == 0.0:
                continue
            line = soft * (mu[0, 0, n] + mu[0, 1, n] + mu[0, 2, n])
            line += bone * (mu[1, 0, n] + mu[1, 1, n] + mu[1, 2, n])
            seen = kept[n] * (1.0 - math.exp(-depth[n] * long)) / (1.0 - math.exp(-depth[n]))
            seen *= spectrum[n] * math.exp(-line) / long**3
            out[0, p] += seen
            out[1, p] += seen * strips(
                0.0, 0.0, grid[0, n], grid[1, n], grid[2, 0], grid[2, 1], grid[2, 2]
            )
