"""Costs that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.instruments.needle import Needle
from needle_sim.planning.hazards import HazardMaps
from needle_sim.planning.ranking import cheapest_first, geometric_cost, heat_cost, in_bone_mm
from tests.planning.blocks import block, root_beside, straight_target

ELECTRODE = Needle.preset("rf_18g_10mm")
AHEAD = np.array([[0.0, -1.0, 0.0]])


def test_the_target_itself_along_the_nerve_costs_nothing():
    assert geometric_cost(
        straight_target(), np.array([[0.0, -4.0, 0.0]]), AHEAD, ELECTRODE
    ) == pytest.approx([0.0], abs=1e-9)


def test_each_degree_and_millimetre_makes_a_path_worse():
    tips = np.array([[0.0, -4.0, 0.0], [0.0, -3.0, 0.0]])
    turned = np.array([[np.sin(0.1), -np.cos(0.1), 0.0]] * 2)
    straight = geometric_cost(straight_target(), tips, np.repeat(AHEAD, 2, axis=0), ELECTRODE)
    askew = geometric_cost(straight_target(), tips, turned, ELECTRODE)
    assert straight[1] > straight[0]
    assert (askew > straight).all()


def test_an_active_tip_near_a_root_costs_what_it_lacks_of_the_margin():
    """Root of radius 1 at x 5, y 20; tip at y 14: the active tip reaches back past the root."""
    maps = HazardMaps.around(block(structures=[root_beside(5.0, 1.0)]), [0.0, 0.0, 0.0])
    lacking = heat_cost(maps, {"root": 7.0}, np.array([[0.0, 15.0, 0.0]]), AHEAD, ELECTRODE)
    assert lacking == pytest.approx([7.0 + 0.635 - 4.0], abs=0.05)
    assert heat_cost(maps, {}, np.array([[0.0, 15.0, 0.0]]), AHEAD, ELECTRODE) == [0.0]


def test_without_bone_in_the_voxels_none_is_met():
    assert in_bone_mm(block(), np.zeros((1, 3)), AHEAD, ELECTRODE) == [0.0]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 9000))
def test_the_cheapest_come_first_whatever_is_asked_for_later(seed, count):
    rng = np.random.default_rng(seed)
    cost, more = rng.uniform(0, 2, count), rng.choice([0.0, 0.0, 0.5, 2.0], count)
    found = list(cheapest_first(cost, lambda these: more[these]))
    order = np.concatenate([np.empty(0, dtype=int), *found])
    assert sorted(order) == list(range(count))
    assert (np.diff((cost + more)[order]) >= 0).all()


def test_only_as_much_is_asked_as_is_taken():
    asked = []

    def more(these):
        asked.extend(these)
        return np.zeros(len(these))

    next(cheapest_first(np.arange(20000.0), more))
    assert len(asked) <= 4096
