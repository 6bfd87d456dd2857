"""``needle-sim run``: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from needle_sim.cli import main
from tests.cli.patients import write_ct, write_labels

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
ALONE = "from needle_sim.cli import main; main()"
WHOLE = {31: (19, 23), 30: (14, 18), 29: (9, 13), 28: (5, 8), 27: (1, 4)}


def ask(*words: object):
    return CliRunner().invoke(main, ["run", "medial-branch-rfa", *map(str, words)])


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """The main job here."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        made = CliRunner().invoke(main, ["run", "medial-branch-rfa"])
    return home, made


@pytest.fixture(scope="module")
def again(default):
    """And again in a process of its own with one thread and other hashes."""
    home, _ = default
    command = [sys.executable, "-c", ALONE, "run", "--json", "--seed", "0"]
    alone = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONHASHSEED": "1"}
    return subprocess.run(command, cwd=home, env=alone, check=True, capture_output=True, text=True)


def test_the_default_run_writes_everything(default):
    home, made = default
    assert made.exit_code == 0
    folder = home / "needle_sim_runs" / "medial-branch-rfa_L4_right_seed0"
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "result.json", "run.json", "plan.json"} <= names
    assert {"lesion_zones.nii.gz", "lesion_peak_c.nii.gz"} <= names
    found = json.loads((folder / "result.json").read_text())
    assert {view["picture"] for view in found["views"]} <= names


def test_the_summary_is_words(default):
    _, made = default
    for said in ("right L4 medial branch", "Clear of", "of nerve", "Score", "Not for clinical use"):
        assert said in made.stdout


@pytest.mark.long
def test_json_prints_only_the_json_and_the_second_run_gets_the_next_folder(default, again):
    home, _ = default
    first = home / "needle_sim_runs" / "medial-branch-rfa_L4_right_seed0"
    assert json.loads(again.stdout) == json.loads((first / "result.json").read_text())
    assert first.with_name(first.name + "-2").is_dir()


@pytest.mark.long
def test_one_thread_and_two_write_the_same_bytes(default, again):
    home, _ = default
    together, alone = sorted((home / "needle_sim_runs").iterdir())
    names = {path.name for path in together.iterdir()}
    assert names == {path.name for path in alone.iterdir()}
    timed = {"report.html", "run.json"}  # say how long it took
    assert len(names - timed) >= 12
    changed = [
        name
        for name in sorted(names - timed)
        if (alone / name).read_bytes() != (together / name).read_bytes()
    ]
    assert changed == []


def test_a_folder_that_is_not_empty_needs_force(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    made = ask("--out", tmp_path)
    assert made.exit_code == 2
    assert "is not empty; add --force" in made.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        made = ask("--out", out)
        assert made.exit_code == 2
        assert str(out) in made.stderr


def test_an_empty_folder_and_a_folder_of_text_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("not DICOM")
    for name in ("empty", "text", "missing"):
        made = ask("--ct", tmp_path / name, "--labels", "x.nii.gz")
        assert made.exit_code == 2
        assert name in made.stderr
        assert made.stderr.count("error: ") == 1


def test_an_mr_series_is_refused_by_name(tmp_path):
    write_ct(tmp_path / "mr", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    made = ask("--ct", tmp_path / "mr", "--labels", "x.nii.gz")
    assert made.exit_code == 2
    assert "MR" in made.stderr


def test_a_missing_label_file_is_named(tmp_path):
    write_ct(tmp_path / "ct")
    made = ask("--ct", tmp_path / "ct", "--labels", tmp_path / "nothing.nii.gz")
    assert made.exit_code == 2
    assert "nothing.nii.gz" in made.stderr


def test_a_ct_alone_says_what_is_missing(tmp_path):
    write_ct(tmp_path / "ct")
    made = ask("--ct", tmp_path / "ct")
    assert made.exit_code == 2
    assert "--labels FILE" in made.stderr
    assert "--target X,Y,Z" in made.stderr


def test_labels_of_another_patient_are_refused(tmp_path):
    files = write_ct(tmp_path / "ct")
    labels = write_labels(files, tmp_path / "l.nii.gz", WHOLE, shift_mm=4000.0)
    made = ask("--ct", tmp_path / "ct", "--labels", labels)
    assert made.exit_code == 2
    assert "give the labels of this CT" in made.stderr


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({31: (19, 23), 30: (14, 18)}, "L5"),  # not in the labels
        ({28: (3, 8), 27: (0, 2)}, "L5"),  # cut by the volume's edge
    ],
)
def test_a_vertebra_that_is_missing_or_cut_is_named(tmp_path, labels, said):
    files = write_ct(tmp_path / "ct")
    path = write_labels(files, tmp_path / "l.nii.gz", labels)
    made = ask("--ct", tmp_path / "ct", "--labels", path)
    assert made.exit_code == 2
    assert said in made.stderr


def test_a_target_outside_the_body_is_refused_with_the_box(tmp_path):
    write_ct(tmp_path / "ct")
    made = ask("--ct", tmp_path / "ct", "--target", "900,0,0", "--out", tmp_path / "out")
    assert made.exit_code == 2
    assert "900.0,0.0,0.0 lies outside the body; the volume holds" in made.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_a_bare_ct_with_a_target_says_that_hazards_are_unknown(tmp_path):
    files = write_ct(tmp_path / "ct")
    x, y, z = files.patient_from_voxel[:3] @ [14, 22, 20, 1]
    made = ask("--ct", tmp_path / "ct", f"--target={x},{y},{z}", "--out", tmp_path / "out")
    assert made.exit_code == 0, made.output
    assert "hazards are unknown" in made.stdout
    assert json.loads((tmp_path / "out" / "result.json").read_text())["score"]["total"] is None
    assert "azards are unknown" in (tmp_path / "out" / "report.html").read_text()


def test_no_safe_plan_exits_3_and_the_report_names_what_blocks(tmp_path):
    """A plate of bone lies across every way from the skin behind to the target."""
    files = write_ct(tmp_path / "ct", plate=True)
    x, y, z = files.patient_from_voxel[:3] @ [14, 22, 20, 1]
    made = ask("--ct", tmp_path / "ct", f"--target={x},{y},{z}", "--out", tmp_path / "out")
    assert made.exit_code == 3, made.output
    assert "blocked by bone seen in voxels" in made.stdout
    found = json.loads((tmp_path / "out" / "result.json").read_text())
    assert found["tip_mm"] is None
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "blocked by bone seen in voxels" in report
    assert {path.name for path in (tmp_path / "out").glob("view_*.png")} >= {"view_ap.png"}


@pytest.mark.long
def test_a_procedure_file_of_ones_own_runs_to_a_score(tmp_path, monkeypatch):
    """The example of docs/procedure_file.md, as a user would copy it."""
    page = (Path(__file__).parents[2] / "docs" / "procedure_file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = ["run", "--procedure-file", "mine.toml", "--level", "L3-L4", "--side", "left"]
    made = CliRunner().invoke(main, words)
    assert made.exit_code == 0, made.output
    (folder,) = (tmp_path / "needle_sim_runs").iterdir()
    assert folder.name == "facet-injection-inferior_L3-L4_left_seed0"
    found = json.loads((folder / "result.json").read_text())
    assert found["procedure"] == "facet-injection-inferior"
    assert found["score"]["outcome"] == "completed"
    assert [event["do"] for event in found["events"]][-2:] == ["contrast", "inject"]


def test_a_procedure_file_and_a_name_are_two_procedures(tmp_path):
    made = ask("--procedure-file", tmp_path / "mine.toml")
    assert made.exit_code == 2
    assert "name two procedures" in made.stderr


def ask_real(folder, labels, *words):
    return ask("--ct", folder / "dicom", "--labels", folder / labels, *words)


@pytest.mark.long
@pytest.mark.real
def test_the_lumbar_ct_runs_to_a_scored_lesion(lumbar, tmp_path):
    made = ask_real(lumbar, "labels.nii.gz", "--level", "L4", "--side", "right", "--out", tmp_path)
    assert made.exit_code == 0, made.output
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["vertebra"] == "L5"
    assert found["score"]["total"] >= 80.0
    assert found["axis_to_nerve_deg"] <= 15.0
    assert found["provenance"]["dura"] == "inferred"
    assert found["fit_rms_mm"]["L5"] <= 2.0  # published shape models: 2.0 +- 0.5 mm (VIJ19)
    assert found["clearance_mm"]["dura"] > 3.0


@pytest.mark.long
@pytest.mark.real
def test_the_chest_ct_runs_with_a_reduced_tilt_and_says_both_angles(lidc, tmp_path):
    name = "labels_totalsegmentator.nii.gz"
    made = ask_real(lidc, name, "--level", "L1", "--side", "left", "--out", tmp_path)
    assert made.exit_code == 0, made.output
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["vertebra"] == "L2"
    assert found["tip_mm"][0] > found["target_mm"][0] - 2.0
    (note,) = [one for one in found["notes"] if "outside the volume" in one]
    assert note.count("°") == 2
    assert "L3 is cut" in " ".join(found["notes"])
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "inferred" in report


@pytest.mark.real
@pytest.mark.parametrize(("level", "said"), [("L2", "L3 is cut by the lower edge"), ("L4", "L5")])
def test_a_level_that_the_chest_ct_does_not_hold_is_named(lidc, tmp_path, level, said):
    name = "labels_totalsegmentator.nii.gz"
    made = ask_real(lidc, name, "--level", level, "--out", tmp_path / "out")
    assert made.exit_code == 2
    assert said in made.stderr
