"""The files of a run say what the run says (same seed, same bytes: tests/cli/test_run.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

import needle_sim as ns
from needle_sim.exports.files import save_run
from needle_sim.exports.result import RESULT_SCHEMA, result_of
from needle_sim.exports.sr_items import found


@pytest.fixture(scope="module")
def run(phantom):
    return ns.run_procedure(pictures=False, anatomy=phantom)


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    save_run(run, path, seconds=1.0)
    return path


def test_the_result_holds_every_documented_field(folder):
    found = json.loads((folder / "result.json").read_text())
    page = (Path(__file__).parents[2] / "docs" / "result_json.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = re.findall(r"`([a-z_0-9]+)(?:\[\])?`", " ".join(first_cells))
    assert set(named) == set(found)
    assert found["schema"] == RESULT_SCHEMA


def test_lengths_and_names_agree_with_the_run(run, folder):
    found = json.loads((folder / "result.json").read_text())
    assert found["tip_mm"] == pytest.approx(run.plan.tip_mm, abs=1e-3)
    assert set(found["lesion"]) == {"50c", "60c", "cem240", "arrhenius_muscle", "conservative"}
    assert found["lesion"]["60c"]["volume_mm3"] == pytest.approx(
        run.lesion.extents["60c"].volume_mm3, abs=1e-3
    )
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["paths"][0]["entry_mm"] == found["entry_mm"]
    assert plan["tried"] >= len(plan["paths"]) + sum(plan["rejected"].values())


def test_no_machine_time_or_path_is_in_the_result(folder):
    text = (folder / "result.json").read_text() + (folder / "plan.json").read_text()
    assert str(folder) not in text
    assert not re.search(r"20\d\d-\d\d-\d\d|/home/|/tmp/", text)


def test_the_lesion_in_the_file_has_the_volume_of_the_lesion(run, folder):
    image = nibabel.load(folder / "lesion_zones.nii.gz")
    zones = np.asarray(image.dataobj)
    cell_mm3 = float(np.prod(image.header.get_zooms()))
    inner = float((zones == 2).sum() * cell_mm3)
    assert inner == pytest.approx(run.lesion.extents["conservative"].volume_mm3, rel=0.08)
    outer = float((zones >= 1).sum() * cell_mm3)
    assert outer == pytest.approx(run.lesion.extents["50c"].volume_mm3, rel=0.08)


KEYS = {
    "attempt": lambda found: found["attempt"],
    "views": lambda found: found["views"][0],
    "contrast": lambda found: found["contrast"][0],
    "sonogram": lambda found: found["sonogram"],
    "score": lambda found: found["score"],
}


@pytest.fixture(scope="module")
def given(injection, tmp_path_factory):
    path = tmp_path_factory.mktemp("injection")
    save_run(injection, path, seconds=1.0)
    return path


@pytest.mark.parametrize("field", KEYS)
def test_the_page_holds_the_keys_of_every_nested_table(given, field):
    found = json.loads((given / "result.json").read_text())
    page = (Path(__file__).parents[2] / "docs" / "result_json.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if re.match(rf"\| `{field}(\[\])?` \|", line)]
    assert set(KEYS[field](found)) <= set(re.findall(r"`([a-z_0-9]+)(?:\[\])?`", row))


def test_the_events_of_an_injection_are_there_in_order_with_what_was_seen(injection, given):
    found = json.loads((given / "result.json").read_text())
    assert [event["do"] for event in found["events"]] == [e.do for e in injection.record.events]
    (contrast,) = [event for event in found["events"] if event["do"] == "contrast"]
    assert contrast["pattern"] == found["contrast"][0]["pattern"]
    assert contrast["seen"] == found["contrast"][0]["seen"]
    assert found["because"].startswith("at T12-L1 and L1-L2 the radiculomedullary artery")
    assert found["variant"] == "infraneural"
    assert found["lesion"] == {}
    assert found["attempt"]["kap_ugy_m2"] == pytest.approx(
        sum(event["kap_ugy_m2"] for event in found["events"]), abs=0.01
    )


def test_the_contrast_in_the_file_is_the_iodine_that_lies_there(injection, given):
    """1 mL of 240 mg/mL, less what has run on beyond the field; at its place in the patient."""
    image = nibabel.load(given / "contrast.nii.gz")
    cell_ml = float(np.prod(image.header.get_zooms())) / 1000.0
    iodine = np.asarray(image.dataobj)
    last = injection.shots[-1].spread
    here_mg = 240.0 * last.here_ml(last.duration_s)
    assert iodine.sum() * cell_ml == pytest.approx(here_mg, rel=1e-3)
    where = np.argwhere(iodine > 5.0)
    places = nibabel.affines.apply_affine(image.affine, where) * [-1, -1, 1]
    away = np.linalg.norm(places - injection.placed.trajectory.tip_mm, axis=1)
    assert away.min() < 3.0


def test_the_sonogram_is_dicom_with_its_pose_beside_it(injection, given):
    data = pydicom.dcmread(given / "sonogram.dcm")
    assert (data.Rows, data.Columns) == injection.sonogram.array.shape
    pose = json.loads((given / "sonogram.json").read_text())
    assert np.array(pose["patient_from_probe"][0]) == pytest.approx(
        injection.sonogram.patient_from_probe.matrix, abs=1e-6
    )


def test_a_run_without_heat_writes_no_lesion_and_one_without_contrast_no_contrast(given, folder):
    assert not list(given.glob("lesion*"))
    assert not list(folder.glob("contrast*"))


def test_values_that_are_not_finite_become_null(run):
    assert "NaN" not in json.dumps(result_of(run), allow_nan=False)


@pytest.mark.long
def test_the_dose_report_holds_every_exposure_of_the_run(phantom, tmp_path):
    made = ns.run_procedure("facet-injection", anatomy=phantom)
    tally = made.record.tally
    assert tally.kap_ugy_m2 == pytest.approx(made.record.kap_ugy_m2)
    save_run(made, tmp_path, seconds=1.0)
    data = pydicom.dcmread(tmp_path / "dose.dcm")
    assert len(found(data.ContentSequence, "113706")) == len(tally.events) > 0
    told = json.loads((tmp_path / "result.json").read_text())["attempt"]
    assert told["kerma_mgy"] == pytest.approx(tally.kerma_mgy, abs=1e-3)
    assert told["fluoroscopy_s"] == pytest.approx(tally.fluoroscopy_s, abs=1e-3)
    before = (tmp_path / "dose.dcm").read_bytes()
    save_run(made, tmp_path, seconds=2.0)
    assert (tmp_path / "dose.dcm").read_bytes() == before


def test_a_run_without_pictures_has_no_dose_report(folder):
    assert not (folder / "dose.dcm").exists()
