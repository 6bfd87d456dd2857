"""DICOM ultrasound: what a viewer reads back, and what judges of DICOM say."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pydicom
import pytest
import SimpleITK

from needle_sim.errors import InputError
from needle_sim.exports import result
from needle_sim.exports.dicom_us import NOT_CLINICAL, save_us
from tests.views.sonograms import LEFT, a_sonogram

JUDGE = "dciodvfy"  # of dicom3tools, a Debian and Ubuntu package


def read(path):
    with pydicom.dcmread(path) as data:
        data.decode()
        return data


def test_50_mm_of_the_probe_are_50_mm_in_the_file(tmp_path):
    """A place 50 mm under the face is found through the region's own scale alone."""
    shot = a_sonogram()
    region = read(save_us([shot], tmp_path / "us.dcm")).SequenceOfUltrasoundRegions[0]
    row, column = shot.origin_px[0] + 50.0 / shot.pixel_mm, shot.origin_px[1] - 20.0 / shot.pixel_mm
    assert region.PhysicalUnitsXDirection == region.PhysicalUnitsYDirection == 3  # cm
    x_cm = region.ReferencePixelPhysicalValueX + region.PhysicalDeltaX * (
        column - region.RegionLocationMinX0 - region.ReferencePixelX0
    )
    y_cm = region.ReferencePixelPhysicalValueY + region.PhysicalDeltaY * (
        row - region.RegionLocationMinY0 - region.ReferencePixelY0
    )
    assert (10 * x_cm, 10 * y_cm) == pytest.approx((-20.0, 50.0), abs=1e-6)


def test_a_face_between_two_pixels_keeps_its_place(tmp_path):
    shot = a_sonogram(origin_px=(12.3, 77.8))
    region = read(save_us([shot], tmp_path / "us.dcm")).SequenceOfUltrasoundRegions[0]
    assert (region.ReferencePixelY0, region.ReferencePixelX0) == (12, 78)
    away = 0.1 * shot.pixel_mm * np.array([12 - 12.3, 78 - 77.8])
    found = region.ReferencePixelPhysicalValueY, region.ReferencePixelPhysicalValueX
    assert found == pytest.approx(tuple(away))


def test_frames_are_the_pictures_in_order(tmp_path):
    shots = [a_sonogram(), a_sonogram(array=1.0 - a_sonogram().array)]
    data = read(save_us(shots, tmp_path / "us.dcm", frame_time_ms=40.0))
    assert data.pixel_array.shape == (2, *shots[0].array.shape)
    for frame, shot in zip(data.pixel_array, shots, strict=True):
        assert np.abs(frame / 255.0 - shot.array).max() <= 0.5 / 255 + 1e-6
    assert (data.FrameTime, data.CineRate, data.NumberOfFrames) == (40, 25, 2)
    assert data.FrameIncrementPointer == 0x00181063


def test_it_says_what_it_is(tmp_path):
    data = read(save_us([a_sonogram()], tmp_path / "us.dcm", patient_name="Doe^Jane"))
    assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.3.1"
    assert data.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert data.ImageType[0] == "DERIVED"
    assert data.PatientName.family_name == "Doe"
    assert data.PatientID == "SIMULATED"
    assert "Not for clinical use" in data.ImageComments
    assert data.SequenceOfUltrasoundRegions[0].TransducerFrequency == 3500  # kHz
    assert data.BurnedInAnnotation == "NO"
    assert data.ImageType[2] == "MUSCULOSKELETAL"
    assert "PixelSpacing" not in data  # the standard's ultrasound has the region's scale alone
    assert data.StudyDate == ""
    assert NOT_CLINICAL == result.NOT_CLINICAL


def test_the_same_pictures_give_the_same_bytes_and_others_another_uid(tmp_path):
    first = save_us([a_sonogram()], tmp_path / "a.dcm").read_bytes()
    again = save_us([a_sonogram()], tmp_path / "b.dcm").read_bytes()
    assert first == again
    turned = save_us([a_sonogram(LEFT)], tmp_path / "c.dcm")  # the same grey, another pose
    assert read(turned).SOPInstanceUID != read(tmp_path / "a.dcm").SOPInstanceUID


def test_the_pose_lies_beside_it_and_leads_back_to_the_patient(tmp_path):
    shots = [a_sonogram(), a_sonogram(LEFT)]
    save_us(shots, tmp_path / "us.dcm")
    told = json.loads((tmp_path / "us.json").read_text(encoding="utf-8"))
    assert told["coordinate_system"] == "LPS"
    row, column = told["origin_px"][0] + 60, told["origin_px"][1] - 24
    step = told["pixel_mm"]
    probe = [(told["origin_px"][1] - column) * step, 0.0, (row - told["origin_px"][0]) * step, 1.0]
    for matrix, shot in zip(told["patient_from_probe"], shots, strict=True):
        assert (np.array(matrix) @ probe)[:3] == pytest.approx(
            shot.patient_from_probe.apply([12.0, 0.0, 30.0]), abs=1e-4
        )


@pytest.mark.parametrize(
    ("shots", "settings", "said"),
    [
        ([], {}, "at least one sonogram"),
        (
            [a_sonogram(), a_sonogram(depth_mm=90.0)],
            {},
            "frame 1 has origin_px|frame 1 has depth_mm",
        ),
        ([a_sonogram(), a_sonogram(name="linear_9mhz")], {}, "frame 1 has probe"),
        ([a_sonogram(), a_sonogram(array=np.zeros((4, 4)))], {}, "frame 1 has \\(4, 4\\) pixels"),
        ([a_sonogram()], {"frame_time_ms": 0.0}, "frame_time_ms must be positive, got 0.0"),
    ],
)
def test_frames_that_do_not_belong_together_are_refused(tmp_path, shots, settings, said):
    with pytest.raises(InputError, match=said):
        save_us(shots, tmp_path / "us.dcm", **settings)
    assert not any(tmp_path.iterdir())


def test_simpleitk_reads_the_same_grey(tmp_path):
    shots = [a_sonogram(), a_sonogram(array=1.0 - a_sonogram().array)]
    path = save_us(shots, tmp_path / "us.dcm", pixel_spacing=True)  # ITK does not know the region
    image = SimpleITK.ReadImage(str(path))
    assert (SimpleITK.GetArrayFromImage(image) == read(path).pixel_array).all()
    assert image.GetSpacing()[:2] == pytest.approx((0.5, 0.5))


@pytest.mark.tool(JUDGE)
@pytest.mark.parametrize("name", ["curved_3p5mhz", "linear_9mhz"])
@pytest.mark.parametrize("frames", [1, 3])
def test_dciodvfy_finds_no_error_and_nothing_to_warn_of(tmp_path, name, frames):
    """It asks for the date and time of the study besides: a simulation has none."""
    told = judged(save_us([a_sonogram(name=name, depth_mm=50.0)] * frames, tmp_path / "us.dcm"))
    assert "USMultiFrameImage" in told  # it knew what to hold the file against
    found = [line for line in told if line.startswith(("Error", "Warning"))]
    assert [line for line in found if "needed to build DICOMDIR" not in line] == []
    assert len(found) == 2


@pytest.mark.tool(JUDGE)
def test_a_spacing_for_other_viewers_is_all_that_it_warns_of(tmp_path):
    told = judged(save_us([a_sonogram()], tmp_path / "us.dcm", pixel_spacing=True))
    found = [line for line in told if line.startswith(("Error", "Warning"))]
    (line,) = [line for line in found if "needed to build DICOMDIR" not in line]
    assert "PixelSpacing" in line


def judged(path) -> list[str]:
    """What the judge says of a file."""
    words = [str(shutil.which(JUDGE)), "-new", str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr.splitlines()
