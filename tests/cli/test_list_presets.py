"""``needle-sim list``: names and summaries come from the files themselves."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from needle_sim import presets
from needle_sim.cli import main
from needle_sim.cli.list_presets import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_words_and_json_hold_the_same_names(kind):
    words = CliRunner().invoke(main, ["list", kind]).output.splitlines()
    found = json.loads(CliRunner().invoke(main, ["list", kind, "--json"]).output)
    assert [line.split()[0] for line in words] == list(found)
    assert found


def test_a_phantom_is_a_file_in_the_phantoms_folder():
    found = json.loads(CliRunner().invoke(main, ["list", "phantoms", "--json"]).output)
    assert list(found) == sorted(path.stem for path in presets.folder("phantoms").glob("*.toml"))
