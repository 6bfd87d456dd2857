"""Order, evenness, tilt and copies: what makes a stack, and what is refused by file, tag, value."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import DicomError
from needle_sim.volume.dicom import load_series
from tests.volume.ct_files import AXIAL, CtFiles, ramp, rewrite

FILES = CtFiles(ramp())


def refused(folder, *words):
    """Load, and check that the one-line refusal holds all words."""
    with pytest.raises(DicomError) as caught:
        load_series(folder)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert re.search(word, text), text


def test_neither_names_nor_instance_numbers_nor_slice_locations_order_the_slices(tmp_path):
    for place, path in enumerate(FILES.write(tmp_path, order=[5, 2, 0, 4, 1, 3])):
        rewrite(path, InstanceNumber=[3, 1, 4, 1, 5, 9][place], SliceLocation=float(-place))
    assert np.array_equal(load_series(tmp_path).array, FILES.hu)


def test_a_tilted_gantry_is_refused_with_its_angle(tmp_path):
    lean = 2.5 * np.tan(np.radians(12))
    tilted = replace(FILES, lean_mm=(0.0, lean, 0.0)).with_tags(GantryDetectorTilt=12)
    tilted.write(tmp_path)
    refused(
        tmp_path, "IM000", r"\(0020,0032\)", "leans by 12.0 degrees", "GantryDetectorTilt is 12"
    )


def test_a_lean_within_the_limit_is_kept_in_the_affine(tmp_path):
    leaning = replace(FILES, lean_mm=(0.02, -0.01, 0.0))
    leaning.write(tmp_path)
    volume = load_series(tmp_path)
    assert np.allclose(volume.patient_from_voxel.matrix, leaning.patient_from_voxel, atol=1e-6)


def test_a_missing_slice_is_refused_and_named(tmp_path):
    FILES.write(tmp_path)[3].unlink()
    refused(tmp_path, "IM004", r"\(0020,0032\)", "5 mm after IM002", "1 missing")


def test_uneven_slices_are_refused(tmp_path):
    x, y, z = FILES.positions_mm[3].tolist()
    rewrite(FILES.write(tmp_path)[3], ImagePositionPatient=[x, y, z + 0.2])
    refused(tmp_path, r"IM00[34]", r"\(0020,0032\)", "uneven by more than 0.025 mm")


def test_a_slice_moved_sideways_is_refused(tmp_path):
    x, y, z = FILES.positions_mm[3].tolist()
    rewrite(FILES.write(tmp_path)[3], ImagePositionPatient=[x + 0.5, y, z])
    refused(tmp_path, r"\(0020,0032\)", "off a straight line")


def test_rounded_positions_are_one_even_stack(tmp_path):
    thin = replace(FILES, spacing_mm=(0.6251, 0.8, 0.6))
    for path, (x, y, z) in zip(thin.write(tmp_path), thin.positions_mm.tolist(), strict=True):
        rewrite(path, ImagePositionPatient=[x, y, round(z, 2)])
    volume = load_series(tmp_path)
    assert volume.spacing_mm[0] == pytest.approx(0.6251, abs=0.002)


def test_a_copy_is_left_out_with_a_note(tmp_path):
    path = FILES.write(tmp_path)[2]
    (tmp_path / "copy").write_bytes(path.read_bytes())
    volume = load_series(tmp_path)
    assert np.array_equal(volume.array, FILES.hu)
    assert volume.warnings == (
        "a copy of IM002, left out (copy, (0008,0018) SOPInstanceUID, 1.2.3.4.3)",
    )


def test_two_pictures_at_one_place_are_refused(tmp_path):
    FILES.write(tmp_path / "first")
    replace(FILES, hu=FILES.hu + np.int16(1)).write(tmp_path / "second")
    refused(tmp_path, "second/IM000", r"\(0020,0032\)", "first/IM000 lies there too")


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        ({"PixelSpacing": [0.7, 0.6]}, r"\(0028,0030\) PixelSpacing is 0.7\\0.6"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.8, 0.6]}, r"\(0020,0037\)"),
        ({"FrameOfReferenceUID": "1.2.8"}, r"\(0020,0052\) FrameOfReferenceUID is 1.2.8"),
    ],
)
def test_a_mixed_series_is_refused_by_the_tag_that_differs(tmp_path, tags, named):
    paths = FILES.write(tmp_path)
    rewrite(paths[4], **tags)
    refused(tmp_path, "IM004", named, "IM000 of the same series", r"'1\.2\.3\.4#1' \(5 files\)")


def test_sizes_that_differ_are_a_mixed_series(tmp_path):
    FILES.write(tmp_path / "a")
    replace(FILES, hu=ramp((4, 8, 14))).write(tmp_path / "b")
    refused(tmp_path, r"b/IM000: \(0028,0010\) Rows is 8, but 10 in a/IM000")


def test_a_missing_frame_of_reference_joins_any(tmp_path):
    rewrite(FILES.write(tmp_path)[1], FrameOfReferenceUID=None)
    assert load_series(tmp_path).shape == (6, 10, 14)


def test_without_series_uid_a_folder_is_a_series(tmp_path):
    bare = FILES.with_tags(SeriesInstanceUID="")
    bare.write(tmp_path / "a")
    bare.write(tmp_path / "b")
    refused(tmp_path, "holds 2 CT series", "1.2.3 in a", "1.2.3 in b")
    assert np.array_equal(load_series(tmp_path, series="1.2.3 in b").array, FILES.hu)


def test_one_slice_is_no_volume(tmp_path):
    for path in FILES.write(tmp_path)[1:]:
        path.unlink()
    refused(tmp_path, "IM000 is the only slice")


def test_direction_cosines_of_three_digits_become_right_angles(tmp_path):
    turn = np.radians(20)
    row = np.array([np.cos(turn), 0, -np.sin(turn)]).round(3)
    rounded = replace(FILES, axes=np.stack([row, AXIAL[1]]))
    rounded.write(tmp_path)
    matrix = load_series(tmp_path).patient_from_voxel.matrix[:3, :3]
    assert abs(matrix[:, 1] @ matrix[:, 2]) < 1e-12
    assert np.linalg.norm(matrix, axis=0)[1:] == pytest.approx([0.8, 0.6], abs=1e-12)
