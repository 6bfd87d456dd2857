"""``needle-sim info``: what is in a folder, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from needle_sim.cli import main
from tests.cli.patients import write_ct


def test_a_series_is_told_with_geometry_and_range(tmp_path):
    write_ct(tmp_path / "ct")
    made = CliRunner().invoke(main, ["info", str(tmp_path / "ct")])
    assert made.exit_code == 0
    for said in ("Series 1 of 1", "CT", "24", "-1000", "55"):
        assert said in made.output


def test_json_says_the_same_of_two_series(tmp_path):
    write_ct(tmp_path / "all" / "ct")
    write_ct(tmp_path / "all" / "mr", Modality="MR", SeriesInstanceUID="1.2.3.99")
    made = CliRunner().invoke(main, ["info", "--json", str(tmp_path / "all")])
    rows = json.loads(made.output)
    assert sorted(row["modality"] for row in rows) == ["CT", "MR"]
    loadable = {row["modality"]: row["refusal"] for row in rows}
    assert loadable["CT"] in (None, "")
    assert "MR" in loadable["MR"]


@pytest.mark.real
def test_a_real_chest_ct(lidc):
    made = CliRunner().invoke(main, ["info", "--json", str(lidc / "dicom")])
    (row,) = json.loads(made.output)
    assert (row["slices"], row["rows"], row["columns"]) == (133, 512, 512)
