"""Where a tip is meant to lie follows from landmarks, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.anatomy.anatomy import Anatomy, Space, Structure
from needle_sim.anatomy.settle import Settle
from needle_sim.anatomy.target_rule import (
    AlongNerve,
    Share,
    Shift,
    TargetRule,
    aim,
    check_landmark,
)
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import PATIENT, Frame, Transform
from tests.planning.blocks import Slab, block

UPPER, LOWER = np.array([0.0, 10.0, 20.0]), np.array([0.0, 14.0, -20.0])
DORSAL = np.array([0.0, -1.0, 0.0])
PLACE = {"level": "L4-L5", "upper": "L4", "lower": "L5", "side": "right"}


def body(turned_deg: float = 0.0) -> Transform:
    """A vertebra at the origin, tilted about the patient's left-right axis."""
    turn = np.radians(turned_deg)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    return Transform(matrix, target=PATIENT, source=Frame("L4"))


def spine(
    *, structures: tuple[Structure, ...] = (), flavum: Slab | None = None, **changes: Any
) -> Anatomy:
    """A canal from 8 mm behind the sac's back to far in front, between two vertebrae."""
    shapes: dict[str, tuple[str, Any]] = {
        "canal": ("canal", Slab((-10.0, -10.0, -60.0), (10.0, 18.0, 60.0)))
    }
    if flavum is not None:
        shapes["L4-L5 flavum"] = ("flavum", flavum)
    spaces = {
        name: Space(name, kind, shape, "constructed") for name, (kind, shape) in shapes.items()
    }
    fields = {
        "landmarks_mm": {
            "L4 lamina_lower_edge": UPPER,
            "L5 canal_centre": LOWER,
            "L4 right facet_centre": np.array([-15.0, 20.0, 0.0]),
            "L4 left facet_centre": np.array([15.0, 20.0, 0.0]),
        },
        "bodies": {"L4": body()},
        "spaces": spaces,
    }
    return replace(block(structures=structures), **{**fields, **changes})


def sac(radius_mm: float = 8.0) -> Structure:
    """A sac along the middle of the canal."""
    tube = Tube(np.array([[0.0, 0.0, -60.0], [0.0, 0.0, 60.0]]), np.full(2, radius_mm))
    return Structure("dura", "dura", (tube,), "constructed")


def rule(**changes: Any) -> TargetRule:
    """The middle between the two landmarks of `spine`."""
    fields = {
        "kind": "epidural",
        "name": "{upper}-{lower} {side} place",
        "vertebra": "{upper}",
        "radius_mm": 3.0,
        "at": (Share("{upper} lamina_lower_edge"), Share("{lower} canal_centre")),
    }
    return TargetRule(**{**fields, **changes})


def centre(anatomy: Anatomy, made: TargetRule, side: str = "right") -> np.ndarray:
    """Where a rule's target lies."""
    return aim(anatomy, made, **{**PLACE, "side": side}, towards=DORSAL).centre_mm


@given(first=st.floats(0.01, 100.0), second=st.floats(0.01, 100.0))
def test_the_start_is_the_weighted_mean_of_its_landmarks(first, second):
    at = (Share("{upper} lamina_lower_edge", first), Share("{lower} canal_centre", second))
    share = first / (first + second)
    assert centre(spine(), rule(at=at)) == pytest.approx(share * UPPER + (1 - share) * LOWER)


def test_names_level_and_way_of_the_target_are_filled_in():
    made = aim(spine(), rule(within=("canal",), within_mm=0.5), **PLACE, towards=2.0 * DORSAL)
    assert made.name == "L4-L5 right place"
    assert (made.level, made.vertebra, made.side) == ("L4-L5", "L4", "right")
    assert made.approach == pytest.approx(DORSAL)
    assert (made.within, made.within_mm, made.radius_mm) == (("canal",), 0.5, 3.0)


@pytest.mark.parametrize(("side", "sign"), [("right", -1.0), ("left", 1.0)])
def test_a_shift_is_towards_the_treated_side_in_the_vertebras_own_frame(side, sign):
    made = rule(shift=Shift(lateral_mm=3.0, dorsal_mm=2.0, cranial_mm=1.0))
    tilted = spine(bodies={"L4": body(30.0)})
    moved = centre(tilted, made, side) - centre(tilted, rule(), side)
    assert moved == pytest.approx(body(30.0).turn([3.0 * sign, 2.0, 1.0]))
    assert moved[0] == pytest.approx(3.0 * sign)  # +x is the patient's left


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_it_settles_at_its_share_of_the_free_stretch_behind_the_sac(share):
    """Sac to y 8, canal to y 18: the free stretch is 10 mm, from front to back."""
    made = rule(within=("canal",), settle=Settle("dorsal", 12.0, share))
    found = centre(spine(structures=(sac(),)), made)
    assert found[1] == pytest.approx(8.0 + 10.0 * share, abs=0.11)
    assert found[[0, 2]] == pytest.approx([0.0, 0.0], abs=1e-9)


@given(radius=st.floats(2.0, 12.0), start=st.floats(-4.0, 16.0))
def test_the_middle_of_the_free_stretch_has_the_same_room_to_either_side(radius, start):
    anatomy = spine(structures=(sac(radius),))
    shifted = rule(
        shift=Shift(dorsal_mm=start - 12.0), within=("canal",), settle=Settle("dorsal", 30.0)
    )
    y = centre(anatomy, shifted)[1]
    behind = y > 0
    ends = (radius, 18.0) if behind else (-10.0, -radius)
    assert y == pytest.approx(np.mean(ends), abs=0.11)


def test_the_nearer_of_two_free_stretches_is_taken():
    """In front of the sac 2 mm are free (y -10 to -8), behind it ten."""
    anatomy = spine(structures=(sac(),))
    for start, y in ((-6.0, -9.0), (2.0, 13.0)):
        made = rule(
            shift=Shift(dorsal_mm=start - 12.0), within=("canal",), settle=Settle("dorsal", 20.0)
        )
        assert centre(anatomy, made)[1] == pytest.approx(y, abs=0.11)


def test_flavum_and_bone_are_not_free():
    flavum = Slab((-10.0, 14.0, -60.0), (10.0, 18.0, 60.0))
    made = rule(within=("canal",), settle=Settle("dorsal", 12.0, 1.0))
    assert centre(spine(structures=(sac(),), flavum=flavum), made)[1] == pytest.approx(
        14.0, abs=0.2
    )
    bone = {"L4": Slab((-10.0, 12.0, -60.0), (10.0, 18.0, 60.0))}
    assert centre(spine(structures=(sac(),), bones=bone), made)[1] == pytest.approx(12.0, abs=0.2)


def test_nothing_free_is_said_with_reach_space_and_place():
    made = rule(within=("canal",), settle=Settle("dorsal", 3.0))
    with pytest.raises(InputError, match=r"within 3 mm of the place meant in canal \(L4, right\)"):
        centre(spine(structures=(sac(30.0),)), made)


def test_a_medial_branch_is_in_nobodys_way():
    branch = Structure("b", "medial_branch", sac(30.0).tubes, "constructed")
    made = rule(within=("canal",), settle=Settle("dorsal", 12.0, 1.0))
    assert centre(spine(structures=(branch,)), made)[1] == pytest.approx(18.0, abs=0.11)


def test_two_landmarks_say_the_way_in():
    marks = {**spine().landmarks_mm, "L4 right joint_below_dorsal": np.array([-15.0, 25.0, 0.0])}
    marks["L4 right joint_below_ventral"] = np.array([-20.0, 15.0, 0.0])
    made = rule(
        approach=("{upper} {side} joint_below_dorsal", "{upper} {side} joint_below_ventral")
    )  # fmt: skip
    found = aim(spine(landmarks_mm=marks), made, **PLACE)
    assert found.approach == pytest.approx(np.array([-5.0, -10.0, 0.0]) / np.sqrt(125.0))


def test_without_any_direction_it_is_refused():
    with pytest.raises(InputError, match="no direction of travel"):
        aim(spine(), rule(), **PLACE)


def along_nerve(**changes: Any) -> AlongNerve:
    fields = {
        "nerve": "{upper} {side} medial branch",
        "start": "{lower} {side} sap_neck_dorsal",
        "end": "{lower} {side} sap_neck_ventral",
        "share": 0.8,
        "beside_mm": 1.0,
        "window": (0.25, 0.75),
    }
    return AlongNerve(**{**fields, **changes})


def with_nerve(bones: dict[str, Slab] | None = None) -> Anatomy:
    """A branch along y from 10 to -10, ventral end first, with the neck from 8 to -8."""
    path = np.array([[-20.0, -10.0, 0.0], [-20.0, 10.0, 0.0]])
    nerve = Structure("L4 right medial branch", "medial_branch", (Tube(path, 0.5),), "constructed")
    marks = {
        "L5 right sap_neck_dorsal": np.array([-20.0, 8.0, 0.0]),
        "L5 right sap_neck_ventral": np.array([-20.0, -8.0, 0.0]),
    }
    return replace(block(structures=[nerve]), landmarks_mm=marks, bones=bones or {})


def test_beside_a_nerve_the_tip_lies_at_its_share_and_the_nerve_says_the_way():
    made = aim(with_nerve(), rule(at=(), nerve=along_nerve(), vertebra="{lower}"), **PLACE)
    assert made.centre_mm == pytest.approx([-20.0, 8.0 - 0.8 * 16.0, 0.0], abs=0.06)
    assert made.approach == pytest.approx([0.0, -1.0, 0.0])
    assert made.window_mm[:, 1] == pytest.approx([4.0, -4.0], abs=0.11)
    assert made.vertebra == "L5"


def test_beside_a_nerve_is_the_side_away_from_the_bone():
    wall = Slab((-19.0, -40.0, -40.0), (40.0, 40.0, 40.0))  # the patient's left of the nerve
    made = aim(
        with_nerve({"L5": wall}), rule(at=(), nerve=along_nerve(), vertebra="{lower}"), **PLACE
    )
    assert made.centre_mm[0] == pytest.approx(-21.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("{upper} {side} sap_top", "did you mean '{upper} {side} sap_tip'"),
        ("{upper} sap_tip", "did you mean '{upper} {side} sap_tip'"),  # it has a side
        ("{lower} {side} spinous_tip", "did you mean '{lower} spinous_tip'"),  # it has none
        ("L4 spinous_tip", "must start with {upper} or {lower}"),
        ("", "must start with"),
    ],
)
def test_an_unknown_landmark_is_named_with_the_nearest(name, said):
    with pytest.raises(InputError, match=said.replace("{", r"\{").replace("}", r"\}")):
        check_landmark(name)
    for build in (lambda: Share(name), lambda: rule(approach=(name, "{upper} spinous_tip"))):
        with pytest.raises(InputError):
            build()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": ()}, "one of the two"),
        ({"nerve": along_nerve()}, "one of the two"),
        ({"approach": ("{upper} spinous_tip",)}, "two landmarks, got 1"),
        ({"settle": Settle("dorsal", 5.0)}, "give within"),
        ({"ventral_limit": "{upper} nose"}, "unknown landmark"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(changes, said):
    with pytest.raises(InputError, match=said):
        rule(**changes)


def test_what_an_anatomy_does_not_have_is_named():
    with pytest.raises(InputError, match=r"no landmark 'L5 canal_centre'.*did you mean"):
        centre(
            spine(landmarks_mm={"L4 canal_centre": UPPER, "L4 lamina_lower_edge": UPPER}), rule()
        )
    with pytest.raises(InputError, match="no space 'L4-L5 disc'"):
        centre(spine(), rule(within=("{upper}-{lower} disc",)))
    with pytest.raises(InputError, match="it needs vertebra L5 to be whole"):
        aim(spine(), rule(at=(), nerve=along_nerve(), vertebra="{lower}"), **PLACE)
    with pytest.raises(InputError, match="no vertebra L4"):
        centre(spine(bodies={}), rule(shift=Shift(lateral_mm=1.0)))
