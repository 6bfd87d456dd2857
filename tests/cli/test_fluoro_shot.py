"""Words of `needle-sim fluoro` as nouns."""

from __future__ import annotations

import pytest

from needle_sim.cli.fluoro_shot import field_of, planned, posed, take, target_name
from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import project_points

USUAL = {
    "level": "L4", "side": "right", "view": "AP", "position": "prone", "magnify": None,
    "device": "mobile_flat_panel", "kvp": None, "mas": None, "collimate": None, "needle": "plan",
    "target": "L3-L4 right foramen", "contrast": None, "cine": None, "dsa": False, "seed": 0,
    "lead_letter": False,
}  # fmt: skip


def test_end_on_puts_hub_over_tip(phantom):
    placed = planned(phantom, "L4 right medial branch")
    carm = posed(phantom, USUAL | {"view": "end-on"}, placed)
    path = placed.trajectory
    assert project_points(carm, path.entry_mm) == pytest.approx(project_points(carm, path.tip_mm))
    with pytest.raises(InputError, match="add --needle plan"):
        posed(phantom, USUAL | {"view": "end-on"}, None)


@pytest.mark.parametrize(
    ("view", "orbital"), [("lateral", -90.0), ("oblique", -25.0), ("contralateral-oblique", 50.0)]
)
def test_views_turn_towards_the_treated_side(phantom, view, orbital):
    assert posed(phantom, USUAL | {"view": view}, None).orbital_deg == orbital


def test_a_field_is_width_by_height():
    field = field_of(USUAL | {"collimate": "90x110"})
    assert (field.width_mm, field.height_mm) == (90.0, 110.0)
    assert field_of(USUAL) is None


def test_the_target_is_a_medial_branch_unless_said():
    assert target_name(USUAL) == "L3-L4 right foramen"
    said = {"target": None, "level": "L3-L4", "side": "left"}
    assert target_name(USUAL | said) == "L3 left medial branch"


@pytest.mark.long
def test_contrast_darkens_the_picture(phantom):
    how = USUAL | {"level": "L3-L4", "magnify": "magnified_2"}
    bare, filled = take(phantom, how), take(phantom, how | {"contrast": 1.0})
    row, column = (round(float(x)) for x in bare.shot.truth["needles"][0][-1])
    near = slice(row - 15, row + 15), slice(column - 15, column + 15)
    assert filled.shot.array[near].mean() < 0.97 * bare.shot.array[near].mean()
