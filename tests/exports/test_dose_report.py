"""Dose reports: totals are the sums of their events, and other readers find them.

pyskindose reads the same file in an environment of its own: ``python -m benchmarks.peers.run
pyskindose``.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from highdicom.sr import ContentSequence

from needle_sim.errors import InputError
from needle_sim.exports.dicom_xa import save_xa
from needle_sim.exports.dose_report import save_dose_report
from needle_sim.exports.sr_items import found
from needle_sim.imaging.xray.cine import take_cine
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally, event_of, events_of
from tests.exports.xa_pictures import BEAM, CARM, paths, shot

JUDGE = "dciodvfy"  # of dicom3tools, a Debian and Ubuntu package
DAP, RP = "122130", "113738"


def tally(count: int = 7) -> DoseTally:
    """Events with doses that no decimal string holds exactly."""
    rng = np.random.default_rng(3)
    events = []
    for n in range(count):
        kind = "fluoroscopy" if n % 2 else "acquisition"
        dose = rng.uniform(0.1, 30.0, 2) / 3
        pulses = 40 * n if n % 2 else 1
        rate = 8.0 if n % 2 else 0.0
        carm = replace(CARM, orbital_deg=20.0 * n)
        events.append(DoseEvent(kind, carm, BEAM, pulses, rate, *map(float, dose), 10.0 * n))
    return DoseTally(tuple(events))


def value(items, concept):
    (one,) = found(items, concept)
    return float(one.MeasuredValueSequence[0].NumericValue)


def written(given, path, **how):
    data = pydicom.dcmread(save_dose_report(given, path, **how))
    events = [one.ContentSequence for one in found(data.ContentSequence, "113706")]
    (totals,) = found(data.ContentSequence, "113702")
    return data, events, totals.ContentSequence


def test_totals_are_the_sums_of_the_events(tmp_path):
    given = tally()
    _, events, totals = written(given, tmp_path / "dose.dcm")
    assert len(events) == len(given.events) == 7
    kinds = [one.kind for one in given.events]
    for kind, area, dose in (
        ("", "113722", "113725"),
        ("fluoroscopy", "113726", "113728"),
        ("acquisition", "113727", "113729"),
    ):
        chosen = [one for one, its in zip(events, kinds, strict=True) if kind in ("", its)]
        for total, each in ((area, DAP), (dose, RP)):
            summed = sum(value(one, each) for one in chosen)
            assert value(totals, total) == pytest.approx(summed, rel=1e-12)
    assert value(totals, "113722") == pytest.approx(given.kap_ugy_m2 * 1e-6, rel=1e-9)
    assert value(totals, "113725") == pytest.approx(given.kerma_mgy * 1e-3, rel=1e-9)
    assert value(totals, "113730") == pytest.approx(given.fluoroscopy_s)
    assert value(totals, "113731") == 4


def test_one_event_an_exposure_or_run(tmp_path):
    one, run = shot(), take_cine(paths(), BEAM, RunMode.preset("fluoroscopy"), duration_s=1.0)
    given = DoseTally((event_of(one), *events_of(run)))
    _, events, totals = written(given, tmp_path / "dose.dcm")
    assert [value(each, "113768") for each in events] == [1, 15]
    assert value(totals, "113722") == pytest.approx((one.kap_ugy_m2 + run.kap_ugy_m2) * 1e-6)
    uids = [found(each, "113769")[0].UID for each in events]
    assert len(set(uids)) == 2


def test_highdicom_reads_the_whole_tree(tmp_path):
    data, events, _ = written(tally(), tmp_path / "dose.dcm")
    tree = ContentSequence.from_sequence(data.ContentSequence, is_root=False)
    assert len(tree) == len(data.ContentSequence)
    nested = ContentSequence.from_sequence(events[1])
    dose = [one for one in nested if one.name.value == RP]
    assert dose[0].unit.value == "Gy"
    assert data.ContentTemplateSequence[0].TemplateIdentifier == "10001"


def test_it_belongs_to_the_study_of_its_pictures_and_to_nobody(tmp_path):
    data, _, _ = written(tally(), tmp_path / "dose.dcm", study="case 7")
    picture = pydicom.dcmread(save_xa(shot(), tmp_path / "xa.dcm", study="case 7"))
    assert data.StudyInstanceUID == picture.StudyInstanceUID
    assert data.PatientID == picture.PatientID
    assert data.PatientName == "Simulated^Patient"
    assert data.SeriesInstanceUID != picture.SeriesInstanceUID
    (scope,) = found(data.ContentSequence, "113705")
    assert data.StudyInstanceUID == scope.ContentSequence[0].UID
    (words,) = found(data.ContentSequence, "121106")
    assert "NOT FOR CLINICAL USE" in words.TextValue


def test_the_same_tally_gives_the_same_bytes_and_no_file_is_written_over(tmp_path):
    first = save_dose_report(tally(), tmp_path / "a.dcm").read_bytes()
    assert save_dose_report(tally(), tmp_path / "b.dcm").read_bytes() == first
    with pytest.raises(InputError, match="there already and is kept"):
        save_dose_report(tally(3), tmp_path / "a.dcm")
    with pytest.raises(InputError, match="at least one event"):
        save_dose_report(DoseTally(), tmp_path / "c.dcm")
    with pytest.raises(InputError, match="position must be one of"):
        save_dose_report(tally(), tmp_path / "c.dcm", position="sitting")


@pytest.mark.tool(JUDGE)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_dciodvfy_finds_no_error_and_nothing_to_warn_of(tmp_path, count):
    path = save_dose_report(tally(count), tmp_path / "dose.dcm")
    words = [str(shutil.which(JUDGE)), "-new", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    assert "XRayRadiationDoseSR" in lines  # it knew what to hold the file against
    assert [line for line in lines if line.startswith(("Error", "Warning"))] == []
