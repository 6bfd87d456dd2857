"""The muscles of the back written into a slice; millimetres in and out."""

from needle_sim.jit import kernel


@kernel(inline="always")
def _mix(row, k, depth, voxel, value):
    # fill a voxel by the share of it that a shape covers; whether its centre is inside
    share = min(1.0, max(0.0, 0.5 - depth / voxel))
    row[k] += share * (value - row[k])
    return depth < 0.0


@kernel(inline="always")
def _weight(high, deep):
    # where strands of fat lie in multifidus: most in its depth near the midline, none at the floor
    return min(1.0, max(0.0, high * 5.0 - 0.75)) * (0.35 + 0.65 * deep)


@kernel
def compartment(y, floor, furrow, aside, deep, up, wave, plane, muscle):
    """Lower ``muscle``, at first the distance (J, K) to the outline, to that of the compartment.

    ``floor``, ``furrow``, ``aside`` and ``deep`` (K,) go with the columns, ``y`` and ``up`` (J,)
    with the rows; ``plane`` is where the fat behind multifidus begins at the floor and its rise.
    Returns the mean weight of strands in multifidus, -1 where there is none.
    """
    total, count = 0.0, 0
    for j in range(muscle.shape[0]):
        high = max(up[j], 0.0)
        groove, limit = min(1.0, max(0.0, 3.0 * up[j] - 1.5)), plane[0] + plane[1] * high
        row, waves = muscle[j], wave[j]
        for k in range(muscle.shape[1]):
            row[k] = max(row[k] + furrow[k] * groove, floor[k] - y[j]) + 0.6 * waves[k]
            if row[k] < -0.8 and aside[k] < limit:
                total += _weight(high, deep[k])
                count += 1
    return total / count if count else -1.0


@kernel(inline="always")
def _planes(row, k, depth, aside, grain, high, planes, voxel, value):
    # fill the two planes of fat at a voxel; whether its centre is in one
    inside = False
    for n in range(2):
        place = planes[n, 0] + planes[n, 1] * high
        gap = abs(aside - place) - planes[n, 2] - 0.35 * grain
        if _mix(row, k, max(gap, depth + 1.0), voxel, value):
            inside = True
    return inside


@kernel
def muscles(
    hu, labels, y, floor, thick, aside, deep, up, wave, fibres, muscle, planes, strands, voxel,
    values, numbers,
):  # fmt: skip
    """Erector spinae, multifidus, their fat and quadratus lumborum over a part (J, K) of a slice.

    ``planes`` (2, 3): where the two planes of fat begin at the floor, their rise, half their
    thickness; ``strands``: from how many SD of ``fibres`` on multifidus is fat (nowhere where that
    is infinite), how soon, and the most of it. ``values`` and ``numbers`` are HU and labels of
    erector spinae, multifidus, fat and quadratus.
    """
    for j in range(muscle.shape[0]):
        high = max(up[j], 0.0)
        row, marks, waves, grain = hu[j], labels[j], wave[j], fibres[j]
        free = min(1.0, max(0.0, 8.0 * (high - 0.36)))  # no fat near the bone's floor
        limit = planes[0, 0] + planes[0, 1] * high
        half_gap = 0.5 * min(2.0, max(0.0, high * 4.0 - 2.0))
        for k in range(muscle.shape[1]):
            d = muscle[j, k]
            if d < voxel:
                if _mix(row, k, d, voxel, values[0]):
                    multifidus = aside[k] < limit + 2.2 * waves[k]
                    marks[k] = numbers[1] if multifidus else numbers[0]
                fatty = free > 0.5 and _planes(
                    row, k, d, aside[k] - 2.2 * waves[k], grain[k], high, planes, voxel, values[2]
                )
                if high > 0.5 and _mix(row, k, max(aside[k] - half_gap, d), voxel, values[2]):
                    fatty = True
                share = 0.0
                if d < -0.8 and aside[k] < limit:
                    share = min(strands[2], max(0.0, (grain[k] - strands[0]) * strands[1]))
                    share *= _weight(high, deep[k])
                elif d < -0.8:
                    share = free * min(0.7, max(0.0, 1.1 * (grain[k] - 1.9)))
                row[k] += share * (values[2] - row[k])
                if fatty or share > 0.5:
                    marks[k] = numbers[2]
            behind = floor[k] - 1.3
            if _mix(
                row, k, max(y[j] - behind, behind - thick[k] - y[j]) + waves[k], voxel, values[3]
            ):
                marks[k] = numbers[3]
