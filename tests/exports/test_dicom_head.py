"""Names, UIDs and numbers of simulated objects; files are never written over."""

from dataclasses import replace

import pydicom
import pytest

from needle_sim.errors import InputError
from needle_sim.exports.dicom_head import number
from needle_sim.exports.dicom_xa import save_xa
from tests.exports.xa_pictures import BEAM, CARM, shot


def read(path):
    with pydicom.dcmread(path) as data:
        data.decode()
        return data


def test_nobody_is_named_and_the_same_study_has_the_same_uids(tmp_path):
    one = read(save_xa(shot(), tmp_path / "a.dcm", study="case 7"))
    other = read(save_xa(shot(replace(CARM, tilt_deg=0.0)), tmp_path / "b.dcm", study="case 7"))
    alone = read(save_xa(shot(), tmp_path / "c.dcm", study="case 8"))
    assert one.StudyInstanceUID == other.StudyInstanceUID != alone.StudyInstanceUID
    assert one.SeriesInstanceUID == other.SeriesInstanceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert (one.PatientName, one.PatientID) == ("Simulated^Patient", other.PatientID)
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    assert one.BurnedInAnnotation == "NO"


def test_the_same_pictures_give_the_same_bytes_and_a_file_is_never_written_over(tmp_path):
    first = save_xa(shot(), tmp_path / "a.dcm").read_bytes()
    assert save_xa(shot(), tmp_path / "b.dcm").read_bytes() == first
    with pytest.raises(InputError, match=r"a\.dcm is there already and is kept"):
        save_xa(shot(beam=replace(BEAM, mas=1.0)), tmp_path / "a.dcm")
    assert (tmp_path / "a.dcm").read_bytes() == first


def test_a_number_keeps_what_sixteen_characters_hold():
    for value in (1 / 3, -0.123456789012345, 179.999999999999, 1e-9, -1.23456789e-7, 0.0, 1e5):
        text = number(value)
        assert len(text) <= 16
        assert float(text) == pytest.approx(value, rel=1e-8)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save_xa(shot(), tmp_path / "none" / "a.dcm")
