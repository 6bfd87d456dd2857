"""Flava, dorsal fat and the way between two laminae."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.interlaminar import (
    Interspace,
    canal_rows,
    interspaces,
    upper_border,
)
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit

LEVELS = spine_spec().levels
THORACIC = ("T10", "T11")  # their laminae overlap, their flava are thinner

TUOHY_MM = 0.635  # radius of 18 G
STEP_MM = 0.05
OVER_MM = 2.0  # a needle passes this far above the upper border of the lower lamina


def travel(one: Interspace, tilt_deg: float) -> np.ndarray:
    """Unit direction of a needle that comes from behind and from the feet by the tilt."""
    tilt = np.radians(tilt_deg)
    return -np.cos(tilt) * one.border.back + np.sin(tilt) * one.border.up


def over_border(one: Interspace, beside_mm: float) -> np.ndarray:
    border = one.border
    return border.ventral_mm + OVER_MM * border.up + 1.5 * border.back + [beside_mm, 0.0, 0.0]


def crossed(spine, one: Interspace, beside_mm: float) -> tuple[float, float]:
    """Millimetres of flavum and of epidural fat on the way from the back to the dura."""
    steps = np.arange(-30.0, 25.0, STEP_MM)
    path = over_border(one, beside_mm) + steps[:, None] * travel(one, 12.0)
    dura = spine.structures["dura"].distance_mm(path) < 0
    assert dura.any()
    path = path[: int(np.argmax(dura))]
    flavum = spine.spaces[f"{one.upper}-{one.lower} flavum"].shape.distance_mm(path) < 0
    fat = (spine.spaces["canal"].shape.distance_mm(path) < 0) & ~flavum
    for level in (one.upper, one.lower):
        fat &= spine.bones[level].distance_mm(path) > 0
    assert np.flatnonzero(fat).min() > np.flatnonzero(flavum).max()  # flavum first, then fat
    return STEP_MM * flavum.sum(), STEP_MM * fat.sum()


def free_mm(spine, one: Interspace, beside_mm: float, tilt_deg: float, step_mm: float = 0.5):
    """Height of the window for the axis of an 18 G needle, across the needle."""
    heights = np.arange(-4.0, 22.0, step_mm)
    start = one.border.ventral_mm + 2.0 * one.border.back + [beside_mm, 0.0, 0.0]
    steps = np.arange(-60.0, 6.0, 1.0)[:, None] * travel(one, tilt_deg)
    paths = start + heights[:, None, None] * one.border.up + steps
    off = [spine.bones[level].distance_mm(paths.reshape(-1, 3)) for level in (one.upper, one.lower)]
    open_ = np.min(off, axis=0).reshape(len(heights), -1).min(axis=1) > TUOHY_MM
    edges = np.flatnonzero(np.diff(np.concatenate([[False], open_, [False]]).astype(int)))
    runs = edges.reshape(-1, 2)
    return step_mm * max((b - a for a, b in runs), default=0) * np.cos(np.radians(tilt_deg))


@pytest.mark.parametrize("beside_mm", [-3.0, 0.0, 3.0])
def test_in_the_mean_spine_flavum_then_fat_lie_before_the_dura(mean, beside_mm):
    # flavum 3.2-3.8 (LF15 PMC4404540, KHAS23), seen askew; fat of healthy people 7.35 +- 1.68
    # over both sides of the sac (J Spinal Cord Med 2018, doi:10.1080/10790268.2018.1449782)
    for one in interspaces(mean.column, mean.spec.sacrum):
        flavum_mm, fat_mm = crossed(mean, one, beside_mm)

        thoracic = one.upper.startswith("T")  # T11-12: 4.1 of fat (ASNR)
        assert (2.0 if thoracic else 3.0) <= flavum_mm <= 4.7, one.upper
        assert (2.0 if thoracic else 2.9) <= fat_mm <= 7.5, one.upper
        if beside_mm == 0.0 and not thoracic:
            assert (
                fat_mm >= 4.0
            )  # by needle 6.9 +- 4, at L2-3 5-6 (anatomy texts and Bevacqua 1996)


def test_dorsal_fat_is_left_in_everybody(drawn):
    for one in interspaces(drawn.column, drawn.spec.sacrum):
        for beside_mm in (-3.0, 0.0, 3.0):
            flavum_mm, fat_mm = crossed(drawn, one, beside_mm)

            thin, fat = (1.6, 1.2) if one.upper.startswith("T") else (2.5, 2.3)
            thick = 6.5 if one.upper in THORACIC else 5.5  # met askew between steep laminae
            assert thin <= flavum_mm <= thick, (one.upper, beside_mm)
            assert fat_mm >= fat, (one.upper, beside_mm)


@pytest.mark.parametrize("upper", LEVELS[LEVELS.index("L1") : -1])
def test_windows_are_as_high_as_published(mean, upper):
    """Paramedian, 15 degrees from below; the needle's own width is added to its axis's room.

    L1-2 14.9 and L5-S1 12.2 in cadavers (interlaminar distance); in CT 14.0 +- 4.1 at L2 to
    11.1 +- 2.4 at L5 (Sakci 2018, World Neurosurg 115:e22), L5-S1 9.1 and 9.6 +- 2.5 (WANG21).
    """
    published = {"L1": 14.9, "L2": 14.0, "L3": 14.0, "L4": 14.0, "L5": 9.4}
    one = interspaces(mean.column, mean.spec.sacrum)[LEVELS.index(upper)]

    height = free_mm(mean, one, 4.0, 15.0) + 2 * TUOHY_MM
    assert height == pytest.approx(published[upper], abs=4.1)


@pytest.mark.parametrize("tilt_deg", [5.0, 15.0, 25.0])
def test_a_tuohy_needle_can_pass_every_window(drawn, tilt_deg):
    """4 to 6 mm beside the midline, no bone of either vertebra touched."""
    for one in interspaces(drawn.column, drawn.spec.sacrum):
        if one.upper in THORACIC:
            continue
        widest = max(free_mm(drawn, one, beside, tilt_deg) for beside in (4.0, 6.0))

        assert widest >= 2.0, one.upper


def test_the_v_of_the_flava_points_backwards(mean):
    """Between two laminae the flavum lies farther back in the midline than at its side."""
    for one in interspaces(mean.column, mean.spec.sacrum):
        line = one.ventral_line()
        middle = 0.5 * (line[1] + line[2])
        steps = np.arange(-15.0, 15.0, 0.05)
        shape = mean.spaces[f"{one.upper}-{one.lower} flavum"].shape
        least = 0.5 if one.upper in THORACIC else 1.0  # of a flatter V
        first = []
        for beside in (0.0, 4.0, 8.0):
            path = middle + [beside, 0.0, 0.0] + steps[:, None] * one.border.back
            first.append(steps[np.argmax(shape.distance_mm(path) < 0)])

        assert first[0] > first[1] + least > first[2] + 2 * least


def test_fat_thins_under_the_upper_part_of_each_lamina(mean):
    # Boezaart 2019, Pain Med 20:1687: the pad ends almost half-way under the upper lamina
    for level in LEVELS[1:-1]:
        spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
        high = -spec.lamina_drop_mm + 0.2 * spec.lamina_height_mm
        steps = np.arange(0.0, 16.0, 0.05)
        start = [0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, high]
        path = body.apply(np.array(start) + steps[:, None] * [0.0, 1.0, 0.0])
        outside = mean.structures["dura"].distance_mm(path) > 0
        free = outside & (mean.bones[level].distance_mm(path) > 0)

        assert (
            0.5
            < 0.05 * (np.argmax(mean.bones[level].distance_mm(path) <= 0))
            - 0.05 * (np.argmax(free))
            < 3.5
        )


def test_the_canal_joins_the_levels_and_ends_in_the_sacrum(mean):
    low, high = Implicit.of(canal_rows(mean.column, mean.spec.sacrum)).box_mm

    assert high[2] > mean.column.bodies["L1"].matrix[2, 3] + 20.0
    assert low[2] < mean.column.bodies["S1"].matrix[2, 3] - 20.0
    sac = mean.structures["dura"].tubes[2].points_mm[2:-2]
    canal = mean.spaces["canal"].shape
    assert canal.distance_mm(sac[sac[:, 2] < high[2] - 3.0]).max() < 0


def test_s1_without_its_sacrum_is_refused(mean):
    with pytest.raises(InputError, match="sizes of its sacrum"):
        upper_border(mean.column, "S1", None)
