"""``needle-sim us``: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import io
import json

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from PIL import Image

from needle_sim.cli import main
from needle_sim.exports.dicom_us import SCHEMA as POSE_SCHEMA


def ask(*words: object):
    return CliRunner().invoke(main, ["us", *map(str, words)])


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Three pictures over 20 mm of the trident."""
    out = tmp_path_factory.mktemp("us") / "out"
    words = ("--view", "transverse_process", "--level", "L3-L4", "--side", "left")
    return out, ask(*words, "--frames", 3, "--sweep-mm", 20, "--depth-cm", 9, "--out", out)


def test_a_sweep_writes_picture_dicom_and_poses(swept):
    out, made = swept
    assert made.exit_code == 0, made.output
    assert {path.name for path in out.iterdir()} == {"sonogram.png", "us.dcm", "pose.json"}
    picture = np.asarray(Image.open(io.BytesIO((out / "sonogram.png").read_bytes())))
    assert picture.shape[1] == 900
    assert pydicom.dcmread(out / "us.dcm").NumberOfFrames == 3
    poses = json.loads((out / "pose.json").read_text())
    assert poses["schema"] == POSE_SCHEMA
    faces = np.array(poses["patient_from_probe"])[:, :3, 3]
    assert np.linalg.norm(faces[2] - faces[0]) == pytest.approx(20.0, abs=3.0)  # over curved skin


def test_the_summary_is_words(swept):
    _, made = swept
    for said in (
        "Transverse process, L3-L4, left: lumbar_normal",
        "curved_3p5mhz, 3.5 MHz, 9 cm deep, on the skin at",
        "3 pictures over 20 mm",
        "not a patient",
        "Not for clinical use",
    ):
        assert said in made.stdout


def test_json_is_all_that_is_printed_and_the_next_folder_is_taken(phantom, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: phantom)
    words = ("--json", "--view", "transverse_interlaminar", "--level", "L4-L5", "--depth-cm", 8)
    first, again = ask(*words), ask(*words)
    told = json.loads(first.stdout)
    assert told == json.loads(again.stdout)
    assert told["title"] == "Transverse interlaminar, L4-L5"
    assert 35.0 < told["first_dura_mm"] < 70.0
    assert told["first_bone_mm"] is None or told["first_bone_mm"] > told["first_dura_mm"]
    home = tmp_path / "needle_sim_runs" / "us_transverse_interlaminar_L4-L5_right"
    for name in ("sonogram.png", "us.dcm", "pose.json"):
        assert (home / name).read_bytes() == (home.with_name(home.name + "-2") / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--view", "trident"], "transverse_process"),
        (["--view", "transverse_interlamina"], "did you mean 'transverse_interlaminar'"),
        (["--probe", "curved"], "curved_3p5mhz"),
        (["--level", "L4"], "give L3-L4 or L4-L5"),
        (["--level", "L3-L5"], "no interspace 'L3-L5'"),
        (["--side", "both"], "side must be left or right, got 'both'"),
        (["--phantom", "lumbar_norml"], "lumbar_normal"),
        (["--phantom", "lumbar_normal", "--ct", "x"], "two patients"),
        (["--labels", "x.nii.gz"], "--ct"),
        (["--ct", "x"], "--labels FILE"),
        (["--ct", "x", "--labels", "y"], "x"),
        (["--depth-cm", "80"], "--depth-cm must be 2 to 30, got 80"),
        (["--gain", "nan"], "--gain must be -60 to 60 dB, got nan"),
        (["--frames", "0"], "--frames must be 1 to 500, got 0"),
        (["--frames", "3"], "--sweep-mm or --sweep-deg"),
        (["--sweep-mm", "20"], "--frames N"),
        (["--sweep-deg", "400", "--frames", "3"], "at most 90 degrees, got 400: take less"),
        (["--sweep-mm", "900", "--frames", "3"], "at most 200 mm, got 900: take less"),
        (["--sweep-mm", "nan", "--frames", "3"], "at most 200 mm, got nan"),
    ],
)
def test_bad_input_is_one_line_with_the_way_out_and_exit_2(words, said, tmp_path, monkeypatch):
    """Refused before any work: no anatomy is made, no folder is left."""
    monkeypatch.chdir(tmp_path)
    if "lumbar_norml" not in words:
        monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", None)
    made = ask(*words)
    assert made.exit_code == 2
    (line,) = [one for one in made.stderr.splitlines() if one.startswith("error: ")]
    assert said in line
    assert not any(tmp_path.iterdir())


@pytest.mark.long
def test_a_target_below_the_picture_is_said_in_words_and_in_json(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: phantom)
    words = ("--view", "transverse_process", "--level", "L4", "--probe", "linear_9mhz")
    told = json.loads(ask(*words, "--json", "--out", tmp_path / "a").stdout)
    depth = told["target_depth_mm"]
    assert told["target"] == "L4 right transverse process"
    assert depth > told["depth_mm"] == 50.0
    (note,) = told["picture_notes"]
    assert f"lies {depth:.0f} mm deep, the picture ends at 50 mm" in note
    assert note in ask(*words, "--out", tmp_path / "b").stdout
    deeper = (*words, "--depth-cm", np.ceil(0.1 * depth) + 1, "--json", "--out", tmp_path / "c")
    told = json.loads(ask(*deeper).stdout)
    assert told["picture_notes"] == []
    assert told["first_bone_mm"] == pytest.approx(depth, abs=6.0)  # half of a process is thick


def test_the_scale_for_other_viewers_is_written_when_asked_for(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: phantom)
    made = ask("--depth-cm", 8, "--pixel-spacing", "--out", tmp_path)
    assert made.exit_code == 0, made.output
    data = pydicom.dcmread(tmp_path / "us.dcm")
    step_mm = 10.0 * data.SequenceOfUltrasoundRegions[0].PhysicalDeltaX
    assert [float(one) for one in data.PixelSpacing] == pytest.approx([step_mm] * 2)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    made = ask("--out", tmp_path)
    assert made.exit_code == 2
    assert "is not empty; add --force" in made.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.real
def test_a_level_that_the_chest_ct_does_not_hold_is_named(lidc, tmp_path):
    labels = lidc / "labels_totalsegmentator.nii.gz"
    made = ask("--ct", lidc / "dicom", "--labels", labels, "--level", "L3-L4", "--out", tmp_path)
    assert made.exit_code == 2
    assert "L3" in made.stderr
    assert "lower edge" in made.stderr


@pytest.mark.long
@pytest.mark.real
def test_the_lumbar_ct_shows_the_dura_between_its_laminae(lumbar, tmp_path):
    made = ask("--ct", lumbar / "dicom", "--labels", lumbar / "labels.nii.gz", "--json",
               "--level", "L3-L4", "--out", tmp_path)  # fmt: skip
    assert made.exit_code == 0, made.output
    assert 30.0 < json.loads(made.stdout)["first_dura_mm"] < 110.0
