import numpy as np
import pytest

from needle_sim.anatomy.phantom.cord import CORD_MM, in_the_sac

SAC_MM = (18.0, 13.0)
LINE = np.stack([np.zeros(81), np.full(81, 20.0), np.linspace(120.0, -120.0, 81)], axis=1)


def half_mm(share):
    return np.tile(0.5 * share * np.array(SAC_MM), (81, 1))


@pytest.fixture(scope="module")
def held():
    return in_the_sac(LINE, half_mm(1.0), conus_mm=40.0)


def at(height, x=0.0, y=20.0):
    return np.array([[x, y, height]])


def test_the_cord_is_as_wide_and_deep_as_its_enlargement_and_ends_at_the_conus(held):
    cord = held[1]
    wide = [cord.distance_mm(at(100.0, x=x))[0] for x in (0.49 * CORD_MM[0], 0.51 * CORD_MM[0])]
    deep = [cord.distance_mm(at(100.0, y=20.0 + y))[0] for y in (3.9, 4.1)]

    assert wide[0] < 0 < wide[1]
    assert deep[0] < 0 < deep[1]
    assert cord.distance_mm(at(41.0, x=1.5))[0] > 0.0
    assert cord.distance_mm(at(30.0))[0] > 5.0


def test_the_cauda_lies_in_the_dorsal_part_of_the_sac_below_the_conus(held):
    cauda = held[0]

    assert cauda.distance_mm(at(0.0, y=23.5))[0] < 0
    assert cauda.distance_mm(at(0.0, y=14.5))[0] > 2.0
    assert cauda.distance_mm(at(100.0, y=23.0))[0] > 20.0


def test_both_stay_inside_a_narrow_sac():
    narrow = in_the_sac(LINE, half_mm(0.4), conus_mm=40.0)
    angles = np.linspace(0, 2 * np.pi, 60)
    rim = np.stack([0.4 * 9.0 * np.cos(angles), 20 + 0.4 * 6.5 * np.sin(angles)], axis=1)

    for height in (100.0, 60.0, 0.0, -50.0):
        wall = np.column_stack([rim, np.full(60, height)])
        assert min(one.distance_mm(wall).min() for one in narrow) > 0.0
