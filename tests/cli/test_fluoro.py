"""``needle-sim fluoro``: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from needle_sim.anatomy.refining import refine
from needle_sim.cli import main


def ask(*words: object):
    return CliRunner().invoke(main, ["fluoro", *map(str, words)])


@pytest.fixture
def made(phantom, monkeypatch):
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: phantom)


@pytest.mark.long
def test_a_picture_and_a_run_are_written_and_said_in_words(made, tmp_path):
    words = ("--view", "oblique", "--needle", "plan", "--cine", 0.3, "--film", "webp")
    done = ask(*words, "--collimate", "120x150", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"fluoro.png", "cine.webp"}
    with Image.open(tmp_path / "out" / "cine.webp") as film:
        assert film.n_frames == 4  # 0.3 s of 15 pulses a second
    for said in ("right oblique 25°", "RAO 155.0°", "mGy at the reference point", "22 G, 90 mm"):
        assert said in done.stdout
    assert "Not for clinical use" in done.stdout


def test_refined_bone_sharpens_the_picture_about_the_level_alone(made, tmp_path, monkeypatch):
    small = partial(refine.refine_bone, half_mm=(24.0, 24.0, 24.0))
    monkeypatch.setattr(refine, "refine_bone", small)  # 90 mm take a minute
    words = ("--level", "L3", "--view", "lateral", "--kvp", 80, "--mas", 2, "--json")
    pictures = []
    for more in ((), ("--refine-bone",)):
        folder = tmp_path / "-".join(("out", *more))
        done = ask(*words, *more, "--out", folder)
        assert done.exit_code == 0, done.output
        with Image.open(folder / "fluoro.png") as shown:
            pictures.append(np.asarray(shown.convert("L"), dtype=np.float64))
    notes = json.loads(done.stdout)["notes"]
    assert any("refined bone" in str(note) and "L3" in str(note) for note in notes)
    plain, fine = pictures
    changed = np.abs(fine - plain)
    middle = changed[200:-200, 200:-200].mean()
    beside = changed[:60].mean()
    assert middle > 4.0 * beside


def test_json_gives_angles_as_dicom_counts_them_and_takes_the_given_beam(made, tmp_path):
    words = ("--view", "LPO 10 CAU 5", "--kvp", 90, "--mas", 1.5, "--json")
    told = json.loads(ask(*words, "--out", tmp_path).stdout)
    assert (told["kvp"], told["mas"]) == (90.0, 1.5)
    assert told["positioner_primary_deg"] == pytest.approx(170.0)
    assert told["positioner_secondary_deg"] == pytest.approx(-5.0)
    assert told["kerma_mgy"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--phantom", "a", "--ct", "b"], "two patients"),
        (["--ct", "b"], "--labels FILE"),
        (["--device", "mobile"], "mobile_flat_panel"),
        (["--magnify", "huge"], "magnified_1"),
        (["--side", "both"], "left or right, got 'both'"),
        (["--position", "upright"], "prone, supine"),
        (["--needle", "yes"], "none or plan, got 'yes'"),
        (["--collimate", "wide"], "such as 120x160, got 'wide'"),
        (["--film", "avi"], "gif, webp, mp4"),
        (["--cine", "900"], "--cine must be over 0 to 60 s, got 900"),
        (["--mas", "-1"], "--mas must be over 0, got -1"),
        (["--contrast", "1"], "add --needle plan"),
        (["--dsa"], "add --contrast ML"),
        (["--lead-letter", "--collimate", "90"], "corner that --collimate shuts"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", None)
    done = ask(*words)
    assert done.exit_code == 2
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert said in line
    assert not any(tmp_path.iterdir())
