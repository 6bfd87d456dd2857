"""A needle as parts: shaft, bore, bevel, insulation, hub, stylet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.instruments.needle import Needle
from needle_sim.instruments.needle_parts import INSULATION, INSULATION_MM, parts_of
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from tests.geometry.test_solids import inside

RF = PlacedNeedle(Needle.preset("rf_18g_10mm"), Trajectory.straight([0, 0, 100], [0, 0, 0]))


def at(placed, points):
    """What lies at points (N, 3): the last part that holds each."""
    found = ["" for _ in points]
    for part in parts_of(placed):
        for n in np.flatnonzero(inside(part.solid, np.array(points, dtype=float))):
            found[n] = next(iter(part.g_cm3), part.kind)
    return found


def test_a_cannula_is_steel_about_a_bore_and_its_active_tip_is_bare():
    wall, bore, sleeve = 0.55, 0.2, 0.5 * 1.27 + 0.5 * INSULATION_MM
    assert at(RF, [[wall, 0, 50], [bore, 0, 50], [sleeve, 0, 50]]) == ["steel", "void", INSULATION]
    assert at(RF, [[wall, 0, 9], [bore, 0, 9], [sleeve, 0, 9]]) == ["steel", "void", ""]


def test_a_stylet_fills_the_bore_and_has_a_cap():
    with_stylet = replace(RF, stylet=True)
    assert at(with_stylet, [[0.2, 0, 50], [0.0, 0, 158]]) == ["steel", "steel"]
    behind = [[1.5, 0, 165], [2.0, 0, 172]]  # in the socket, and behind the hub
    assert at(RF, behind) == ["void", ""]
    assert at(with_stylet, behind) == ["polycarbonate", "polycarbonate"]


def test_the_hub_begins_where_the_length_of_the_needle_ends():
    assert at(RF, [[1.5, 0, 149.9], [1.5, 0, 150.1]]) == ["", "polycarbonate"]
    assert at(RF, [[0.0, 0, 165], [2.9, 0, 165], [5.0, 0, 165]]) == ["void", "polycarbonate", ""]


def test_the_hub_of_a_thick_cannula_is_wider_than_it():
    thick = PlacedNeedle(Needle(8, 4.19, 3.2, 120.0), RF.trajectory)
    assert at(thick, [[2.05, 0, 125], [2.6, 0, 121]]) == ["steel", "polycarbonate"]


@pytest.mark.parametrize("clock", [0.0, 90.0, 215.0])
def test_the_bevel_keeps_the_wall_on_which_its_point_is(clock):
    placed = replace(RF, bevel_clock_deg=clock)
    turned = np.deg2rad(clock)
    face = placed.trajectory.patient_from_needle.turn([np.sin(turned), np.cos(turned), 0.0])
    points = [0.58 * sign * face + [0, 0, 0.9] for sign in (-1, 1)]
    assert at(placed, points) == ["steel", ""]


def test_only_what_lies_under_the_skin_is_in_tissue():
    shaft = [part for part in parts_of(RF) if "steel" in part.g_cm3]
    assert [part.in_tissue for part in shaft] == [True, False]
    assert not any(part.in_tissue for part in parts_of(RF) if "polycarbonate" in part.g_cm3)
