import gc
import weakref

import numpy as np
import pytest

from needle_sim.imaging.ultrasound.field._kernels import TO_MM
from needle_sim.imaging.ultrasound.field.bone_field import exact_bone
from needle_sim.imaging.ultrasound.field.grid import Grid
from needle_sim.imaging.ultrasound.field.voxel_surface import (
    as_seen_mm,
    distance_of_share,
    voxel_surface,
)
from needle_sim.imaging.ultrasound.windows import free_mm
from tests.imaging.ultrasound.field.test_bone_field import GRID, Rod, patient


def half(at):
    """The half x < 0 of the rod of radius 6 mm along x, to whose end the fit goes on."""
    return (np.hypot(at[..., 1], at[..., 2]) < 6.0) & (at[..., 0] < 0.0) & (at[..., 0] > -15.0)


def fitted(bony=half):
    return patient(bony, bones={"rod": Rod()}, fit_rms_mm={"rod": 1.0})


ALONG = np.stack([np.linspace(-12, 12, 49), np.zeros(49), np.zeros(49)], axis=1)


def test_a_share_of_one_half_is_the_surface():
    share = np.array([0.5, 0.8413447, 0.1586553, 0.0, 1.0])
    found = distance_of_share(share, 1.5)
    assert found[:3] == pytest.approx([0.0, -1.5, 1.5], abs=1e-5)
    assert found[3] == pytest.approx(-found[4])
    assert 4.0 < found[3] < 5.0


def test_a_fit_that_is_too_long_ends_where_the_voxels_do():
    seen = as_seen_mm(fitted(), "rod", ALONG, Rod().distance_mm(ALONG))
    end = ALONG[:, 0][seen > 0].min()
    assert end == pytest.approx(-0.5, abs=0.75)  # the last voxel of bone has its centre at x = -1
    assert (seen[ALONG[:, 0] > 1.0] > 0.0).all()


def test_a_bone_that_is_exact_by_making_stands_as_it_is():
    made = patient(half, bones={"rod": Rod()})
    distance = Rod().distance_mm(ALONG)
    assert voxel_surface(made) is None
    np.testing.assert_array_equal(as_seen_mm(made, "rod", ALONG, distance), distance)


def test_where_fit_and_voxels_agree_the_fit_is_kept_to_half_a_millimetre():
    whole = fitted(lambda at: (np.hypot(at[..., 1], at[..., 2]) < 6.0) & (np.abs(at[..., 0]) < 18))
    across = np.stack([np.zeros(61), np.linspace(-9, 9, 61), np.zeros(61)], axis=1)
    exact = Rod().distance_mm(across)
    seen = as_seen_mm(whole, "rod", across, exact)
    near = np.abs(exact) < 0.7
    assert np.abs(seen - exact)[near].max() < 0.6
    np.testing.assert_array_equal(seen[exact > 1.0], exact[exact > 1.0])


def test_windows_and_scene_see_the_same():
    """The end of the fit that the voxels lack is free for a beam, and no bone in the scene."""
    one = fitted()
    beyond = np.array([[6.0, 0.0, 0.0], [-6.0, 0.0, 0.0]])
    assert (free_mm(one, beyond) > 0).tolist() == [True, False]
    stored = exact_bone(one, GRID)[tuple(GRID.voxels(beyond).T)] * TO_MM
    assert (stored > 0).tolist() == [True, False]


def test_the_surface_of_an_anatomy_is_made_once_and_goes_with_it():
    one = fitted()
    assert voxel_surface(one) is voxel_surface(one)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_a_grid_off_the_bone_is_left_alone():
    far = Grid(np.array([30.0, 30.0, 30.0]), 0.65, (8, 8, 8))
    assert (exact_bone(fitted(), far) * TO_MM > 100.0).all()
