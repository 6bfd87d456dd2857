"""Kinds are found by name, checked key by key, and built in one order."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy
from needle_sim.anatomy.phantom.pathology.kinds import KINDS, from_table, ordered, pathology
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError, PresetError

THICK = {"kind": "flavum_hypertrophy", "level": "L4-L5", "thickness_mm": 6.0}
FILE = """
revision = 1
base = "lumbar_normal"
summary = "Test"

[[pathology]]
kind = "flavum_hypertrophy"
level = "{level}"
{key} = {{ value = 6.0, source = "test", mark = "proposed" }}
"""


def test_every_kind_says_what_it_is():
    assert all(name == noun.kind and noun.__doc__ for name, noun in KINDS.items())


def test_a_kind_is_found_by_its_name():
    assert pathology(**THICK) == FlavumHypertrophy("L4-L5", 6.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "flavum_hypertrofy"}, "did you mean 'flavum_hypertrophy'"),
        ({**THICK, "thicknes_mm": 5.0}, "has no 'thicknes_mm'; did you mean 'thickness_mm'"),
        ({"kind": "flavum_hypertrophy", "level": "L4-L5"}, "needs thickness_mm"),
        ({**THICK, "thickness_mm": "6"}, "thickness_mm must be a number, got '6'"),
        ({**THICK, "level": 4}, "level must be a word in quotes, got 4"),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(given, message):
    with pytest.raises(InputError, match=message):
        pathology(**given)


def test_they_are_built_in_one_order_and_once_a_place():
    other = FlavumHypertrophy("L3-L4", 5.0)
    found = ordered([THICK, other])

    assert [list(KINDS).index(one.kind) for one in found] == sorted(
        list(KINDS).index(one.kind) for one in found
    )
    with pytest.raises(InputError, match="given twice"):
        ordered([THICK, THICK])


def test_a_phantom_file_names_its_pathology(tmp_path):
    (tmp_path / "mine.toml").write_text(FILE.format(level="L4-L5", key="thickness_mm"))

    spine = spine_spec(str(tmp_path / "mine.toml"), rng=np.random.default_rng(0))

    assert spine.pathology == (FlavumHypertrophy("L4-L5", 6.0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE.format(level="L4-L5", key="thick_mm"), r"mine.toml: pathology\[0\]: .*'thick_mm'"),
        (FILE.format(level="L4-L5", key="thickness_mm").replace(', mark = "proposed"', ""), "mark"),
        ('revision = 1\nbase = "lumbar_normal"\npathology = 3\n', "must be a list of tables"),
    ],
)
def test_faults_of_a_file_name_file_and_key(tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)

    with pytest.raises(PresetError, match=message):
        spine_spec(str(tmp_path / "mine.toml"))


def test_a_number_of_a_table_needs_its_source():
    with pytest.raises(InputError, match=r"needs { value, source, mark }"):
        from_table(THICK)
    with pytest.raises(InputError, match="needs a kind"):
        from_table({"level": "L4-L5"})
