import numpy as np
import pytest

from needle_sim.injectate.column import column
from tests.injectate.cases import INTRATHECAL


@pytest.fixture(scope="module")
def sac(spine):
    return column(spine, spine.structures["dura"], INTRATHECAL)


def test_the_room_is_the_sac_less_root_and_rootlets(spine, sac):
    z = sac.lattice.axes_mm()[2]
    per_mm2 = sac.room.sum(axis=(1, 2)) * sac.lattice.step_mm**2
    low = (z < -40) & (z > -100)
    assert per_mm2[low] == pytest.approx(np.pi * 6.5**2, rel=0.02)  # below the root nothing is out
    high = (z > 20) & (z < 60)
    # two rootlets of a millimetre above it
    assert per_mm2[high] == pytest.approx(np.pi * (6.5**2 - 2 * 1.0), rel=0.03)


@pytest.mark.parametrize("volume", [0.2, 3.0])
@pytest.mark.parametrize("since", [0.0, 30.0])
def test_what_was_given_is_in_the_sac(sac, volume, since):
    assert sac.filled_ml(volume, since).sum() == pytest.approx(volume, rel=1e-9)


def test_it_spreads_as_diffusion_does(sac):
    def square(since):
        per_slice = sac.filled_ml(1.0, since).sum(axis=(1, 2))
        return (per_slice @ sac.height_mm**2) / per_slice.sum()

    # the variance of a bell grows by the same amount in equal times
    assert square(10.0) - square(0.0) == pytest.approx(square(20.0) - square(10.0), rel=0.15)


def test_the_heavy_fluid_lies_in_front(sac):
    filled = sac.filled_ml(2.0, 5.0)
    _, y, _ = sac.lattice.axes_mm()
    per_row = filled.sum(axis=(0, 2)) / np.maximum(sac.room.sum(axis=(0, 2)), 1e-9)
    assert per_row[np.abs(y + 4) < 0.5].mean() > 3 * per_row[np.abs(y - 5) < 0.5].mean()


def test_some_goes_along_the_root(spine, sac):
    points = sac.lattice.points_mm()
    outside = (spine.structures["dura"].distance_mm(points) > 1).reshape(sac.lattice.shape)
    sleeve = sac.room * outside
    assert sleeve.sum() > 0
    near = spine.structures["L4 left root"].distance_mm(points[(sleeve > 0.1).reshape(-1)])
    assert np.abs(near).max() < 2.0


def test_it_has_a_level_that_falls_to_the_front_wall_where_it_ends(sac):
    # height at which the concentration has fallen to half of that at the front wall
    filled = sac.filled_ml(1.0, 2.0)
    _, y, z = sac.lattice.axes_mm()
    inside = np.maximum(sac.room.sum(axis=2), 1e-9)
    dense = filled.sum(axis=2) / inside

    def level_mm(height):
        row = dense[np.abs(z - height).argmin()]
        front = row[(np.abs(y + 5.5) < 0.7)].mean()
        return y[(row > 0.5 * front) & (np.abs(y) < 6)].max()

    assert abs(level_mm(-2.0)) < 2.5  # about half of the sac at the tip
    assert level_mm(-30.0) < level_mm(-15.0) < level_mm(-2.0)
    row = dense[np.abs(z + 2).argmin()]
    assert row[np.abs(y - 5).argmin()] < 0.25 * row[np.abs(y + 5).argmin()]  # clear behind it


def test_rootlets_are_seen_as_defects(sac):
    filled = sac.filled_ml(2.0, 2.0)
    z = sac.lattice.axes_mm()[2]
    from_behind = filled.sum(axis=1)
    above, below = (from_behind[np.abs(z - at) < 5].sum(axis=0) for at in (35.0, -45.0))
    even = below / below.sum()
    uneven = above / above.sum()
    # one root leaves on the left; there its rootlets displace contrast, below it nothing does
    x = sac.lattice.axes_mm()[0]
    left = (x > 1.5) & (x < 5.5)
    assert (uneven[left] / even[left]).min() < 0.85
