"""A procedure is a file; what it cannot do it says."""

from __future__ import annotations

import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.procedures.reading import names

RFA = Procedure.preset("medial-branch-rfa")


@pytest.mark.parametrize(
    ("level", "vertebra"), [("T12", "L1"), ("L1", "L2"), ("L2", "L3"), ("L3", "L4"), ("L4", "L5")]
)
def test_a_branch_crosses_the_vertebra_below(level, vertebra):
    """Ln branch on the Ln+1 transverse process (Springer 978-3-030-31741-6 ch. 16)."""
    assert RFA.vertebra(level) == vertebra


def test_the_words_name_bone_and_joint():
    assert RFA.in_words("L4", "right") == (
        "right L4 medial branch, on the L5 SAP/TP junction; with L3 it supplies the L4-L5 joint"
    )


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("L5", "dorsal ramus, on the sacral ala"),
        ("L4-L5", "medial branches of L3 and L4"),
        ("C5", "levels are T12, L1, L2, L3, L4"),
        ("", "levels are T12, L1, L2, L3, L4"),
        ("T11", "osteofibrous canal beside the T12 transverse process"),
        ("T10", "begins with the T12 branch on L1"),
    ],
)
def test_a_level_it_does_not_have_is_refused_with_the_way_out(level, said):
    with pytest.raises(InputError, match=said):
        RFA.vertebra(level)


@pytest.mark.parametrize("side", ["", "Right", "both", "l"])
def test_a_side_is_left_or_right(side):
    with pytest.raises(InputError, match="left or right"):
        check_side(side)


def test_recipe_angles_are_those_of_the_published_technique():
    """Furman: ipsilateral oblique about 20, 40-45 caudad from the squared endplate."""
    oblique = next(view for view in RFA.views if view.name == "oblique")
    assert oblique.oblique_deg == 20.0
    assert -45.0 <= oblique.tilt_deg <= -40.0
    assert [view.name for view in RFA.views] == ["ap", "oblique", "lateral"]


def test_what_is_not_verified_is_listed():
    assert any("limits.root_c" in line and "memory" in line for line in RFA.unverified)
    assert not any("(read)" in line for line in RFA.unverified)


def test_every_number_of_every_procedure_has_source_and_mark():
    for name in names():
        path = presets.folder("presets") / "procedures" / f"{name}.toml"
        entries = presets.read_toml(path)
        assert len(presets.numbers({k: v for k, v in entries.items() if k != "views"})) >= 5
        for view in entries["views"]:
            assert set(presets.numbers(view)) == {"oblique_deg", "tilt_deg"}


def test_an_unknown_procedure_names_those_there_are():
    with pytest.raises(PresetError, match="medial-branch-rfa"):
        Procedure.preset("../secrets")


FORAMEN = Procedure.preset("transforaminal-epidural")


@pytest.mark.parametrize(("level", "variant"), [("L1-L2", "infraneural"), ("L4-L5", "supraneural")])
def test_a_level_takes_its_own_way_in(level, variant):
    """At L1-L2 below the root: 97 % of arteries run in the cranial half (Murthy 2010)."""
    made = FORAMEN.at(level)
    assert made.variant == variant
    assert (made.because is None) is (variant == "supraneural")


def test_a_way_in_by_name_is_taken_anywhere_and_an_unknown_one_is_refused():
    assert FORAMEN.at("L4-L5", "infraneural").target.at[0].landmark == "{lower} {side} kambin"
    assert FORAMEN.at("L1-L2", "supraneural").variant == "supraneural"
    with pytest.raises(InputError, match="did you mean 'infraneural'"):
        FORAMEN.at("L4-L5", "infraneurl")


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("L4", "did you mean L3-L4 or L4-L5"),
        ("S1", "did you mean L5-S1"),
        ("T11", "levels are T12-L1"),
        ("T11-T12", "pleura and lung"),
        ("L3-S1", "levels are T12-L1"),
    ],
)
def test_a_single_level_of_an_interspace_suggests_both(level, said):
    with pytest.raises(InputError, match=said):
        FORAMEN.vertebra(level)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("facet-injection", "T10-T11"),
        ("facet-injection", "T11-T12"),
        ("transforaminal-epidural", "T10-T11"),
        ("transforaminal-epidural", "T11-T12"),
        ("medial-branch-rfa", "T10"),
        ("medial-branch-rfa", "T11"),
    ],
)
def test_thoracic_levels_are_refused_with_the_reason_and_what_to_take(name, level):
    made = Procedure.preset(name)
    with pytest.raises(InputError, match="take") as caught:
        made.at(level)
    assert "levels are T12" in str(caught.value)


def test_whether_a_branch_can_be_treated_depends_on_what_it_crosses():
    """L5 runs over an L6 as over any lumbar vertebra, L4 over the sacrum where L5 is lacking."""
    six, four = ("L4", "L5", "L6", "S1"), ("L2", "L3", "L4", "S1")
    assert RFA.vertebra("L5", six) == "L6"
    assert RFA.in_words("L5", "left", six).startswith("left L5 medial branch, on the L6 SAP/TP")
    assert RFA.levels_of(four) == ("L1", "L2", "L3")
    for spine, level in ((four, "L4"), (six, "L6"), ((), "L6")):
        with pytest.raises(InputError, match=f"{level} has no medial branch .* on the sacral ala"):
            RFA.vertebra(level, spine)


def test_both_vertebrae_of_an_interspace_must_be_whole_and_one_of_a_nerve():
    assert FORAMEN.needed("L5-S1") == ("L5", "S1")
    assert RFA.needed("L4") == ("L5",)


@pytest.mark.parametrize("name", names())
def test_every_depth_view_is_taken_before_the_needle_goes_past_the_danger(name):
    """The file itself follows the gate: view of the danger between the two advances."""
    made = Procedure.preset(name)
    kinds = [(step.do, step.view or step.to) for step in made.steps]
    between = kinds[kinds.index(("advance", "danger")) : kinds.index(("advance", "target"))]
    assert ("view", made.danger.view) in between


@pytest.mark.parametrize("name", [name for name in names() if name != "medial-branch-rfa"])
def test_every_drug_comes_after_aspiration_and_live_contrast_at_the_same_place(name):
    kinds = [step.do for step in Procedure.preset(name).steps]
    modes = {step.mode for step in Procedure.preset(name).steps if step.do == "contrast"}
    assert modes <= {"live", "dsa"}
    last = max(n for n, kind in enumerate(kinds) if kind == "advance")
    assert "aspirate" in kinds[last:]
    assert kinds.index("contrast") < kinds.index("inject")
    assert kinds.index("contrast") > last
