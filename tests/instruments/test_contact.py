"""What a hand feels on its way in: layers in order, bone that stops it, a loss of resistance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.anatomy.anatomy import Space
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.instruments.contact import STEP_MM, feel
from needle_sim.instruments.needle import Needle
from tests.rehearsal.attempts import BACK, CENTRE_MM, DEEP_MM, Ball, patient

TUOHY, THIN = Needle.preset("tuohy_18g_90mm"), Needle.preset("quincke_22g_90mm")
ENTRY = CENTRE_MM + DEEP_MM * BACK
LAYERED = replace(
    patient(),
    spaces={
        **patient().spaces,
        "flavum": Space("flavum", "flavum", Ball(CENTRE_MM + 10.0 * BACK, 4.0), "constructed"),
    },
)  # the canal's ball reaches to 60 mm, the flavum from 52 to 60


def pushed(to_mm: float, from_mm: float = 0.0, needle: Needle = TUOHY, **how):
    return feel(LAYERED, needle, ENTRY, -BACK, from_mm=from_mm, to_mm=to_mm, **how)


def test_layers_come_in_the_order_of_the_way():
    met = list(dict.fromkeys(pushed(DEEP_MM).layers))
    assert met[-2:] == ["flavum", "epidural"]
    assert "muscle" in met[:-2]
    assert pushed(DEEP_MM).reached_mm == DEEP_MM


@pytest.mark.parametrize(
    ("tissue", "layer"),
    [
        ("multifidus", "muscle"),
        ("kidney", "muscle"),
        ("supraspinous_ligament", "ligament"),
        ("epidural_fat", "fat"),
        ("skin", "skin"),
    ],
)
def test_a_tissue_feels_as_its_family(tissue, layer):
    plain = patient()
    labels = np.where(plain.labels.array == 0, 0, label(tissue)).astype(np.uint16)
    one = replace(plain, labels=plain.labels.like(labels, "label"))
    made = feel(one, TUOHY, ENTRY, -BACK, from_mm=5.0, to_mm=20.0)
    assert set(made.layers) == {layer}


def test_the_flavum_begins_and_ends_where_it_lies():
    made = pushed(DEEP_MM)
    inside = made.depth_mm[np.array(made.layers) == "flavum"]
    assert inside.min() == pytest.approx(52.0, abs=STEP_MM)
    assert inside.max() == pytest.approx(60.0, abs=STEP_MM)


def test_resistance_is_lost_behind_the_flavum_and_a_syringe_tells():
    made = pushed(DEEP_MM, syringe=True)
    assert made.said == ("firm and gritty", "loss of resistance")
    assert pushed(DEEP_MM).said == ("firm and gritty", "a give")
    layers = np.array(made.layers)
    in_flavum, behind = (
        made.pressure_kpa[layers == "flavum"],
        made.pressure_kpa[layers == "epidural"],
    )
    assert in_flavum.min() > 10 * behind.max()


def test_in_two_pushes_the_same_is_noticed_as_in_one():
    whole = pushed(DEEP_MM)
    parts = pushed(57.0), pushed(DEEP_MM, 57.0)
    assert parts[0].said + parts[1].said == whole.said
    assert parts[1].layers[-1] == whole.layers[-1]


@given(st.floats(1.0, 65.0))
def test_the_drag_of_the_shaft_does_not_forget_the_way_before(at_mm):
    """Force at the end is that of one push, but for the coarse steps of the way before."""
    whole, later = pushed(DEEP_MM), pushed(DEEP_MM, at_mm)
    assert later.force_n[-1] == pytest.approx(whole.force_n[-1], rel=0.15)


def test_a_thin_needle_is_felt_less():
    thick, thin = pushed(DEEP_MM), pushed(DEEP_MM, needle=THIN)
    inside = np.array(thick.layers) != "outside"
    assert (thin.force_n[inside] < thick.force_n[inside]).all()
    assert thin.layers == thick.layers


def test_bone_stops_the_point_on_its_surface(phantom):
    """Straight onto the middle of a lamina: the surface is found to 0.02 mm, from outside."""
    bone = phantom.bones["L4"]
    start = phantom.landmark("L4 right sap_neck_dorsal") + 60.0 * BACK
    made = feel(phantom, TUOHY, start, -BACK, from_mm=0.0, to_mm=90.0)
    assert made.bone is not None
    tip = start - made.reached_mm * BACK
    gaps = [float(one.distance_mm(tip[None])[0]) for one in phantom.bones.values()]
    assert 0.0 <= min(gaps) < 0.05
    assert made.said[-1] == "bone"
    again = feel(phantom, TUOHY, start, -BACK, from_mm=made.reached_mm, to_mm=90.0)
    assert again.reached_mm == pytest.approx(made.reached_mm, abs=0.03)
    assert bone is not None


def test_everything_felt_is_a_number(phantom):
    made = feel(phantom, THIN, ENTRY, -BACK, from_mm=0.0, to_mm=80.0, syringe=True)
    assert np.isfinite(made.force_n).all()
    assert np.isfinite(made.pressure_kpa).all()
    assert (made.force_n >= 0).all()
    assert len(made.layers) == len(made.depth_mm) == len(made.force_n) == len(made.pressure_kpa)


@pytest.mark.parametrize(("start", "to"), [(-1.0, 5.0), (5.0, 1.0), (0.0, 401.0), (0.0, np.nan)])
def test_a_way_goes_in(start, to):
    with pytest.raises(InputError, match="a way needs"):
        pushed(to, start)


def test_a_notebook_sees_where_it_came_to():
    facts = pushed(DEEP_MM).facts()
    assert facts["to, mm"] == "66.0"
    assert facts["layer"] == "epidural"
