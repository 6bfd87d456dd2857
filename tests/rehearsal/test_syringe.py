"""The syringe: what lies at a place is drawn once, and a place that was left may be another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.rehearsal.syringe import MOST_CONTRAST_ML, Syringe
from tests.rehearsal.attempts import BACK
from tests.rehearsal.driving import FORAMEN, planned, spine

RECIPE = Procedure.preset(FORAMEN)
ALWAYS = replace(RECIPE, vascular=replace(RECIPE.vascular, rate=1.0, sensitivity=1.0))
NEVER = replace(RECIPE, vascular=replace(RECIPE.vascular, rate=0.0, specificity=1.0))


def syringe(recipe=NEVER, seed: int = 3) -> Syringe:
    return Syringe(recipe, spine(), seed)


def at_target() -> PlacedNeedle:
    return planned(FORAMEN)[0]


def deeper(mm: float) -> PlacedNeedle:
    path = at_target().trajectory
    return PlacedNeedle(
        at_target().needle, Trajectory.straight(path.entry_mm, path.tip_mm - mm * path.axis)
    )


def in_sac() -> PlacedNeedle:
    tip = np.asarray(spine().landmark("L4 canal_centre"))
    return PlacedNeedle(
        Needle.preset("quincke_22g_180mm"), Trajectory.straight(tip + 80.0 * BACK, tip)
    )


def test_a_vessel_that_nothing_shows_gives_blood_and_runs_off():
    made = syringe(ALWAYS)
    assert made.aspirate(at_target()) == "blood"
    assert made.contrast(at_target(), "iohexol_240", 1.0, 0.0).pattern == "vascular"
    assert made.inject(at_target(), "saline", 1.0)[0] == "vascular"


def test_without_a_vessel_it_is_clear_and_stays():
    made = syringe()
    assert made.aspirate(at_target()) == "clear"
    assert made.contrast(at_target(), "iohexol_240", 1.0, 0.0).pattern == "epidural"


def test_in_the_sac_there_is_csf():
    made = syringe(replace(NEVER, vascular=replace(NEVER.vascular, sensitivity=1.0)))
    assert made.aspirate(in_sac()) == "csf"
    assert made.inject(in_sac(), "saline", 1.0)[0] == "intrathecal"


def test_a_place_is_drawn_once_and_another_place_anew():
    """With half of all places in a vessel, one place never changes, and many are both."""
    half = replace(ALWAYS, vascular=replace(ALWAYS.vascular, rate=0.5, specificity=1.0))
    apart = 1.5 * rules()["vessel_mm"]
    found = set()
    for seed in range(12):
        made = syringe(half, seed)
        first = [made.aspirate(at_target()) for _ in range(3)]
        assert len(set(first)) == 1
        found.add((first[0], made.aspirate(deeper(apart))))
    assert len(found) == 4


def test_the_same_seed_draws_the_same():
    half = replace(ALWAYS, vascular=replace(ALWAYS.vascular, rate=0.5, sensitivity=0.5))
    drawn = [
        [made.aspirate(deeper(3.0 * n)) for n in range(6)]
        for made in (syringe(half), syringe(half), syringe(half, seed=4))
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_contrast_has_a_limit_and_says_what_is_left():
    made = syringe()
    made.contrast(at_target(), "iohexol_240", 5.0, 2.0)
    assert (made.contrast_ml, made.given_at_s) == (5.0, 2.0)
    made.contrast_ml = MOST_CONTRAST_ML - 1.0
    with pytest.raises(InputError, match="1 mL are left"):
        made.contrast(at_target(), "iohexol_240", 2.0, 3.0)
    assert made.contrast_ml == MOST_CONTRAST_ML - 1.0


@pytest.mark.parametrize(
    ("agent", "said"), [("saline", "holds no iodine"), ("iohexol_24", "iohexol_240")]
)
def test_what_shows_nothing_is_no_contrast(agent, said):
    with pytest.raises(InputError, match=said):
        syringe().contrast(at_target(), agent, 1.0, 0.0)


def test_a_drug_takes_its_time():
    _, short = syringe().inject(at_target(), "saline", 1.0)
    _, long = syringe().inject(at_target(), "saline", 3.0)
    assert long == pytest.approx(3.0 * short)
    assert short > 0
