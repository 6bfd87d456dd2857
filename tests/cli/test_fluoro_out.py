"""DICOM and dose of ``needle-sim fluoro``: what is asked for is written, once."""

from __future__ import annotations

import json

import pydicom
import pytest
from click.testing import CliRunner

from needle_sim.cli import main
from needle_sim.cli.fluoro_out import dose_words
from needle_sim.exports.dicom_xa import carm_from_xa
from needle_sim.exports.sr_items import found
from needle_sim.imaging.xray.angles import positioner_angles


def ask(*words: object):
    return CliRunner().invoke(main, ["fluoro", *map(str, words)])


@pytest.fixture
def made(phantom, monkeypatch):
    monkeypatch.setattr("needle_sim.anatomy.phantom.build.build_phantom", lambda name: phantom)


def test_a_picture_and_a_run_become_dicom_of_one_study_with_their_dose(made, tmp_path):
    out, report = tmp_path / "l4.dcm", tmp_path / "dose.dcm"
    words = ("--view", "LPO 10 CAU 5", "--cine", 0.2, "--out", out, "--dose-report", report)
    done = ask(*words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {one.name for one in tmp_path.iterdir()} == {"l4.dcm", "l4_cine.dcm", "dose.dcm"}
    assert told["pictures"] == ["l4.dcm", "l4_cine.dcm"]
    files = [pydicom.dcmread(one) for one in (out, tmp_path / "l4_cine.dcm", report)]
    assert len({one.StudyInstanceUID for one in files}) == 1
    assert len({one.SeriesInstanceUID for one in files}) == 3
    assert positioner_angles(carm_from_xa(out)) == pytest.approx((170.0, -5.0))
    assert files[1].NumberOfFrames == 3
    (totals,) = found(files[2].ContentSequence, "113702")
    (kap,) = found(totals.ContentSequence, "113722")
    written = float(kap.MeasuredValueSequence[0].NumericValue)
    assert written == pytest.approx(told["kap_ugy_m2"] * 1e-6, rel=1e-5)
    # the pictures' own products, dGy cm2, come to the same: 1e-5 Gy m2 each
    said = sum(float(one.ImageAndFluoroscopyAreaDoseProduct) for one in files[:2]) * 1e-5
    assert said == pytest.approx(written, rel=1e-9)
    assert len(found(files[2].ContentSequence, "113706")) == told["dose_events"] == 2


def test_automatic_technique_is_said_and_given_values_are_kept(made, tmp_path):
    done = ask("--json", "--out", tmp_path / "a")
    told = json.loads(done.stdout)
    assert told["technique"] == "automatic"
    assert told["technique_kvp"] == pytest.approx(told["kvp"], abs=1e-3)
    assert told["fluoroscopy_kerma_mgy_min"] > 0
    assert told["peak_skin_mgy"] > 0
    lines = dose_words(told)
    assert any("mGy/min" in line and "15/s" in line for line in lines)
    given = json.loads(ask("--kvp", 95, "--json", "--out", tmp_path / "b").stdout)
    assert (given["technique"], given["kvp"]) == ("by hand", 95.0)
    assert given["fluoroscopy_kerma_mgy_min"] is None
    assert not any("mGy/min" in line for line in dose_words(given))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "there.dcm"], "there.dcm is there already and is kept"),
        (["--out", "there.dcm", "--force"], "there.dcm is there already and is kept"),
        (["--out", "x.dcm", "--dose-report", "there.dcm"], "is there already and is kept"),
        (["--dose-report", "dose.txt"], "ends with .dcm, got dose.txt"),
        (["--out", "none/x.dcm"], "there is no folder none"),
    ],
)
def test_nothing_is_written_over(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.dcm").write_bytes(b"kept")
    done = ask(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["there.dcm"]
    assert (tmp_path / "there.dcm").read_bytes() == b"kept"
