"""A procedure file from anyone: what is wrong with it is said with file, table and key."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest

from needle_sim import presets
from needle_sim.anatomy.settle import Settle
from needle_sim.anatomy.target_rule import AlongNerve, Share, Shift, TargetRule
from needle_sim.errors import InputError, PresetError
from needle_sim.injectate.spread import PATTERNS
from needle_sim.procedures.procedure import (
    Approach,
    Danger,
    Limits,
    Procedure,
    Variant,
    Vascular,
    ViewRecipe,
)
from needle_sim.procedures.reading import names, read_procedure, shipped
from needle_sim.procedures.step import Step

FOLDER = presets.folder("presets") / "procedures"
PAGE = (Path(__file__).parents[2] / "docs" / "procedure_file.md").read_text(encoding="utf-8")
EPIDURAL = (FOLDER / "interlaminar-epidural.toml").read_text(encoding="utf-8")


def written(tmp_path: Path, *changes: tuple[str, str], text: str = EPIDURAL) -> Path:
    """A file ``mine.toml`` like the interlaminar one but for some replacements."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    """What is said of a file that is refused; always with its name."""
    with pytest.raises(PresetError) as caught:
        read_procedure(path)
    said = str(caught.value)
    assert said.startswith("mine.toml")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("name", names())
def test_every_shipped_file_is_read_and_called_by_its_name(name):
    made = shipped(name)
    assert made.name == name
    assert made.default_level in made.levels


def test_a_copy_of_a_shipped_file_is_the_same_procedure(tmp_path):
    assert read_procedure(written(tmp_path)) == Procedure.preset("interlaminar-epidural")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("needles = [", "needels = [", "mine.toml: needels is not a known key; did you mean 'need"),
        ("cone_deg", "cone_degrees", "mine.toml: approach.cone_degrees is not a known key"),
        ("lateral_mm", "lateral", "mine.toml: target.shift.lateral is not a known key"),
        ("reach_mm", "range_mm", "target.settle.range_mm is not a known key"),
        ("mode = ", "kind = ", "steps[6].kind is not a known key"),
        ("target_error_mm", "target_eror_mm", "did you mean 'target_error_mm'"),
    ],
)
def test_an_unknown_key_is_named_with_its_table_and_the_nearest(tmp_path, old, new, said):
    assert said in refused(written(tmp_path, (old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{upper} lamina_ventral_lower",
            "{upper} lamina_ventral_low",
            "'{upper} lamina_ventral_lower'",
        ),
        ("{lower} lamina_ventral_upper", "L5 lamina_ventral_upper", "must start with"),
    ],
)
def test_an_unknown_landmark_is_named_with_the_nearest(tmp_path, old, new, said):
    found = refused(written(tmp_path, (old, new)))
    assert said in found
    assert "target" in found
    assert "at[" in found


@pytest.mark.parametrize(
    "bare",
    [
        ("lateral_mm = { value = 1.5,", "lateral_mm = 1.5 #"),
        ("rate = { value = 0.031,", "rate = 0.031 #"),
        ("radius_mm = { value = 3.0,", "radius_mm = 3.0 #"),
    ],
)
def test_a_number_without_source_is_refused_and_shown_how(tmp_path, bare):
    said = refused(written(tmp_path, bare))
    key, _, rest = bare[1].partition(" = ")
    assert key in said
    value = rest.removesuffix(" #")
    assert f'{{ value = {value}, source = "...", mark = "read" }}' in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mark = "memory" }', 'mark = "sure" }'),
        ('source = "a few', 'source = "'),
    ],
)
def test_a_mark_that_is_none_and_an_empty_source_are_refused(tmp_path, old, new):
    text = EPIDURAL.replace('source = "5', 'source = "a few').replace(
        'source = "0-10 ipsilateral, entry 5-15 mm paramedian (P01)"', 'source = ""'
    )
    path = written(tmp_path, (old, new)) if "mark" in old else written(tmp_path, text=text)
    said = refused(path)
    assert "needs a source and a mark" in said
    assert "read" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"tuohy_18g_90mm"', '"tuohy_18_90"', "needles: needles.toml has no 'tuohy_18_90'"),
        ("mobile_flat_panel", "mobile_flat", "did you mean 'mobile_flat_panel'"),
        ('beam = "lumbar_ap"', 'beam = "ap"', "views.ap.beam: beams.toml has no 'ap'"),
        ('agent = "iohexol_240"', 'agent = "iohexol"', "did you mean 'iohexol_"),
        ('view = "clo"\nwhy', 'view = "cl"\nwhy', "no view 'cl'; did you mean 'clo'"),
        ('default_level = "L4-L5"', 'default_level = "L4"', "default_level 'L4' is none of"),
        ('"L1-L2", "L2-L3"', '"L1-L3", "L2-L3"', "'L1-L3' is not an interspace like L4-L5"),
        ('to = "target"', 'to = "bone"', "steps[3].to"),
        ('do = "aspirate"', 'do = "heat"', "a heat step and a protocol go together"),
        ('along = "dorsal"', 'along = "back"', "target.settle.along"),
        (
            'position = "prone"',
            'position = "supine"',
            "position: 'supine' cannot stand here. Known: pr",
        ),
        (
            'do = "aspirate"',
            'do = "aspirat"',
            "steps[5].do: 'aspirat' cannot stand here; did you mean",
        ),
        ('mode = "live"', 'mode = "liv"', "did you mean 'live'? Known: dsa, live, single"),
        ('agent = "iohexol_240"', 'agent = "saline"', "steps[6].agent: saline holds no iodine"),
        ('agent = "iohexol_240"', 'agent = "saline"', "take iohexol_240 or iohexol_300"),
        (
            '["epidural"]',
            '["muscle"]',
            "limits: patterns: no contrast has pattern 'muscle'; did you",
        ),
        ('["epidural"]', '["muscle"]', "mean 'soft_tissue'? Known: epidural, intra_articular,"),
        ('within = ["canal"]', "", "settle needs spaces to settle in"),
        ("-45.0", "-450.0", "oblique_deg must be -180 to 180"),
        ("rate = { value = 0.031", "rate = { value = 3.1", "rate must be 0 to 1, got 3.1"),
        ("volume_ml = { value = 1.5", "volume_ml = { value = 150.0", "0.05 to 20 mL, got 150"),
    ],
)
def test_what_cannot_be_carried_out_is_said_with_the_way_out(tmp_path, old, new, said):
    assert said in refused(written(tmp_path, (old, new)))


def test_a_key_that_is_missing_is_named(tmp_path):
    assert "carm" in refused(written(tmp_path, ('carm = "mobile_flat_panel"\n', "")))
    assert "target" in refused(written(tmp_path, ("[target]", "[limits2]")))


@pytest.mark.parametrize("key", ["unverified", "because"])
def test_what_is_found_is_not_written(tmp_path, key):
    text = f'{key} = "trust me"\n' if key == "because" else f'{key} = ["nothing"]\n'
    assert "found, not written" in refused(written(tmp_path, ("revision = 2\n", text)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "revision = 1\n" + "[" * 3000 + "]" * 3000,
        "x = " + "[" * 5000 + "]" * 5000,
        "x = " + "{ a = " * 2000 + "1" + " }" * 2000,
        "name = 3\n",
        "target = 5\nviews = 2\n",
        '[target]\nat = [{ landmark = 5 }]\nkind = ["epidural"]\n',
        "views = [[1, 2], [3]]\n",
        "steps = []\n",
    ],
)
def test_hostile_text_is_one_line_with_the_files_name(tmp_path, text):
    assert len(refused(written(tmp_path, text=text))) < 20_000


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_that_are_not_finite_are_refused_by_key(tmp_path, value):
    path = written(tmp_path, ("rate = { value = 0.031", f"rate = {{ value = {value}"))
    assert "vascular.rate.value must be finite" in refused(path)


def test_a_huge_file_is_not_parsed(tmp_path):
    said = refused(written(tmp_path, text="#" * (presets.MOST_BYTES + 1)))
    assert f"at most {presets.MOST_BYTES}" in said


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    refused(tmp_path / "mine.toml")
    (tmp_path / "mine.toml").unlink()
    refused(tmp_path / "mine.toml")


@pytest.mark.parametrize("name", ["interlaminar", "../procedures/facet-injection", "", "."])
def test_an_unknown_name_suggests_the_nearest_and_reads_no_path(name):
    with pytest.raises(PresetError, match="interlaminar-epidural"):
        shipped(name)


def test_numbers_that_were_not_read_are_listed_with_their_keys(tmp_path):
    made = read_procedure(written(tmp_path))
    marks = len(re.findall(r'mark = "(?:memory|proposed)"', EPIDURAL))
    assert len(made.unverified) == marks
    assert any(line.startswith("approach.oblique_deg = 5.0: ") for line in made.unverified)
    assert any(line.startswith("steps[6].volume_ml") for line in made.unverified)


def tables_of_the_page() -> list[set[str]]:
    """Names in the first column of each table of ``docs/procedure_file.md``."""
    found: list[set[str]] = []
    for part in re.split(r"\n\n", PAGE):
        rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
        if rows:
            found.append(set(re.findall(r"`([a-z_0-9]+)`", " ".join(rows))))
    return found


@pytest.mark.parametrize(
    "noun", [TargetRule, Share, Shift, Settle, AlongNerve, Approach, ViewRecipe, Danger, Step,
             Vascular, Limits, Variant]
)  # fmt: skip
def test_the_page_holds_every_key_of_every_table_and_no_other(noun):
    keys = {field.name for field in dataclasses.fields(noun)}
    assert keys in tables_of_the_page()


def test_the_page_holds_every_key_of_the_top_of_a_file():
    keys = {field.name for field in dataclasses.fields(Procedure)} - {"unverified", "because"}
    assert keys | {"revision"} in tables_of_the_page()


def test_the_page_lists_every_pattern_of_contrast():
    (said,) = re.findall(r"^Patterns of contrast: (.*?)\.", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", said)) == set(PATTERNS)


def example() -> str:
    """The whole example of the page."""
    (found,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


def test_the_example_of_the_page_is_a_procedure(tmp_path):
    made = read_procedure(written(tmp_path, text=example()))
    assert made.name == "facet-injection-inferior"
    with pytest.raises(InputError, match="iliac crest"):
        made.at("L5-S1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "interlaminar-epidural"', 'name = "../../evil"', "name must be small letters"),
        ('"{upper}-{lower} interlaminar', '"{side.__class__} interlaminar', "no other braces"),
        ('"{upper}-{lower} interlaminar', '"{side!r:>99999999} interlaminar', "no other braces"),
        ('"{upper}-{lower} interlaminar', '"{upper} { interlaminar', "do not match"),
        ('name = "clo"', 'name = "../clo"', "a view's name is small letters"),
        ("share = { value = 0.35", "share = { value = 0.0", "target.at[0]: share of"),
        ("radius_mm = { value = 3.0", "radius_mm = { value = -3.0", "target: radius_mm must be"),
        ("reach_mm = { value = 12.0", "reach_mm = { value = 1e9", "target.settle: settle needs"),
        ("volume_ml = { value = 3.0", "volume_ml = { value = 5.0", "must be 0.05 to 3, got 5"),
    ],
)
def test_a_hostile_or_senseless_value_is_refused_before_any_work(tmp_path, old, new, said):
    assert said in refused(written(tmp_path, (old, new)))


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "mine.toml")
    assert "no file" in refused(tmp_path / "mine.toml")
