from __future__ import annotations

import numpy as np
import pydicom
import pytest

from needle_sim.errors import DicomError
from needle_sim.volume.frames import Frames
from tests.volume.seg_files import L3, L4, L5, ct_files, described, labelled, write_seg

THREE = [described(1, "one", L4), described(2, "two", L5), described(3, "three", L3)]


@pytest.fixture
def data(tmp_path):
    write_seg(tmp_path / "a.dcm", ct_files(), labelled(), THREE)
    return pydicom.dcmread(tmp_path / "a.dcm")


def test_frames_know_their_slice_and_segment_in_any_order(data):
    found = Frames.of(data, "a", by_segment=True)
    assert (found.slices, found.count, found.uid) == (6, 5, "1.2.9")
    pairs = sorted(zip(found.index.tolist(), found.segment.tolist(), strict=True))
    assert pairs == [(0, 2), (2, 1), (3, 1), (4, 3), (5, 3)]
    order = [3, 0, 4, 1, 2]
    data.PerFrameFunctionalGroupsSequence = [
        data.PerFrameFunctionalGroupsSequence[n] for n in order
    ]
    turned = Frames.of(data, "a", by_segment=True)
    assert turned.index.tolist() == found.index[order].tolist()
    assert turned.patient_from_index == pytest.approx(found.patient_from_index)


def test_without_a_spacing_between_slices_the_least_gap_counts(data):
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices
    found = Frames.of(data, "a", by_segment=True)
    assert np.linalg.norm(found.patient_from_index[:3, 0]) == pytest.approx(2.5)
    assert found.slices == 6


def test_a_wrong_spacing_between_slices_does_not_join_two_of_them(data):
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = 25.0
    assert Frames.of(data, "a", by_segment=True).slices == 6


def test_a_single_slice_is_as_thick_as_it_says(tmp_path):
    array = np.zeros((6, 9, 7), dtype=np.uint8)
    array[3, 2:5, 2:5] = 1
    write_seg(tmp_path / "a.dcm", ct_files(), array, [THREE[0]])
    data = pydicom.dcmread(tmp_path / "a.dcm")
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices, measures.SliceThickness = None, 4.0
    found = Frames.of(data, "a", by_segment=True)
    assert found.slices == 1
    assert np.linalg.norm(found.patient_from_index[:3, 0]) == pytest.approx(4.0)


def moved(data, frame, shift):
    item = data.PerFrameFunctionalGroupsSequence[frame].PlanePositionSequence[0]
    at = np.array(item.ImagePositionPatient, dtype=float) + shift
    item.ImagePositionPatient = at.tolist()


@pytest.mark.parametrize("shift", [(3.0, 0.0, 0.0), (0.0, 0.4, 0.0), (0.0, 0.0, 0.6)])
def test_frames_off_a_regular_grid_are_refused_with_how_far(data, shift):
    moved(data, 1, shift)
    with pytest.raises(DicomError, match=r"ImagePositionPatient of its frames leaves a regular"):
        Frames.of(data, "a", by_segment=True)


@pytest.mark.parametrize("value", [[1.0, 2.0], [1e9, 0.0, 0.0]])
def test_positions_that_are_none_are_refused(data, value):
    item = data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    item.ImagePositionPatient = value
    with pytest.raises(DicomError, match=r"ImagePositionPatient is .*: 3 numbers up to 100000"):
        Frames.of(data, "a", by_segment=True)


def test_a_gap_that_would_need_a_million_slices_is_refused(data):
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = 2.5
    for frame in range(data.NumberOfFrames):
        moved(data, frame, (0.0, 0.0, 0.0))
    item = data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    item.ImagePositionPatient = [-30.0, -200.0, 99_000.0]
    measures.SpacingBetweenSlices = 0.06
    with pytest.raises(DicomError, match=r"slices of 0\.06 mm; at most 100000"):
        Frames.of(data, "a", by_segment=True)


def test_directions_that_are_not_at_right_angles_are_refused(data):
    shared = data.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0.5, 0.8, 0]
    with pytest.raises(DicomError, match=r"ImageOrientationPatient is .*not at right angles"):
        Frames.of(data, "a", by_segment=True)


def test_a_pixel_spacing_of_nought_is_refused(data):
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing = [0.0, 0.8]
    with pytest.raises(DicomError, match=r"PixelSpacing is .* must be positive"):
        Frames.of(data, "a", by_segment=True)
