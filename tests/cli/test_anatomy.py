"""``needle-sim anatomy``: from a CT and its labels to files, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks
from needle_sim.cli import main
from needle_sim.exports.anatomy_tables import load_landmarks
from needle_sim.exports.nifti import save_nifti
from tests.anatomy.labelled_ct import known, posed, scanned

POSE = posed("L4", (1.0, -4.0, 0.0), (6.0, 0.0, 2.0))


def ask(*words: object):
    return CliRunner().invoke(main, ["anatomy", *map(str, words)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    spec = known("L4", {})
    ct, labels = scanned({"L4": (spec, POSE)}, shape=(36, 50, 60), first_mm=(-88.0, -60.0, -54.0))
    theirs = np.where(labels.array > 0, 23, 0).astype(np.uint16)  # L4 of VerSe
    save_nifti(ct, folder / "ct.nii.gz")
    save_nifti(labels.like(theirs, "label"), folder / "labels.nii.gz")
    return folder


@pytest.fixture(scope="module")
def fitted(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("fitted") / "out"
    words = (files / "ct.nii.gz", "--labels", files / "labels.nii.gz", "--out", out)
    return out, ask(*words, "--no-meshes", "--name", "my patient")


def test_what_is_written_lies_where_the_vertebra_is(fitted):
    out, made = fitted
    assert made.exit_code == 0, made.output
    found = load_landmarks(out / "landmarks.csv")
    truth = {
        f"L4 {name}": POSE.apply(at) for name, at in vertebra_landmarks(known("L4", {})).items()
    }
    away = [np.linalg.norm(found[name] - at) for name, at in truth.items() if name in found]
    assert len(away) > 40
    assert np.median(away) < 1.0
    names = {path.name for path in out.iterdir()}
    assert {"overview.png", "axial.png", "sagittal.png", "coronal.png", "levels.csv"} <= names
    assert "meshes" not in names


def test_the_words_say_how_it_was_read_and_counted(fitted):
    _, made = fitted
    for said in (
        "my patient: L4",
        "Surface RMS   L4",
        "numbers of verse read as vertebrae",
        "the levels rest on the label map alone",
        "Not for clinical use",
    ):
        assert said in made.stdout
    assert "Traceback" not in made.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scheme", "verze"], "no label scheme is called 'verze'"),
        (["--scheme", "totalsegmentator"], "no whole vertebra from T10 to S1 is labelled"),
        (["--vertebra", "L5"], "vertebra L5 is not in the labels: they hold L4"),
        (["--vertebra", "L9"], "L9"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_left(files, tmp_path, words, said):
    out = tmp_path / "out"
    labels = files / "labels.nii.gz"
    made = ask(files / "ct.nii.gz", "--labels", labels, "--out", out, *words)
    assert made.exit_code == 2
    (line,) = [one for one in made.stderr.splitlines() if one.startswith("error: ")]
    assert said in line
    assert not out.exists()


def test_labels_are_needed(files):
    made = ask(files / "ct.nii.gz")
    assert made.exit_code == 2
    assert "--labels" in made.output


def test_a_folder_that_holds_something_is_not_written_over(fitted, files):
    out, _ = fitted
    made = ask(files / "ct.nii.gz", "--labels", files / "labels.nii.gz", "--out", out)
    assert made.exit_code == 2
    assert "not empty" in made.stderr
    assert json.loads((out / "anatomy.json").read_text())["name"] == "my patient"
