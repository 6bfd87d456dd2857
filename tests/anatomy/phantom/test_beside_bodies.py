import numpy as np
import pytest

from needle_sim.anatomy.phantom.beside_bodies import segmental_arteries, sympathetic_chains
from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec


@pytest.fixture(scope="module")
def spine():
    found = spine_spec()
    stack = column(found)
    return stack, bones_of(stack, found.sacrum)[0]


def test_the_lumbar_chain_lies_before_the_middle_of_the_body_and_off_the_bone(spine):
    stack, bones = spine
    for one in sympathetic_chains(stack, bones):
        (tube,) = one.tubes
        for level in ("L2", "L3", "L4"):
            own = stack.bodies[level].inverse().apply(tube.points_mm)
            here = own[np.abs(own[:, 2]) < 12.0]
            half = 0.5 * stack.vertebrae[level].upper_width_mm
            assert (here[:, 1] < -5.0).all()
            assert (np.abs(here[:, 0]) < half + 3.0).all()
            assert (bones[level].distance_mm(here) > 1.0).all()


def test_ganglia_swell_in_the_lower_third_of_l2(spine):
    stack, bones = spine
    tube = next(iter(sympathetic_chains(stack, bones))).tubes[0]
    own = stack.bodies["L2"].inverse().apply(tube.points_mm)
    widest = own[np.abs(own[:, 2]) < 14.0][tube.radius_mm[np.abs(own[:, 2]) < 14.0].argmax()]

    assert -0.5 * stack.vertebrae["L2"].height_mm < widest[2] < -2.0


def test_a_pair_of_arteries_hugs_the_waist_of_every_body_but_the_last(spine):
    stack, bones = spine
    found = list(segmental_arteries(stack, bones))

    assert [one.name for one in found if " left " in one.name] == [
        *(f"T{n} left intercostal artery" for n in (10, 11, 12)),
        *(f"L{n} left lumbar artery" for n in (1, 2, 3, 4)),
    ]
    for one in found:
        level, side = one.name.split()[:2]
        own = stack.bodies[level].inverse().apply(one.tubes[0].points_mm)
        assert np.abs(own[:, 2]).max() < 4.0
        assert bones[level].distance_mm(own).min() > 0.2
        assert (own[-1, 0] > 0) == (side == "left")
        assert own[-1, 1] > own[0, 1]  # from the front to the back


def test_the_right_artery_comes_across_from_the_aorta_on_the_left(spine):
    stack, bones = spine
    right = next(one for one in segmental_arteries(stack, bones) if "right" in one.name)

    assert right.tubes[0].points_mm[0, 0] > 0 > right.tubes[0].points_mm[-1, 0]
