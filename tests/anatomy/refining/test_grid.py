import numpy as np
import pytest

from needle_sim.anatomy.refining.grid import FineGrid, fine_grid
from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume, axis_aligned

CT = Volume(
    np.random.default_rng(3).integers(-100, 900, (7, 8, 9)).astype(np.int16),
    axis_aligned((2.5, 0.7, 0.7), (-20.0, 4.0, 100.0)),
)
GRID = FineGrid(CT, (5, 2, 3))


def test_the_mean_of_fine_points_is_the_coarse_one():
    points = GRID.points_mm((slice(5, 10), slice(2, 4), slice(6, 9)))
    assert points.mean(axis=0) == pytest.approx(CT.patient_from_voxel.apply([1.0, 1.0, 2.0]))


def test_a_plane_is_spread_exactly_between_voxel_centres():
    i, j, k = np.indices(CT.shape)
    fine = GRID.spread(3.0 * i - 2.0 * j + 0.5 * k)
    at = [(np.arange(n * p) + 0.5) / p - 0.5 for n, p in zip(CT.shape, GRID.parts, strict=True)]
    z, y, x = np.meshgrid(*at, indexing="ij")
    inside = slice(3, -3), slice(1, -1), slice(2, -2)
    assert fine[inside] == pytest.approx((3.0 * z - 2.0 * y + 0.5 * x)[inside], abs=1e-4)


def test_a_box_is_that_part_of_the_whole():
    box = slice(4, 17), slice(3, 9), slice(7, 20)
    coarse = CT.array.astype(np.float32)
    assert GRID.spread(coarse, box) == pytest.approx(GRID.spread(coarse)[box], abs=1e-3)


def test_thinning_keeps_the_mean_and_undoes_repetition():
    fine = CT.array.repeat(5, axis=0).repeat(2, axis=1).repeat(3, axis=2)
    assert GRID.thinned(fine) == pytest.approx(CT.array.astype(np.float32))


def test_voxels_are_divided_to_at_most_the_size_asked_for():
    found = fine_grid(CT, (-19.0, 5.0, 102.0), (-17.0, 7.0, 108.0), voxel_mm=0.3)
    assert found.parts == (9, 3, 3)
    low, high = found.coarse.corners_mm()
    assert (low <= (-19.0, 5.0, 102.0)).all()
    assert (high >= (-17.0, 7.0, 108.0)).all()


def test_a_box_beside_the_ct_and_too_fine_voxels_are_refused():
    with pytest.raises(InputError, match="does not lie in the CT"):
        fine_grid(CT, (200.0, 200.0, 200.0), (210.0, 210.0, 210.0), voxel_mm=0.3)
    with pytest.raises(InputError, match="over 32"):
        fine_grid(CT, (-19.0, 5.0, 102.0), (-17.0, 7.0, 108.0), voxel_mm=0.01)
    with pytest.raises(InputError, match="over 0"):
        fine_grid(CT, (-19.0, 5.0, 102.0), (-17.0, 7.0, 108.0), voxel_mm=0.0)
