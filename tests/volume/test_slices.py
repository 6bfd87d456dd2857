"""A header that makes no right picture is refused by file, tag and value."""

from __future__ import annotations

import re

import pytest

from needle_sim.errors import DicomError
from needle_sim.volume.dicom import load_series
from tests.volume.ct_files import CtFiles, ramp, rewrite

FILES = CtFiles(ramp())


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"NumberOfFrames": 6}, "(0028,0008) NumberOfFrames is 6: multi-frame"),
        ({"PhotometricInterpretation": "RGB"}, "(0028,0004) PhotometricInterpretation is RGB"),
        ({"BitsAllocated": 32}, "(0028,0100) BitsAllocated is 32: 8 or 16"),
        ({"BitsStored": 17}, "(0028,0101) BitsStored is 17: 1 to 16"),
        ({"BitsStored": 12, "HighBit": 16}, "(0028,0102) HighBit is 16: 11 to 15"),
        ({"PixelRepresentation": 7}, "(0028,0103) PixelRepresentation is 7"),
        ({"PixelRepresentation": None}, "(0028,0103) PixelRepresentation is None"),
        ({"Rows": None}, "(0028,0010) Rows is absent"),
        ({"Columns": 0}, "(0028,0011) Columns is 0"),
        ({"PixelSpacing": None}, "(0028,0030) PixelSpacing is absent: 2 numbers"),
        (
            {"PixelSpacing": [0.0, 0.6]},
            r"(0028,0030) PixelSpacing is 0.0\0.6: both must be at least",
        ),
        ({"ImagePositionPatient": None}, "(0020,0032) ImagePositionPatient is absent: 3 numbers"),
        ({"ImageOrientationPatient": None}, "(0020,0037) ImageOrientationPatient is absent"),
        (
            {"ImageOrientationPatient": [1, 0, 0, 0.1, 1, 0]},
            r"(0020,0037) ImageOrientationPatient is 1.0\0.0\0.0\0.1\1.0\0.0: two unit vectors",
        ),
        ({"RescaleSlope": 0}, "(0028,1053) RescaleSlope is 0.0: it must not be 0"),
        ({"RescaleSlope": None}, "(0028,1053) RescaleSlope is absent"),
        ({"RescaleIntercept": None}, "(0028,1052) RescaleIntercept is absent"),
        (
            {"RescaleType": "Z_EFF"},
            "(0028,1054) RescaleType is Z_EFF: the values are not Hounsfield",
        ),
        ({"PixelData": bytes(10 * 14)}, "(7FE0,0010) PixelData is 140 bytes long: Rows x Columns"),
        ({"PixelData": None}, "(7FE0,0010) PixelData is absent"),
        ({"Rows": 65535, "Columns": 65535}, "Rows x Columns need 8589672450"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path, tags, words):
    for path in FILES.write(tmp_path):
        rewrite(path, **tags)
    with pytest.raises(DicomError, match=re.escape(words)):
        load_series(tmp_path)


@pytest.mark.parametrize("value", [b"nan ", b"inf ", b"1e99", b"0,5 ", b"one "])
def test_a_rescale_that_is_no_number_is_refused(tmp_path, value):
    for path in FILES.write(tmp_path):
        data = path.read_bytes()
        at = data.index(b"\x28\x00\x53\x10DS")
        assert data[at : at + 12] == b"\x28\x00\x53\x10DS\x04\x001.0 "
        path.write_bytes(data[: at + 8] + value + data[at + 12 :])
    with pytest.raises(DicomError, match=r"IM000: \(0028,1053\) RescaleSlope is"):
        load_series(tmp_path)


def test_a_file_cut_in_its_pixels_is_refused_before_memory_is_taken(tmp_path):
    path = FILES.write(tmp_path)[3]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DicomError, match=r"IM003: \(7FE0,0010\) PixelData is 180 bytes long.*280"):
        load_series(tmp_path)
