"""Per-pixel work of a picture: Beer-Lambert in bins, separable blur."""

import math

import numpy as np

from needle_sim.jit import kernel

_LN2 = math.log(2.0)


@kernel
def powers(line, bits):
    """2 to ``line`` (C), float32: what is left in it times the float whose bits are ``bits``.

    2 to a whole power, set in the bits of a float, times its Taylor series within half a power:
    unlike a call for each pixel it vectorises; its error is a rounding of float32.
    """
    one = np.float32(1.0)
    a1, a2, a3 = np.float32(_LN2), np.float32(_LN2**2 / 2.0), np.float32(_LN2**3 / 6.0)
    a4, a5 = np.float32(_LN2**4 / 24.0), np.float32(_LN2**5 / 120.0)
    a6, a7 = np.float32(_LN2**6 / 720.0), np.float32(_LN2**7 / 5040.0)
    least = np.float32(-126.0)
    for c in range(line.shape[0]):
        power = max(line[c], least)
        near = np.floor(power + np.float32(0.5))
        f = power - near
        series = a4 + f * (a5 + f * (a6 + f * a7))
        line[c] = one + f * (a1 + f * (a2 + f * (a3 + f * series)))
        bits[c] = (np.int32(near) + np.int32(127)) << np.int32(23)


@kernel
def beer(masses, mu, kev, energy, line, bits, signal, squared):
    """Beer-Lambert in ``B`` bins behind ``N`` materials: masses (N, R, C), mu (N, B), g/cm2, cm2/g.

    Adds ``kev`` (B) times what is left to ``signal`` (R, C), and that times ``energy`` (B) to
    ``squared``. ``line``, float32, and ``bits``, int32 (C), are scratch.
    """
    count, rows, columns = masses.shape
    whole = bits.view(np.float32)
    for r in range(rows):
        total, weighted = signal[r], squared[r]
        for b in range(kev.shape[0]):
            line[:] = 0.0
            for n in range(count):
                slope, row = np.float32(mu[n, b] / _LN2), masses[n, r]
                for c in range(columns):
                    line[c] -= slope * row[c]
            powers(line, bits)
            here, each = kev[b], energy[b]
            for c in range(columns):
                left = here * line[c] * whole[c]
                total[c] += left
                weighted[c] += each * left


@kernel
def beer_at(masses, mu, kev, rows, energy, line, bits, signal, squared):
    """As `beer`, at pixels of the detector's ``rows`` (P): masses (N, P S) of S rays a pixel.

    ``kev`` (R, B) by the row of the detector. Writes means over the rays to ``signal`` and
    ``squared`` (P).
    """
    rays = masses.shape[1] // rows.shape[0]
    whole = bits.view(np.float32)
    signal[:] = 0.0
    squared[:] = 0.0
    for b in range(kev.shape[1]):
        line[:] = 0.0
        for n in range(masses.shape[0]):
            slope, mass = np.float32(mu[n, b] / _LN2), masses[n]
            for c in range(line.shape[0]):
                line[c] -= slope * mass[c]
        powers(line, bits)
        each = energy[b]
        for p in range(rows.shape[0]):
            left = np.float32(0.0)
            for c in range(p * rays, (p + 1) * rays):
                left += line[c] * whole[c]
            left *= kev[rows[p], b] / np.float32(rays)
            signal[p] += left
            squared[p] += each * left
