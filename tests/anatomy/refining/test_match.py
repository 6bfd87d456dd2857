from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.refining.match import Around, matched, picture, scanner_blur, trust, whole
from needle_sim.anatomy.refining.shell import shells
from tests.anatomy.refining.planted import CORTEX_MM, SOFT_HU, SPONGY_HU, block, patient, truth

OFF_MM = (0.7, -0.8, 1.0)


def scanned(blur=(0.0, 0.0, 0.0), cortex_mm=CORTEX_MM):
    """The grid of the CT, its voxels divided by three, with what lies about the block."""
    fine, hu = truth(cortex_mm=cortex_mm)
    seen = np.rint(replace(fine, blur=blur).thinned(hu)).astype(np.int16)
    grid = replace(fine, coarse=fine.coarse.like(seen, "hu"), parts=(3, 3, 3))
    even = np.ones(grid.coarse.shape, np.float32)
    return grid, Around(even * SOFT_HU, even * SPONGY_HU, None)


def on_surface(one, grid):
    """Coarse voxels (of the shell's box) about the true surface."""
    points = grid.coarse.patient_from_voxel.apply(
        np.argwhere(np.ones(grid.coarse.shape)).astype(float)
    )
    away = np.abs(block().distance_mm(points)).reshape(grid.coarse.shape)
    return away[one.within] < 2.0


def test_a_bone_that_is_off_is_moved_to_where_the_ct_has_it():
    grid, around = scanned()
    anatomy = patient(OFF_MM)
    (found,) = matched(shells(anatomy, grid), around, anatomy, grid)
    near = on_surface(found, grid)
    # array axes run along z, y, x
    moved = [float(one[near].mean()) for one in found.moved_mm]
    assert moved == pytest.approx([-OFF_MM[2], -OFF_MM[1], -OFF_MM[0]], abs=0.35)


@pytest.mark.parametrize("cortex_mm", [0.6, 1.5])
def test_a_cortex_gets_the_thickness_that_the_ct_has(cortex_mm):
    grid, around = scanned(cortex_mm=cortex_mm)
    anatomy = patient()
    (one,) = shells(anatomy, grid)
    expected = float(one.thick_mm.max())
    (found,) = matched([one], around, anatomy, grid)
    thick = expected * float(np.median(found.thicker[on_surface(found, grid)]))
    assert thick == pytest.approx(cortex_mm, abs=0.2)


@pytest.mark.parametrize("blur", [0.0, 0.45, 0.8])
def test_the_blur_of_the_scanner_is_found(blur):
    grid, around = scanned((blur,) * 3)
    found = scanner_blur(shells(patient(), grid), around, grid)
    assert found.blur == pytest.approx((blur,) * 3, abs=0.16)


def test_a_model_of_another_place_is_not_trusted_and_a_true_one_is():
    grid, around = scanned()
    true, false = (
        picture(shells(patient(off), grid), around, grid, whole(grid))
        for off in ((0.0, 0.0, 0.0), (9.0, 9.0, 9.0))
    )
    bone = grid.coarse.array > 300
    assert trust(true, around, grid)[bone].mean() > 0.9
    assert trust(false, around, grid)[bone].mean() < 0.4
