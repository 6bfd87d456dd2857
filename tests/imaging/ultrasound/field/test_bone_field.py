import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.imaging.ultrasound.field._kernels import TO_MM
from needle_sim.imaging.ultrasound.field.bone_field import exact_bone, shape_distance, voxel_bone
from needle_sim.imaging.ultrasound.field.grid import COARSE, Grid
from needle_sim.volume.volume import Volume, axis_aligned

GRID = Grid(np.array([-20.0, -20.0, -20.0]), 0.65, (62, 62, 62))


class Rod:
    """A round bone along x."""

    tube = Tube(np.array([[-15.0, 0.0, 0.0], [15.0, 0.0, 0.0]]), np.array([6.0, 6.0]))

    @property
    def box_mm(self):
        return np.array([[-21.0, -6.0, -6.0], [21.0, 6.0, 6.0]])

    def distance_mm(self, points_mm):
        return distance_to_tubes_mm(points_mm, [self.tube])


def patient(bony, spacing=(1.0, 1.0, 1.0), **known):
    shape = tuple(int(42 / step) for step in spacing)
    place = axis_aligned(spacing, (-21.0, -21.0, -21.0))
    at = place.apply(np.moveaxis(np.indices(shape), 0, -1))
    labels = np.where(bony(at), label("trabecular_bone"), label("muscle")).astype(np.uint16)
    hu = np.zeros(shape, np.int16)
    return Anatomy("test", Volume(hu, place), Volume(labels, place, "label"), **known)


def test_distance_of_a_shape_is_exact_near_its_surface():
    box = GRID.box(Rod().box_mm, margin_mm=4.0)
    exact = Rod().distance_mm(GRID.points_mm(box)).reshape([s.stop - s.start for s in box])

    found = shape_distance(Rod(), GRID, box, band_mm=1.5)

    near = np.abs(exact) < 1.0
    np.testing.assert_allclose(found[near], exact[near], atol=1e-5)
    assert np.abs(found - exact).max() < 0.5 * COARSE * GRID.step_mm
    assert ((found < 0) == (exact < 0)).all()


def test_bones_with_a_shape_are_stored_to_a_64th_of_a_millimetre():
    spine = patient(lambda at: at[..., 0] > 99, bones={"rod": Rod()})
    stored = exact_bone(spine, GRID) * TO_MM
    whole = (slice(0, 62),) * 3
    exact = Rod().distance_mm(GRID.points_mm(whole)).reshape(GRID.shape)

    near = np.abs(exact) < 1.0
    assert np.abs(stored - exact)[near].max() <= 0.5 * TO_MM + 1e-5
    assert ((stored < 0) == (exact < -0.5 * TO_MM)).mean() > 0.9999


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.8)])
def test_a_plane_of_bone_voxels_has_its_surface_between_them(spacing):
    """Its first voxels of bone have centres at y >= 0: the plane lies half a step ahead."""
    spine = patient(lambda at: at[..., 1] >= 0.0, spacing)
    away = np.full(GRID.shape, 32000, np.int16)

    found = voxel_bone(spine.labels, away, GRID)

    y = -21.0 + spacing[1] * np.arange(found.shape[1])
    surface = y[y >= 0][0] - 0.5 * spacing[1]
    profile = found[found.shape[0] // 2, :, found.shape[2] // 2]
    near = np.abs(y - surface) < 1.5
    np.testing.assert_allclose(profile[near], surface - y[near], atol=0.12)


def test_voxels_that_an_exact_bone_accounts_for_are_not_counted_twice():
    spine = patient(lambda at: np.hypot(at[..., 1], at[..., 2]) < 6.5, bones={"rod": Rod()})
    exact = exact_bone(spine, GRID)

    found = voxel_bone(spine.labels, exact, GRID)

    middle = found[:, :, 8:34]  # away from the ends of the rod
    assert middle.min() > 0
