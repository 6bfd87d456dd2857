"""A place without one CT is refused by what it holds instead."""

from __future__ import annotations

import pydicom
import pytest

from needle_sim.errors import DicomError, InputError
from needle_sim.volume.dicom import describe, load_series
from tests.volume.ct_files import CtFiles, ramp, rewrite, save

FILES = CtFiles(ramp())
VERBS = pytest.mark.parametrize("verb", [load_series, describe])


@VERBS
def test_an_empty_folder_is_refused(tmp_path, verb):
    with pytest.raises(InputError, match="is empty; give a folder, a zip or files of a CT series"):
        verb(tmp_path)


@VERBS
def test_a_folder_of_text_files_is_refused(tmp_path, verb):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text("words " * 100)
    with pytest.raises(InputError, match=r"no DICOM pictures among 2 files \(first: a.txt\); give"):
        verb(tmp_path)


@VERBS
def test_a_missing_path_is_refused(tmp_path, verb):
    with pytest.raises(InputError, match=r"nowhere cannot be read \(No such file"):
        verb(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"Modality": "MR"}, r"IM000: \(0008,0060\) Modality is MR: .* no CT slices, only MR"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
            r"\(0008,0008\) ImageType is .*LOCAL",
        ),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, r"\(0008,0016\) SOPClassUID is 1.*capture"),
        (
            {"Modality": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"},
            r"\(0008,0060\) Modality is absent: .*, only no modality",
        ),
    ],
)
def test_what_is_no_ct_is_refused_by_name(tmp_path, tags, words):
    FILES.with_tags(**tags).write(tmp_path)
    with pytest.raises(DicomError, match=words):
        load_series(tmp_path)
    assert not any(info.loadable for info in describe(tmp_path))


@pytest.mark.parametrize("length", [140, 200, 400, 660])
def test_a_file_cut_in_its_header_is_named(tmp_path, length):
    path = FILES.write(tmp_path)[5]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DicomError, match=r"IM005.* cut off.*; fetch it again or remove it"):
        load_series(tmp_path)
    assert not any(info.loadable for info in describe(tmp_path))


def test_a_slice_without_modality_is_known_by_its_class(tmp_path):
    FILES.with_tags(Modality=None).write(tmp_path)
    assert load_series(tmp_path).shape == (6, 10, 14)


def test_a_dicomdir_is_passed_over(tmp_path):
    FILES.write(tmp_path)
    made = pydicom.Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.1.3.10", "1.2.3.99"
    path = save(made, tmp_path / "DICOMDIR")
    rewrite(path, SOPClassUID=None, SOPInstanceUID=None)
    assert load_series(tmp_path).notes == ()
