import numpy as np

from needle_sim.imaging.ultrasound.field.grid import COARSE, Grid, refined

GRID = Grid(np.array([-10.0, 5.0, 30.0]), 0.5, (20, 30, 40))


def test_points_and_voxels_are_inverse():
    box = (slice(3, 6), slice(0, 4), slice(10, 12))
    points = GRID.points_mm(box)

    index = np.stack(np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing="ij"), -1)
    np.testing.assert_array_equal(GRID.voxels(points), index.reshape(-1, 3))
    np.testing.assert_allclose(GRID.patient_from_voxel.apply(index.reshape(-1, 3)), points)


def test_points_outside_are_those_of_the_rim():
    assert GRID.voxels([[-99.0, 99.0, 30.0]]).tolist() == [[0, 29, 0]]


def test_a_box_holds_its_corners_and_misses_what_is_outside():
    ends = np.array([[-5.0, 7.0, 32.0], [-3.0, 9.0, 33.0]])
    box = GRID.box(ends, margin_mm=0.0)

    points = GRID.points_mm(box)
    assert (points.min(axis=0) <= ends[0]).all()
    assert (points.max(axis=0) >= ends[1]).all()
    assert GRID.box(ends + 100, margin_mm=1.0) is None


def test_linear_fields_are_refined_exactly():
    shape = (9, 10, 14)
    i, j, k = np.meshgrid(*(np.arange(n + 2 * COARSE) for n in shape), indexing="ij")
    field = 0.5 * i - 2.0 * j + 0.25 * k

    fine = refined(field[::COARSE, ::COARSE, ::COARSE], shape)

    np.testing.assert_allclose(fine, field[:9, :10, :14], atol=1e-5)
