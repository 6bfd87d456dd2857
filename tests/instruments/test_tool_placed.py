"""Tools on their paths, and cement."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.tool import Stretch, Tool
from needle_sim.instruments.tool_placed import PlacedTool, cement, place
from needle_sim.instruments.trajectory import Trajectory
from tests.geometry.test_solids import inside

PATH = Trajectory(np.array([[0.0, 60.0, -40.0], [0.0, 10.0, 0.0], [0.0, 8.0, 20.0]]))
PIN = Tool((Stretch((0.0, 200.0), (2.0, 2.0), "steel"),), 100.0)


def test_a_tool_longer_than_its_path_goes_on_straight_out_of_the_skin():
    placed = place(PIN, PATH)
    rear = placed.line_mm[0]
    outward = PATH.points_mm[0] - PATH.points_mm[1]
    assert np.cross(rear - PATH.points_mm[0], outward) == pytest.approx(0.0, abs=1e-9)
    steps = np.linalg.norm(np.diff(placed.line_mm, axis=0), axis=1)
    assert steps.sum() == pytest.approx(100.0)
    assert [part.in_tissue for part in placed.parts] == [True, True, False]
    assert not any(part.in_tissue for part in place(PIN, PATH, in_tissue=False).parts)


def test_a_rod_is_as_long_as_its_path():
    placed = place("rod_titanium", PATH)
    assert placed.line_mm == pytest.approx(PATH.points_mm)
    assert placed.name == "rod_titanium"
    ends = np.concatenate([part.solid.spine_mm for part in placed.parts])
    assert inside(placed.parts[0].solid, PATH.points_mm[-1:]).all()
    assert len(ends) == 4


def test_a_tool_too_short_for_its_path_is_refused():
    long = Trajectory.straight([0, 150, 0], [0, 0, 0])
    with pytest.raises(InputError, match="too short"):
        place(PIN, long)


def test_the_contacts_of_a_lead_follow_a_curved_path():
    turn = np.linspace(0, 1.2, 40)
    points = np.stack([np.zeros(40), 80 * np.cos(turn), 80 * np.sin(turn)], axis=1)
    lead = place("scs_lead_8", Trajectory(points))
    metal = [part for part in lead.parts if "platinum_iridium" in part.g_cm3]
    middles = np.array([part.solid.centre_mm for part in metal])
    chord = 80 - 80 * np.cos(0.5 * turn[1])  # how far a straight step is from its arc
    assert np.linalg.norm(middles[:, 1:], axis=1) == pytest.approx(80, abs=1.1 * chord)
    length = sum(np.linalg.norm(np.diff(part.solid.spine_mm, axis=0)) for part in metal)
    assert length == pytest.approx(8 * 3.0, abs=0.5)  # spines reach a little past their mitres


def test_cement_is_the_union_of_its_ellipsoids():
    blob = cement([[0, 0, 0], [5, 0, 0]], [[8, 6, 4], [6, 6, 6]])
    at = np.array([[-3.9, 0, 0], [7.9, 0, 0], [0, 0, 2.1], [5, 0, 2.9]])
    hits = np.logical_or.reduce([inside(part.solid, at) for part in blob.parts])
    assert hits.tolist() == [True, True, False, True]
    assert len(cement([[0, 0, 0]], [5.0]).parts) == 1


def test_a_tool_of_nothing_is_refused():
    with pytest.raises(InputError, match="no parts"):
        PlacedTool("nothing", (), np.zeros((1, 3)))
