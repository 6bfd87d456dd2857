"""SEG of another writer (highdicom) read back voxel by voxel; damaged and hostile ones refused."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from needle_sim.errors import DicomError, InputError
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels
from needle_sim.volume.seg import is_dicom, read_seg
from tests.volume.ct_files import rewrite
from tests.volume.seg_files import L3, L4, L5, ct_files, described, labelled, write_seg

THREE = [described(1, "one", L4), described(2, "two", L5), described(3, "three", L3)]
OBLIQUE = np.array([[0.96, 0.28, 0.0], [-0.28, 0.96, 0.0]])
NUMBER = {3: 29, 1: 28, 2: 27}


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
@pytest.mark.parametrize("axes", [np.eye(3)[:2], OBLIQUE], ids=["axial", "oblique"])
def test_each_kind_is_the_map_that_was_written_at_its_place(tmp_path, kind, axes):
    files = ct_files(axes=axes)
    write_seg(tmp_path / "a.dcm", files, labelled(), THREE, kind)
    image, segments, notes = read_seg(tmp_path / "a.dcm")
    assert np.array_equal(image.array, labelled())
    assert image.patient_from_index == pytest.approx(files.patient_from_voxel, abs=1e-4)
    assert (image.uid, notes) == ("1.2.9", ())
    assert [one.name for one in segments] == ["one", "two", "three"]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_seg_lies_on_its_series_as_it_was_drawn(tmp_path, kind):
    files = ct_files(axes=OBLIQUE)
    files.write(tmp_path / "ct")
    ct = load_series(tmp_path / "ct")
    array = labelled()
    array[0] = 0  # frames without a voxel are not stored: the grid of the file is smaller
    write_seg(tmp_path / "a.dcm", files, array, THREE, kind)
    found = load_labels(tmp_path / "a.dcm", grid=ct)
    wanted = np.zeros(array.shape, np.uint16)
    for value, number in NUMBER.items():
        wanted[array == value] = number
    assert np.array_equal(found.array, wanted)
    assert [note.text for note in found.notes] == ["segments without a voxel: vertebrae_L5"]


def compressed(folder, syntax, coder):
    write_seg(folder / "a.dcm", ct_files(), labelled(), THREE, "LABELMAP")
    data = pydicom.dcmread(folder / "a.dcm")
    data.compress(syntax, encoding_plugin=coder, generate_instance_uid=False)
    data.save_as(folder / "a.dcm")
    return data


@pytest.mark.parametrize(
    ("syntax", "coder"), [(RLELossless, "pydicom"), (JPEGLSLossless, "pyjpegls")]
)
def test_compressed_frames_are_the_same(tmp_path, syntax, coder):
    compressed(tmp_path, syntax, coder)
    assert np.array_equal(read_seg(tmp_path / "a.dcm")[0].array, labelled())


def test_of_a_fractional_segment_what_is_half_full_is_taken(tmp_path):
    share = np.zeros((6, 9, 7), dtype=np.float32)
    share[2, 3], share[2, 4] = 0.4, 0.6
    write_seg(tmp_path / "a.dcm", ct_files(), share, [THREE[0]], "FRACTIONAL")
    image, _, _ = read_seg(tmp_path / "a.dcm")
    assert np.argwhere(image.array == 1)[:, 1].tolist() == [4] * 7


def test_where_segments_overlap_the_later_counts_and_it_is_told(tmp_path):
    array = np.zeros((6, 9, 7, 2), dtype=np.uint8)
    array[1:4, ..., 0], array[3:5, ..., 1] = 1, 1
    write_seg(tmp_path / "a.dcm", ct_files(), array, THREE[:2])
    image, _, (note,) = read_seg(tmp_path / "a.dcm")
    assert "segments overlap" in note.text
    assert note.value == "63 voxels"
    assert {1, 2} == set(np.unique(image.array)) - {0}


def test_another_frame_of_reference_is_refused(tmp_path):
    files = ct_files()
    files.with_tags(FrameOfReferenceUID="1.2.77").write(tmp_path / "ct")
    write_seg(tmp_path / "a.dcm", files, labelled(), THREE)
    with pytest.raises(InputError, match=r"frame of reference 1\.2\.9, the CT in 1\.2\.77"):
        load_labels(tmp_path / "a.dcm", grid=load_series(tmp_path / "ct"))


def test_sides_come_from_modifiers_and_old_codes_are_translated(tmp_path):
    kidney = codes.SCT.Kidney
    descriptions = [
        described(1, "a", kidney, codes.SCT.Right),
        described(2, "b", kidney, codes.SCT.Left),
        described(3, "c", L3),
    ]
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), descriptions)
    data = pydicom.dcmread(tmp_path / "a.dcm")
    old = data.SegmentSequence[2].SegmentedPropertyTypeCodeSequence[0]
    old.CodeValue, old.CodingSchemeDesignator = "T-11930", "SRT"  # L3, CID 7603
    data.save_as(tmp_path / "a.dcm")
    found = load_labels(tmp_path / "a.dcm")
    assert np.unique(found.array).tolist() == [0, 2, 3, 29]


def test_a_type_that_only_says_vertebra_is_told_by_its_region(tmp_path):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled() == 1, [described(1, "a", L4)])
    data = pydicom.dcmread(tmp_path / "a.dcm")
    item = data.SegmentSequence[0]
    item.AnatomicRegionSequence = [pydicom.Dataset()]
    item.AnatomicRegionSequence[0].CodeValue = L5.value
    item.AnatomicRegionSequence[0].CodingSchemeDesignator = "SCT"
    item.SegmentedPropertyTypeCodeSequence[0].CodeValue = "51282000"
    data.save_as(tmp_path / "a.dcm")
    assert load_labels(tmp_path / "a.dcm").array.max() == 27


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "SOPClassUID is 1.2.840.*give a DICOM seg"),
        ({"SegmentationType": "PROBABILITY"}, "SegmentationType is PROBABILITY: BINARY, FRACT"),
        ({"SegmentationType": "LABELMAP"}, r"BitsAllocated is 1: LABELMAP has \(8, 16\)"),
        ({"NumberOfFrames": 2_000_000}, "NumberOfFrames is 2000000: 1 to 1000000"),
        ({"NumberOfFrames": 4}, "of 5 items: 4 frames are stated"),
        ({"Rows": 60_000, "Columns": 60_000}, "60000.*voxels; at most"),
        ({"Rows": 90}, "PixelData is .* bytes: .* are needed"),
        ({"PixelData": None}, "PixelData is absent"),
        ({"SegmentSequence": []}, "SegmentSequence is 0: 1 to 65535"),
        ({"SamplesPerPixel": 3}, "SamplesPerPixel is 3: 1 is needed"),
    ],
)
def test_what_is_no_right_segmentation_is_refused_by_tag(tmp_path, tags, said):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), THREE)
    rewrite(tmp_path / "a.dcm", **tags)
    with pytest.raises(DicomError, match=said):
        read_seg(tmp_path / "a.dcm")


def test_a_deflated_file_is_refused_before_it_is_unpacked(tmp_path):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), THREE)
    raw = (tmp_path / "a.dcm").read_bytes()
    plain = str(ExplicitVRLittleEndian).encode() + b"\0"
    (tmp_path / "a.dcm").write_bytes(raw.replace(plain, plain[:-1] + b".99\0", 1))
    with pytest.raises(DicomError, match="deflated transfer syntax"):
        read_seg(tmp_path / "a.dcm")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.98])
def test_a_file_that_is_cut_off_is_refused(tmp_path, share):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), THREE)
    raw = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(DicomError, match=r"a\.dcm"):
        read_seg(tmp_path / "a.dcm")


def test_damaged_compressed_frames_are_refused(tmp_path):
    data = compressed(tmp_path, RLELossless, "pydicom")
    raw = data.PixelData
    data.PixelData = raw[:30] + b"\xff" * (len(raw) - 38) + raw[-8:]
    data.save_as(tmp_path / "a.dcm")
    with pytest.raises(DicomError, match="PixelData cannot be decoded"):
        read_seg(tmp_path / "a.dcm")


def test_a_position_that_is_no_number_is_refused_without_a_warning(tmp_path):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), THREE)
    raw = (tmp_path / "a.dcm").read_bytes()
    assert raw.count(b"-30.0") >= 5
    (tmp_path / "a.dcm").write_bytes(raw.replace(b"-30.0", b"  nan"))
    with pytest.raises(DicomError, match=r"ImagePositionPatient is .*nan.*: 3 numbers up to"):
        read_seg(tmp_path / "a.dcm")
    (tmp_path / "a.dcm").write_bytes(raw.replace(b"-30.0", b"-a0.0"))
    with pytest.raises(DicomError, match=r"ImagePositionPatient is .*-a0\.0.*: 3 numbers up to"):
        read_seg(tmp_path / "a.dcm")


def test_dicom_is_told_by_its_preamble(tmp_path):
    write_seg(tmp_path / "a.nii.gz", ct_files(), labelled(), THREE)
    assert is_dicom(tmp_path / "a.nii.gz")
    (tmp_path / "b").write_bytes(b"x" * 200)
    assert not is_dicom(tmp_path / "b")
    assert not is_dicom(tmp_path)
    assert not is_dicom(tmp_path / "nowhere")
