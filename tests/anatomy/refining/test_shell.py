import numpy as np
import pytest

from needle_sim.anatomy.refining.shell import again, drawn, fine_box, part_of, shells
from tests.anatomy.refining.planted import block, patient, truth

GRID, _ = truth(parts=5)
WHOLE = tuple(slice(0, n) for n in GRID.coarse.shape)


@pytest.fixture(scope="module")
def shell():
    (found,) = shells(patient(), GRID)
    return found


def picture(one, clefts=None):
    even = np.zeros(GRID.coarse.shape, np.float32)
    return drawn([one], even + np.float32(50.0), even + np.float32(180.0), clefts, GRID, WHOLE)


def test_distances_are_those_of_the_exact_bone_about_its_surface(shell):
    box = fine_box(shell.within, GRID)
    exact = block().distance_mm(GRID.points_mm(box)).reshape(shell.away_mm.shape)
    near = np.abs(exact) < 3.0
    assert shell.away_mm[near] == pytest.approx(exact[near], abs=1e-4)


def test_a_bone_moved_along_an_axis_is_the_exact_one_there(shell):
    moved = shell.moved_mm.copy()
    moved[0] += 1.5  # slices run to the head
    found = again(
        type(shell)(shell.name, shell.within, shell.away_mm, shell.thick_mm, moved, shell.thicker),
        patient(),
        GRID,
    )
    points = GRID.points_mm(fine_box(shell.within, GRID))
    exact = block((0.0, 0.0, 1.5)).distance_mm(points).reshape(found.away_mm.shape)
    near = np.abs(exact) < 3.0
    assert found.away_mm[near] == pytest.approx(exact[near], abs=1e-3)


def test_bone_weighs_what_cortex_and_inside_do(shell):
    hu = picture(shell)
    deep = block().distance_mm(GRID.points_mm(fine_box(WHOLE, GRID))).reshape(hu.shape)
    thick = float(shell.thick_mm.max())
    assert hu[deep > 0.6] == pytest.approx(50.0)
    assert hu[deep < -thick - 0.6] == pytest.approx(180.0)
    middle = np.abs(deep + 0.5 * thick) < 0.05
    assert hu[middle] == pytest.approx(1100.0, abs=1.0)


def test_a_cleft_stays_open(shell):
    clefts = np.zeros(GRID.shape, np.float32)
    clefts[:, :, GRID.shape[2] // 2] = 1.0
    assert picture(shell, clefts)[:, :, GRID.shape[2] // 2] == pytest.approx(50.0)


def test_a_part_of_a_grid_is_that_part():
    part = part_of(GRID, (slice(2, 5), slice(1, 4), slice(3, 9)))
    assert part.shape == (15, 15, 30)
    corner = part.points_mm((slice(0, 1), slice(0, 1), slice(0, 1)))
    assert corner == pytest.approx(GRID.points_mm((slice(10, 11), slice(5, 6), slice(15, 16))))
