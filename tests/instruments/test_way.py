"""Stretches along a bent axis: where they lie, how they meet, what gives way to them."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.tool import Stretch
from needle_sim.instruments.way import Way
from tests.geometry.test_solids import inside

BENT = np.array([[0.0, 0.0, 40.0], [0.0, 0.0, 20.0], [10.0, 0.0, 0.0]])  # rear end first
TIP_LEG = float(np.hypot(10, 20))


def test_a_stretch_over_a_bend_is_one_shaft_without_gap_or_double_wall():
    way = Way(BENT, 1000.0)
    parts = way.parts(Stretch((2.0, 35.0), (4.0, 4.0), "steel"))
    assert len(parts) == 2
    points = np.random.default_rng(0).uniform([-4, -3, 8], [10, 3, 32], (40_000, 3))
    hits = sum(inside(part.solid, points).astype(int) for part in parts)
    assert hits.max() == 1
    # the union is all that is within 2 mm of either leg on its side of the mitre
    legs = []
    for start, end in ((BENT[1], BENT[0]), (BENT[1], BENT[2])):
        along = (end - start) / np.linalg.norm(end - start)
        away = points - start - ((points - start) @ along)[:, None] * along
        legs.append((np.linalg.norm(away, axis=1) <= 2, along))
    mitre = legs[0][1] - legs[1][1]
    upper = (points - BENT[1]) @ mitre > 0
    assert np.array_equal(hits == 1, np.where(upper, legs[0][0], legs[1][0]))


def test_distances_count_from_the_tip():
    way = Way(BENT, 1000.0)
    (near,) = way.parts(Stretch((0.0, TIP_LEG - 1), (2.0, 2.0), "steel"))
    assert inside(near.solid, np.array([[9.9, 0.0, 0.2]])).all()
    (far,) = way.parts(Stretch((TIP_LEG + 5.0, TIP_LEG + 6.0), (2.0, 2.0), "steel"))
    assert inside(far.solid, np.array([[0.0, 0.0, 25.5]])).all()
    assert not inside(far.solid, np.array([[0.0, 0.0, 24.9], [0.0, 0.0, 26.1]])).any()


def test_tissue_gives_way_only_within_the_depth():
    parts = Way(BENT, 12.0).parts(Stretch((0.0, 40.0), (2.0, 2.0), "steel"))
    assert [one.in_tissue for one in parts] == [True, False, False]


def test_repeats_stand_a_pitch_apart_and_end_with_the_path():
    parts = Way(BENT, 1000.0).parts(
        Stretch((0.0, 1.0), (2.0, 2.0), "steel", repeat=100, pitch_mm=2.0)
    )
    assert len(parts) == 22 + 1  # of the 42.4 mm there are, one over the bend
    centres = [one.solid.centre_mm for one in parts[:10]]
    assert np.linalg.norm(np.diff(centres, axis=0), axis=1) == pytest.approx(2.0)


@pytest.mark.parametrize(("facing", "towards"), [(None, 1), ([1.0, 0.0, 0.0], 0)])
def test_a_slot_faces_where_it_is_told_to(facing, towards):
    way = Way(np.array([[0.0, 30.0, 0.0], [0.0, 0.0, 0.0]]), 1000.0)
    slot = Stretch((5.0, 10.0), (20.0, 3.0), "cut", shape="block")
    (part,) = way.parts(slot, facing=facing)
    long, short = ((0, 0, 9), (9, 0, 0)) if towards else ((9, 0, 0), (0, 0, 9))
    at = np.array([long, short], dtype=float) + np.array([0.0, 7.5, 0.0])
    assert inside(part.solid, at).tolist() == [True, False]


def test_an_ellipsoid_and_a_capsule_lie_along_the_axis():
    way = Way(np.array([[0.0, 30.0, 0.0], [0.0, 0.0, 0.0]]), 1000.0)
    balloon = Stretch((2.0, 22.0), (12.0, 12.0), "bone_cement", shape="ellipsoid")
    pin = Stretch((2.0, 22.0), (4.0, 4.0), "steel", shape="capsule")
    at = np.array([[0, 2.1, 0], [0, 21.9, 0], [5.9, 12, 0], [0, 1.9, 0], [0, 0.1, 0], [0, -0.1, 0]])
    (body,), (rounded,) = way.parts(balloon), way.parts(pin)
    assert inside(body.solid, at).tolist() == [True, True, True, False, False, False]
    assert inside(rounded.solid, at).tolist() == [True, True, False, True, True, False]


def test_a_sharp_bend_is_refused():
    with pytest.raises(InputError, match="60 degrees"):
        Way(np.array([[0.0, 0, 0], [0, 0, 10], [0, 5, 5]]), 0.0).check_bends()
