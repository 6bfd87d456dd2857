"""Seven-point stencils: incomplete factor, conjugate gradients; damage over a time step. SI."""

import math

from needle_sim.jit import kernel


@kernel
def factor(diagonal, g0, g1, g2, relax, seam, out):
    """Inverse pivots ``out`` (I, J, K) of a modified incomplete Cholesky factor.

    ``g0[i]`` joins cells i - 1 and i (``g1``, ``g2`` alike); ``g1[:, 0]`` joins the last j to the
    first. ``seam`` is the fill between each j and the last, kept so that rings are exact; all other
    fill is dropped and taken from the diagonal with the weight ``relax``.
    """
    ni, nj, nk = diagonal.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                pivot = diagonal[i, j, k]
                if i > 0:
                    g = g0[i, j, k]
                    fill = seam[i - 1, j, k]
                    fill += g1[i - 1, j + 1, k] if j + 1 < nj else 0.0
                    fill += g2[i - 1, j, k + 1] if k + 1 < nk else 0.0
                    pivot -= g * (g + relax * fill) * out[i - 1, j, k]
                for m in range(j - 1 if j < nj - 1 else 0, j):
                    if m < 0:
                        continue
                    g = g1[i, j, k] if m == j - 1 else 0.0
                    g += seam[i, m, k] if j == nj - 1 else 0.0
                    fill = g0[i + 1, m, k] if i + 1 < ni else 0.0
                    fill += g2[i, m, k + 1] if k + 1 < nk else 0.0
                    pivot -= g * (g + relax * fill) * out[i, m, k]
                if k > 0:
                    g = g2[i, j, k]
                    fill = seam[i, j, k - 1]
                    fill += g0[i + 1, j, k - 1] if i + 1 < ni else 0.0
                    fill += g1[i, j + 1, k - 1] if j + 1 < nj else 0.0
                    pivot -= g * (g + relax * fill) * out[i, j, k - 1]
                if pivot < 0.001 * diagonal[i, j, k]:
                    pivot = diagonal[i, j, k]
                out[i, j, k] = 1.0 / pivot
                seam[i, j, k] = 0.0
                if j == 0 and nj > 1:
                    seam[i, j, k] = g1[i, 0, k]
                elif j < nj - 1:
                    seam[i, j, k] = g1[i, j, k] * seam[i, j - 1, k] * out[i, j - 1, k]


@kernel(fastmath={"reassoc", "contract", "nsz"})
def precondition(pivots, seam, g0, g1, g2, r, z):
    """``z`` from ``r`` by the two triangular solves; returns the inner product of the two."""
    ni, nj, nk = r.shape
    for i in range(ni):
        for j in range(nj):
            row, source = z[i, j], r[i, j]
            for k in range(nk):
                row[k] = source[k]
            if i > 0:
                g, other = g0[i, j], z[i - 1, j]
                for k in range(nk):
                    row[k] += g[k] * other[k]
            if j > 0:
                g, other = g1[i, j], z[i, j - 1]
                for k in range(nk):
                    row[k] += g[k] * other[k]
            if j == nj - 1:
                for m in range(nj - 1):
                    g, other = seam[i, m], z[i, m]
                    for k in range(nk):
                        row[k] += g[k] * other[k]
            g, inverse = g2[i, j], pivots[i, j]
            last = 0.0
            for k in range(nk):
                last = (row[k] + g[k] * last) * inverse[k]
                row[k] = last
    total = 0.0
    for i in range(ni - 1, -1, -1):
        for j in range(nj - 1, -1, -1):
            row, inverse = z[i, j], pivots[i, j]
            if i + 1 < ni:
                g, other = g0[i + 1, j], z[i + 1, j]
                for k in range(nk):
                    row[k] += inverse[k] * g[k] * other[k]
            if j + 1 < nj:
                g, other = g1[i, j + 1], z[i, j + 1]
                for k in range(nk):
                    row[k] += inverse[k] * g[k] * other[k]
                g, other = seam[i, j], z[i, nj - 1]
                for k in range(nk):
                    row[k] += inverse[k] * g[k] * other[k]
            g = g2[i, j]
            last = row[nk - 1]
            for k in range(nk - 2, -1, -1):
                last = row[k] + inverse[k] * g[k + 1] * last
                row[k] = last
            source = r[i, j]
            for k in range(nk):
                total += row[k] * source[k]
    return total


@kernel(fastmath={"reassoc", "contract", "nsz"})
def multiply(diagonal, g0, g1, g2, x, out):
    """``out`` = A ``x``; returns the inner product of the two."""
    ni, nj, nk = x.shape
    total = 0.0
    for i in range(ni):
        for j in range(nj):
            here, row, main = x[i, j], out[i, j], diagonal[i, j]
            before, after = x[i, j - 1 if j > 0 else nj - 1], x[i, j + 1 if j + 1 < nj else 0]
            g, h = g1[i, j], g1[i, j + 1 if j + 1 < nj else 0]
            for k in range(nk):
                row[k] = main[k] * here[k] - g[k] * before[k] - h[k] * after[k]
            if i > 0:
                g, other = g0[i, j], x[i - 1, j]
                for k in range(nk):
                    row[k] -= g[k] * other[k]
            if i + 1 < ni:
                g, other = g0[i + 1, j], x[i + 1, j]
                for k in range(nk):
                    row[k] -= g[k] * other[k]
            g = g2[i, j]
            for k in range(1, nk):
                row[k] -= g[k] * here[k - 1]
            for k in range(nk - 1):
                row[k] -= g[k + 1] * here[k + 1]
            for k in range(nk):
                total += row[k] * here[k]
    return total


@kernel
def descend(step, p, q, x, r):
    """``x`` += ``step`` ``p`` and ``r`` -= ``step`` ``q``, flat arrays."""
    for n in range(x.size):
        x[n] += step * p[n]
        r[n] -= step * q[n]


@kernel
def _mean_of_exponential(e0, e1):
    # the mean of exp over a straight line from e0 to e1
    change = e1 - e0
    if abs(change) < 1e-4:
        return math.exp(0.5 * (e0 + e1))
    return (math.exp(e1) - math.exp(e0)) / change


@kernel
def damage_step(before_c, after_c, dt, log_rate, activation_k, floor_c, peak_c, cem43_s, omega):
    """Add a step to peak temperature, CEM43 (s) and each Arrhenius integral (M, I, J, K).

    Temperature is a straight line over the step; cells below ``floor_c`` throughout gain nothing.
    """
    ni, nj, nk = before_c.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                t0, t1 = before_c[i, j, k], after_c[i, j, k]
                peak_c[i, j, k] = max(peak_c[i, j, k], t1)
                if max(t0, t1) < floor_c:
                    continue
                e0 = (t0 - 43.0) * (0.6931471805599453 if t0 >= 43.0 else 1.3862943611198906)
                e1 = (t1 - 43.0) * (0.6931471805599453 if t1 >= 43.0 else 1.3862943611198906)
                cem43_s[i, j, k] += dt * _mean_of_exponential(e0, e1)
                q0, q1 = 1.0 / (t0 + 273.15), 1.0 / (t1 + 273.15)
                for m in range(log_rate.shape[0]):
                    e0 = log_rate[m] - activation_k[m] * q0
                    e1 = log_rate[m] - activation_k[m] * q1
                    omega[m, i, j, k] += dt * _mean_of_exponential(e0, e1)
