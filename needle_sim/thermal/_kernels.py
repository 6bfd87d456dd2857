"""Seven-point stencils: incomplete factor, conjugate gradients; damage over a time step. SI."""

import math

from needle_sim.jit import kernel


@kernel
def factor(diagonal, g0, g1, g2, relax, out):
    """Inverse pivots (I, J, K) of the modified incomplete Cholesky factor without fill.

    ``g0[i]`` joins cells i - 1 and i (``g1``, ``g2`` alike); ``g1[:, 0]`` joins the last j to the
    first. Dropped fill is taken from the pivot with the weight ``relax``, which keeps row sums.
    """
    ni, nj, nk = diagonal.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                pivot = diagonal[i, j, k]
                if i > 0:
                    g = g0[i, j, k]
                    fill = g1[i - 1, j + 1, k] if j + 1 < nj else 0.0
                    fill += g2[i - 1, j, k + 1] if k + 1 < nk else 0.0
                    pivot -= g * (g + relax * fill) * out[i - 1, j, k]
                if j > 0:
                    g = g1[i, j, k]
                    fill = g0[i + 1, j - 1, k] if i + 1 < ni else 0.0
                    fill += g2[i, j - 1, k + 1] if k + 1 < nk else 0.0
                    pivot -= g * (g + relax * fill) * out[i, j - 1, k]
                if j == nj - 1 and j > 0:
                    g = g1[i, 0, k]
                    pivot -= g * g * out[i, 0, k]
                if k > 0:
                    g = g2[i, j, k]
                    fill = g0[i + 1, j, k - 1] if i + 1 < ni else 0.0
                    fill += g1[i, j + 1, k - 1] if j + 1 < nj else 0.0
                    pivot -= g * (g + relax * fill) * out[i, j, k - 1]
                if pivot < 0.05 * diagonal[i, j, k]:
                    pivot = diagonal[i, j, k]
                out[i, j, k] = 1.0 / pivot


@kernel(fastmath={"reassoc", "contract", "nsz"})
def precondition(pivots, g0, g1, g2, r, z):
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
            if j == nj - 1 and j > 0:
                g, other = g1[i, 0], z[i, 0]
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
            if j == 0 and nj > 1:
                g, other = g1[i, 0], z[i, nj - 1]
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
def conjugate_gradients(diagonal, g0, g1, g2, pivots, b, x, work, tolerance, most):
    """Improve ``x`` until the residual, in the preconditioner's norm, is ``tolerance`` of ``b``'s.

    ``work`` is (3, I, J, K): residual, preconditioned residual or product, direction. Returns the
    number of iterations, -1 when ``most`` did not suffice.
    """
    r, z, p = work[0], work[1], work[2]
    ni, nj, nk = x.shape
    goal = tolerance * tolerance * precondition(pivots, g0, g1, g2, b, z)
    multiply(diagonal, g0, g1, g2, x, r)
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                r[i, j, k] = b[i, j, k] - r[i, j, k]
    size = precondition(pivots, g0, g1, g2, r, z)
    p[:] = z
    for count in range(most):
        if size <= goal:
            return count
        step = size / multiply(diagonal, g0, g1, g2, p, z)
        for i in range(ni):
            for j in range(nj):
                xs, ps, rs, zs = x[i, j], p[i, j], r[i, j], z[i, j]
                for k in range(nk):
                    xs[k] += step * ps[k]
                    rs[k] -= step * zs[k]
        following = precondition(pivots, g0, g1, g2, r, z)
        turn = following / size
        size = following
        for i in range(ni):
            for j in range(nj):
                ps, zs = p[i, j], z[i, j]
                for k in range(nk):
                    ps[k] = zs[k] + turn * ps[k]
    return count + 1 if size <= goal else -1


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
