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
    # two rootlets of 0.8 mm above it
    assert per_mm2[high] == pytest.approx(np.pi * (6.5**2 - 2 * 0.64), rel=0.03)


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
