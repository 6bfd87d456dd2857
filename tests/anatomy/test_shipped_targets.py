"""Targets by name are those of the shipped procedures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.numbering import USUAL
from needle_sim.anatomy.shipped_targets import (
    named_target,
    rule_in,
    sites,
    vertebrae_of,
)
from needle_sim.errors import InputError, PresetError
from needle_sim.geometry.shapes import Tube
from tests.planning.blocks import block


@pytest.mark.parametrize(
    ("level", "place", "both"),
    [
        ("L4", "nerve", ("L4", "L5")),
        ("L5", "nerve", ("L5", "S1")),
        ("T12", "nerve", ("T12", "L1")),
        ("L4-L5", "interspace", ("L4", "L5")),
        ("L5-S1", "interspace", ("L5", "S1")),
        ("C7", "nerve", ("C7", "T1")),
        ("T11-T12", "interspace", ("T11", "T12")),
        ("L6-S1", "interspace", ("L6", "S1")),
        ("L4-S1", "interspace", ("L4", "S1")),
    ],
)
def test_a_level_names_two_vertebrae_that_are_neighbours(level, place, both):
    assert vertebrae_of(level, place) == both


@pytest.mark.parametrize(
    ("spine", "nerve", "crossed"),
    [(("L4", "L5", "L6", "S1"), "L5", "L6"), (("L3", "L4", "S1"), "L4", "S1"), ((), "L4", "L5")],
)
def test_what_a_nerve_crosses_depends_on_the_spine(spine, nerve, crossed):
    assert vertebrae_of(nerve, "nerve", spine) == (nerve, crossed)


@pytest.mark.parametrize(
    ("level", "place", "said"),
    [
        ("L4-L5", "nerve", "a nerve like L4"),
        ("S1", "nerve", "a nerve like L4"),  # nothing below it
        ("L4", "interspace", "an interspace like L4-L5"),
        ("L3-L5", "interspace", "an interspace"),
        ("L5-L4", "interspace", "an interspace"),
        ("L4-", "interspace", "an interspace"),
        ("", "nerve", "a nerve"),
    ],
)
def test_what_is_no_such_level_is_refused(level, place, said):
    with pytest.raises(InputError, match=said):
        vertebrae_of(level, place)


def test_every_level_of_every_procedure_has_one_rule():
    files = sorted((presets.folder("presets") / "procedures").glob("*.toml"))
    rare = sum(one in ("L5-L6", "L6-S1", "L4-S1") for path in files for one in levels_in(path))
    over_sacrum = 2  # branches of L5 and L6, where nothing lies between them and the sacrum
    asked = sum(len(levels_in(path)) for path in files) - rare - over_sacrum
    assert len(sites()) == asked
    places = [(site.rule.kind, site.rule.name, site.level) for site in sites()]
    assert len(set(places)) == asked


def levels_in(path):
    return presets.read_toml(path)["levels"]


@pytest.mark.parametrize(
    ("spine", "there", "gone"),
    [
        ((*USUAL[-6:-1], "L6", "S1"), ("L6-S1", "L5-L6"), ("L5-S1", "L4-S1")),
        ((*USUAL[-6:-2], "S1"), ("L3-L4", "L4-S1"), ("L4-L5", "L5-S1", "L6-S1")),
        (USUAL, ("L4-L5", "L5-S1"), ("L5-L6", "L4-S1")),
    ],
)
def test_the_levels_of_a_spine_are_those_between_its_own_vertebrae(spine, there, gone):
    found = {site.level for site in sites(spine) if site.rule.kind == "facet_joint"}
    assert set(there) <= found
    assert found.isdisjoint(gone)


def test_a_variants_rule_is_taken_at_its_levels_alone():
    """Transforaminal: infraneural at L1-L2, supraneural elsewhere."""
    file = presets.folder("presets") / "procedures" / "transforaminal-epidural.toml"
    entries = presets.read_toml(file)
    marks = {
        level: rule_in(entries, level, file.name).at[0].landmark for level in ("L1-L2", "L2-L3")
    }
    assert marks == {
        "L1-L2": "{lower} {side} kambin",
        "L2-L3": "{upper} {side} foramen_upper_dorsal",
    }


def test_a_file_without_a_target_is_named():
    with pytest.raises(PresetError, match=r"mine\.toml lacks a \[target\] table"):
        rule_in({"levels": ["L4"]}, "L4", "mine.toml")


def with_branch():
    path = np.array([[-20.0, 14.0, 0.0], [-20.0, -14.0, 0.0]])
    nerve = Structure("L4 right medial branch", "medial_branch", (Tube(path, 0.5),), "constructed")
    marks = {
        "L5 right sap_neck_dorsal": np.array([-20.0, 8.0, 0.0]),
        "L5 right sap_neck_ventral": np.array([-20.0, -8.0, 0.0]),
    }
    return replace(block(structures=[nerve]), landmarks_mm=marks)


def test_a_target_is_found_by_its_name():
    made = with_branch().target("L4 right medial branch")
    assert (made.level, made.vertebra, made.side) == ("L4", "L5", "right")
    assert made.nerve_mm[[0, -1], 1] == pytest.approx([8.0, -8.0], abs=0.06)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'L4 right medial branch'"):
        named_target(with_branch(), "L4 right medial branh")


def test_a_target_that_this_patient_lacks_says_what_is_missing():
    with pytest.raises(InputError, match="vertebra L4 to be whole"):
        with_branch().target("L3 right medial branch")
