"""The C-arm takes the pictures that a recipe asks for, from where it asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.carm import project_points
from needle_sim.planning.sightline import angles_of
from needle_sim.procedures.procedure import Procedure, ViewRecipe
from needle_sim.rehearsal.suite import Suite, caudal
from needle_sim.volume.volume import Volume, axis_aligned
from tests.planning.blocks import straight_target
from tests.rehearsal.attempts import patient, placed

RFA = Procedure.preset("medial-branch-rfa")
AP, OBLIQUE, LATERAL = RFA.views


def suite(recipe: Procedure = RFA, steepest_deg: float | None = None, seed: int = 0, **changes):
    """A C-arm about the target of a block without vertebrae, whose endplates are level."""
    return Suite(
        recipe,
        patient(),
        straight_target(**changes),
        "L5",
        steepest_deg=steepest_deg,
        rng=np.random.default_rng(seed),
    )


@pytest.fixture(scope="module")
def room() -> Suite:
    return suite()


def test_the_target_is_the_isocentre_and_the_obliques_are_towards_the_treated_side(room):
    made = room.shoot(OBLIQUE, None)
    assert made.orbital_deg == -20.0  # right
    assert made.tilt_deg == pytest.approx(-42.5)
    at = project_points(made.radiograph.carm, straight_target().centre_mm)
    middle = (np.array(made.radiograph.array.shape) - 1) / 2
    assert at == pytest.approx(middle, abs=0.51)
    left = suite(side="left").shoot(OBLIQUE, None)
    assert left.orbital_deg == 20.0


def test_pictures_of_one_view_have_names_of_their_own_and_say_how_deep_the_needle_was(room):
    first, second = (room.shoot(LATERAL, placed(), depth) for depth in (20.0, 66.0))
    assert first.name == "lateral"
    assert second.name == "lateral_2"
    assert (first.depth_mm, second.depth_mm) == (20.0, 66.0)
    assert room.shoot(AP, None).depth_mm is None
    assert len(second.radiograph.truth["needles"]) == 1


def test_the_patient_is_cast_once_a_pose_and_noise_is_new_every_time(room):
    paths, _ = room.posed(AP)
    assert room.posed(AP)[0] is paths
    one, two = room.shoot(AP, None), room.shoot(AP, None)
    assert not np.array_equal(one.radiograph.array, two.radiograph.array)


def test_the_same_seed_takes_the_same_pictures():
    one, two = (suite(seed=5).shoot(AP, placed(), 66.0).radiograph.array for _ in range(2))
    assert np.array_equal(one, two)


def test_a_view_along_the_approach_looks_the_way_the_target_is_met():
    along = ViewRecipe("joint", "Joint", "lumbar_oblique", 30.0, 0.0, along_approach=True)
    towards = np.array([0.4, -1.0, -0.2])
    made = suite(approach=towards).shoot(along, None)
    assert (made.orbital_deg, made.tilt_deg) == pytest.approx(angles_of(-towards))
    bare = suite(approach=towards, kind="point").shoot(along, None)
    assert bare.orbital_deg == -30.0  # where no joint is known the recipe's own angle


def test_a_tilt_that_the_volume_does_not_hold_is_reduced_and_both_are_said():
    made = suite(steepest_deg=-30.0).shoot(OBLIQUE, None)
    assert made.tilt_deg == pytest.approx(-30.0)
    assert "42° caudal in the recipe, 30° caudal in this volume" in made.note
    assert suite(steepest_deg=-30.0).shoot(AP, None).tilt_deg == 0.0


def test_contrast_that_was_given_is_in_every_later_picture():
    place = axis_aligned((1.0, 1.0, 1.0), tuple(straight_target().centre_mm - 5.0))
    iodine = Volume(np.full((10, 10, 10), 200.0, np.float32), place, "iodine_mg_ml")
    without, with_it = (
        suite(seed=1).shoot(AP, None, contrast=one).radiograph.array for one in (None, iodine)
    )
    middle = slice(251, 261), slice(251, 261)
    # 10 mm of 200 mg/mL take half of the beam and more at 80 kV; beyond it nothing changes
    assert with_it[middle].mean() < 0.6 * without[middle].mean()
    assert with_it[:100].mean() == pytest.approx(without[:100].mean(), rel=0.01)


def test_down_the_needle_hub_and_tip_fall_on_one_point(room):
    made = room.barrel(placed())
    hub, *_, tip = made.radiograph.truth["needles"][0]
    assert hub == pytest.approx(tip, abs=0.5)
    assert made.name == "barrel"
    assert made.depth_mm == pytest.approx(66.0)


def test_the_c_arm_is_the_recipes():
    small = replace(RFA, carm="mobile_flat_panel")
    assert suite(small).shoot(AP, None).radiograph.array.shape == (512, 512)


@pytest.mark.parametrize(
    ("tilt", "said"), [(-42.4, "42° caudal"), (10.0, "10° cranial"), (0.0, "0° cranial")]
)
def test_a_tilt_in_words(tilt, said):
    assert caudal(tilt) == said
