"""The command line: help, lists, and one line for what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from needle_sim import presets
from needle_sim.cli import main


def ask(*words: str):
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "--help"], ["list", "--help"], ["info", "-h"]]
)
def test_help_says_what_it_is_for(words):
    made = ask(*words)
    assert made.exit_code == 0
    assert "Usage: " in made.output


def test_help_says_that_it_is_not_for_clinical_use():
    assert "Not for clinical use" in ask("--help").output


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("procedures", "medial-branch-rfa"),
        ("phantoms", "lumbar_normal"),
        ("needles", "rf_18g_10mm"),
        ("carms", "mobile_flat_panel"),
        ("protocols", "continuous_80c_90s"),
    ],
)
def test_lists_name_what_is_shipped_with_a_summary(kind, name):
    assert name in ask("list", kind).output
    found = json.loads(ask("list", kind, "--json").output)
    assert len(found[name]) > 10


def test_a_wrong_kind_is_refused_with_the_right_ones():
    made = ask("list", "needle")
    assert made.exit_code == 2
    assert "needles" in made.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "rfa"], "medial-branch-rfa"),
        (["run", "--level", "L5"], "dorsal ramus, on the sacral ala"),
        (["run", "--level", "L4-L5"], "medial branches of L3 and L4"),
        (["run", "--level", "L7"], "levels are T12, L1, L2, L3, L4"),
        (["run", "--side", ""], "side must be left or right, got ''"),
        (["run", "--level", ""], "no level ''"),
        (["run", "--phantom", "lumbar_normal", "--ct", "x"], "two patients"),
        (["run", "--ct", "x", "--level", "L4", "--target", "1,2,3"], "x"),
        (["run", "--side", "up"], "side must be left or right, got 'up'"),
        (["run", "--phantom", "lumbar_norml"], "lumbar_normal"),
        (["run", "--target", "1,2"], "three numbers X,Y,Z"),
        (["run", "--target", "1,2,3"], "--ct"),
        (["run", "--labels", "x.nii.gz"], "--ct"),
        (["run", "--seed", "-1"], "--seed must be 0 or more"),
        (["info", "/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_bad_input_is_one_line_with_the_way_out_and_exit_2(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = ask(*words)
    assert made.exit_code == 2
    (line,) = [one for one in made.stderr.splitlines() if one.startswith("error: ")]
    assert said in line
    assert "Traceback" not in made.output
    assert not any(tmp_path.rglob("*.json"))


def test_debug_shows_the_traceback():
    made = CliRunner().invoke(main, ["--debug", "run", "--side", "up"])
    assert type(made.exception).__name__ == "InputError"


def test_help_loads_neither_numba_nor_matplotlib():
    code = (
        "import sys; from needle_sim.cli import main; "
        "print(sorted({'numba', 'matplotlib', 'scipy', 'pydicom'} & set(sys.modules)))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_every_shipped_preset_is_in_its_list():
    for kind in ("needles", "carms", "protocols"):
        assert list(json.loads(ask("list", kind, "--json").output)) == presets.names(kind)
