"""A header is found with or without a preamble, and only in DICOM files."""

from __future__ import annotations

from functools import partial

import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from needle_sim.errors import DicomError
from needle_sim.volume.dicom import load_series
from needle_sim.volume.header import read_header, tag_name
from needle_sim.volume.members import Member
from tests.volume.ct_files import CtFiles, ramp, rewrite

FILES = CtFiles(ramp())


def member(path):
    return Member(path.name, path.stat().st_size, partial(path.open, "rb"))


def test_values_come_as_written(tmp_path):
    header = read_header(member(FILES.write(tmp_path)[1]))
    assert header is not None
    assert header.text("Modality") == "CT"
    assert (header.word("Rows"), header.word("Columns"), header.word("HighBit")) == (10, 14, 15)
    assert header.numbers("ImagePositionPatient", 3).tolist() == [-30.0, -200.0, -37.5]
    assert (header.text("RescaleType"), header.word("PixelPaddingValue")) == ("", None)
    assert header.pixel_bytes == header.room_bytes == 10 * 14 * 2


def test_a_refusal_names_file_tag_and_value(tmp_path):
    header = read_header(member(FILES.write(tmp_path)[0]))
    assert header is not None
    with pytest.raises(DicomError, match=r"^IM000: \(0018,5100\) PatientPosition is HFS: why$"):
        header.refuse("PatientPosition", header.text("PatientPosition"), "why")
    assert str(header.note("Rows", 10, "odd")) == "odd (IM000, (0028,0010) Rows, 10)"
    assert tag_name("PixelData") == "(7FE0,0010) PixelData"


@pytest.mark.parametrize("implicit", [True, False])
def test_files_without_preamble_and_meta_are_read(tmp_path, implicit):
    for index in range(6):
        path = tmp_path / f"{index}"
        pydicom.dcmwrite(path, FILES.dataset(index), implicit_vr=implicit, little_endian=True)
        assert path.read_bytes()[128:132] != b"DICM"
    assert np.array_equal(load_series(tmp_path).array, FILES.hu)


def test_what_only_begins_like_dicom_is_a_stranger(tmp_path):
    for name, data in (("a", b"\x08\x00rest of it"), ("b", b"\x02\x00"), ("c", b"")):
        (tmp_path / name).write_bytes(data)
        assert read_header(member(tmp_path / name)) is None


def test_text_that_cannot_be_printed_does_not_reach_a_message(tmp_path):
    path = FILES.write(tmp_path)[0]
    rewrite(path, SeriesDescription="a\x1b[31mb\nc")
    header = read_header(member(path))
    assert header is not None
    assert header.text("SeriesDescription") == "a?[31mb?c"


def test_a_deflated_file_is_refused_before_it_is_unpacked(tmp_path):
    path = FILES.write(tmp_path)[0]
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    dataset.save_as(path)
    with pytest.raises(DicomError, match=r"IM000 cannot be read \(deflated"):
        read_header(member(path))


def test_a_file_that_cannot_be_opened_is_named():
    def closed():
        raise PermissionError(13, "Permission denied", "a/b/secret")

    with pytest.raises(DicomError, match=r"^secret cannot be read \(Permission denied\); fetch"):
        read_header(Member("secret", 10, closed))


@pytest.mark.filterwarnings("ignore:Unknown encoding")
def test_an_unknown_character_set_does_not_matter(tmp_path):
    for path in FILES.write(tmp_path):
        rewrite(path, SpecificCharacterSet="ISO_IR 100")
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 999"))
    assert load_series(tmp_path).shape == (6, 10, 14)


def test_implicit_words_are_read(tmp_path):
    files = CtFiles(ramp(), syntax=ImplicitVRLittleEndian)
    header = read_header(member(files.write(tmp_path)[0]))
    assert header is not None
    assert header.word("BitsStored") == 16
    assert header.pixel_bytes == 280
