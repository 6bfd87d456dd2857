from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.opened import opened, shut
from needle_sim.imaging.xray.projector import PathLengths

CARM = CArm((0.0, 0.0, 0.0), shape=(80, 100), pixel_mm=1.5)


def shot(collimation):
    water = PathLengths(CARM, {"soft": np.full(CARM.shape, 20.0, np.float32)})
    return expose(water, Beam.preset("lumbar_ap"), collimation=collimation)


@pytest.mark.parametrize("size", [(40.0, 20.0), (25.0, 50.0)])
def test_the_field_is_as_large_as_the_blades_leave_it(size):
    """Blades 40 mm apart at the isocentre are so far apart on the detector, magnified,
    less the outer half of a penumbra of some 2 mm on each side."""
    rows, columns = opened(shot(Collimation(*size)))
    pixels = np.multiply(size, CARM.magnification / CARM.pixel_mm)
    assert columns.stop - columns.start == pytest.approx(pixels[0], abs=3.0)
    assert rows.stop - rows.start == pytest.approx(pixels[1], abs=3.0)
    assert rows.start + rows.stop == pytest.approx(CARM.shape[0], abs=1)


def test_without_blades_the_field_is_the_picture_and_nothing_is_shut():
    plain = shot(None)
    assert plain.array[opened(plain)].shape == CARM.shape
    assert shut(plain.array, plain) is plain.array


def test_a_field_that_is_all_penumbra_is_taken_whole():
    """Nothing better is known than the whole picture."""
    plain = shot(None)
    dim = replace(plain, truth={**plain.truth, "open": np.full(CARM.shape, 0.5, np.float32)})
    assert dim.array[opened(dim)].shape == CARM.shape


def test_what_lies_under_blades_is_shut():
    one = shot(Collimation(40.0, 20.0))
    left = shut(np.ones(CARM.shape, np.float32), one)
    assert left[opened(one)].min() > 0.85
    assert left[0].max() < 0.05
