"""A screw is as large as its bone holds and no smaller, and is read as it is."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.screw import WALL_MM, Bed, largest_mm, screw_size_mm
from needle_sim.geometry.shapes import Implicit, bar, box

X, Z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("most", "room", "chosen"),
    [
        (45.0, 60.0, 45.0),
        (45.0, 45.0, 45.0),
        (45.0, 44.9, 40.0),
        (38.0, 50.0, 38.0),
        (38.0, 37.9, 35.0),
        (45.0, 25.0, 25.0),
        (45.0, 24.9, 0.0),
    ],
)
def test_where_the_asked_one_does_not_fit_it_is_the_next_step(most, room, chosen):
    assert largest_mm(most, room, 25.0, step=5.0) == chosen


def test_in_a_block_the_room_is_its_depth_less_the_wall():
    block = Implicit.of([box((10.0, 10.0, 20.0), round_mm=0.5)])

    bed = Bed.of(block, 20.0 * Z, Z, 6.5)

    assert bed.room_mm == pytest.approx(40.0 - WALL_MM, abs=0.3)
    assert bed.out_mm(2.0, 38.0) == 0.0


def test_a_slender_block_holds_no_thick_shaft_and_it_stands_out_by_what_is_lacking():
    block = Implicit.of([box((3.0, 10.0, 20.0), round_mm=0.1)])

    assert Bed.of(block, 20.0 * Z, Z, 5.0).out_mm(2.0, 38.0) == 0.0
    assert Bed.of(block, 20.0 * Z, Z, 8.0).out_mm(2.0, 38.0) == pytest.approx(1.0, abs=0.15)
    assert Bed.of(block, 20.0 * Z, Z, 8.0).room_mm == 0.0


def test_a_screw_of_known_size_is_read_as_it_is():
    shaft = bar([0.0, 0.0, 0.5], [0.0, 0.0, 40.0], (3.0, 3.0), across=X, cap_mm=0.5, blend_mm=0.0)
    head = bar([0.0, 0.0, 40.5], [0.0, 0.0, 51.5], (6.0, 6.0), across=X, cap_mm=0.5, blend_mm=0.0)

    assert screw_size_mm(Implicit.of([shaft, head])) == pytest.approx((6.0, 40.0), rel=0.01)
