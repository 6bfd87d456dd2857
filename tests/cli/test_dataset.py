"""``needle-sim dataset``: what it writes, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from needle_sim.cli import main


def ask(*words: object):
    return CliRunner().invoke(main, ["dataset", *map(str, words)])


@pytest.mark.long
def test_a_set_is_written_and_never_over_another(phantom, tmp_path, monkeypatch):
    small = replace(phantom, bones={"L4": phantom.bones["L4"]}, structures={}, inset=None)
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: small)
    words = ("--count", 1, "--poses", "AP; lateral left", "--json", "--out", tmp_path / "set")
    done = ask(*words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["images"] == 1
    assert (tmp_path / "set" / "images" / "000001.png").is_file()
    again = ask(*words)
    assert again.exit_code == 2
    assert "is not empty" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--count", "0"], "--count must be 1 to 100000, got 0"),
        (["--seed", "-1"], "--seed must be 0 or more, got -1"),
        (["--device", "x"], "mobile_flat_panel"),
        (["--labels", "x"], "--ct DIR"),
    ],
)
def test_bad_input_is_refused_before_any_work(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", None)
    done = ask(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not any(tmp_path.iterdir())
