"""When a front arrives: the eikonal equation by sweeping; lattice steps and delays a step."""

import math

from needle_sim.jit import kernel


@kernel
def sweep(delay, open_from, open_to, arrival):
    """Eight sweeps of Gauss and Seidel (Zhao 2005, doi:10.1090/S0025-5718-04-01678-3).

    ``delay`` (I, J, K): time to cross a cube, 0 where it is closed; its outer shell must be closed.
    ``open_from``, ``open_to`` (I, J): first and one past the last open cube of each row.
    Lowers ``arrival`` in place and returns the largest drop.
    """
    ni, nj = delay.shape[:2]
    largest = 0.0
    for n in range(8):
        for a in range(1, ni - 1):
            i = a if n & 1 == 0 else ni - 1 - a
            for b in range(1, nj - 1):
                j = b if n & 2 == 0 else nj - 1 - b
                first, last = open_from[i, j], open_to[i, j]
                if first >= last:
                    continue
                row = delay[i, j]
                here = arrival[i, j]
                above, below = arrival[i - 1, j], arrival[i + 1, j]
                before, behind = arrival[i, j - 1], arrival[i, j + 1]
                for c in range(first, last):
                    k = c if n & 4 == 0 else last - 1 - (c - first)
                    f = row[k]
                    if f <= 0.0:
                        continue
                    p = min(above[k], below[k])
                    q = min(before[k], behind[k])
                    r = min(here[k - 1], here[k + 1])
                    # the three neighbours in rising order
                    if p > q:
                        p, q = q, p
                    if q > r:
                        q, r = r, q
                    if p > q:
                        p, q = q, p
                    if p == math.inf:
                        continue
                    t = p + f
                    if t > q:
                        t = 0.5 * (p + q + math.sqrt(2.0 * f * f - (p - q) ** 2))
                        if t > r:
                            s = p + q + r
                            square = s * s - 3.0 * (p * p + q * q + r * r - f * f)
                            t = (s + math.sqrt(max(square, 0.0))) / 3.0
                    if t < here[k]:
                        drop = here[k] - t
                        if drop > largest:
                            largest = drop
                        here[k] = t
    return largest
