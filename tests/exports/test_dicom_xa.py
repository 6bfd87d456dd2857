"""X-Ray Angiographic files: geometry comes back, angles are the patient's, judges agree."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK

from needle_sim.errors import DicomError, InputError
from needle_sim.exports.dicom_xa import carm_from_xa, save_xa
from needle_sim.imaging.xray.carm import project_points
from needle_sim.imaging.xray.cine import take_cine
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.truth import projection_matrix
from tests.exports.xa_pictures import BALL_MM, BEAM, CARM, paths, shot

JUDGE = "dciodvfy"  # of dicom3tools, a Debian and Ubuntu package
RUN = RunMode.preset("fluoroscopy")


def read(path):
    with pydicom.dcmread(path) as data:
        data.decode()
        return data


def judged(path) -> list[str]:
    """What the judge says of a file."""
    words = [str(shutil.which(JUDGE)), "-new", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    return (told.stdout + told.stderr).splitlines()


@pytest.mark.parametrize("orbital", [0.0, 25.123456789, -90.0, 179.9, 180.0])
@pytest.mark.parametrize("tilt", [0.0, -23.987654321])
def test_the_projection_comes_back_from_the_file(tmp_path, orbital, tilt):
    carm = replace(CARM, orbital_deg=orbital, tilt_deg=tilt, pixel_mm=0.4530000001)
    back = carm_from_xa(save_xa(shot(carm), tmp_path / "xa.dcm"))
    assert projection_matrix(back) == pytest.approx(projection_matrix(carm), abs=1e-6)
    assert project_points(back, BALL_MM) == pytest.approx(project_points(carm, BALL_MM), abs=1e-6)


@pytest.mark.parametrize(
    ("position", "orbital", "primary"),
    [("prone", 0.0, 180.0), ("supine", 180.0, 0.0), ("supine", 150.0, 30.0),
     ("prone", -25.0, -155.0), ("prone", 90.0, 90.0), ("supine", -90.0, -90.0)],
)  # fmt: skip
def test_angles_are_those_of_the_receptor_about_the_chest(tmp_path, position, orbital, primary):
    """PS3.3 C.8.7.5: 0 before the chest, +90 at the left hand, so 180 above a prone back."""
    carm = replace(CARM, orbital_deg=orbital, tilt_deg=12.0)
    data = read(save_xa(shot(carm), tmp_path / "xa.dcm", position=position))
    assert abs(float(data.PositionerPrimaryAngle)) == pytest.approx(abs(primary))
    if abs(primary) < 180:
        assert float(data.PositionerPrimaryAngle) == pytest.approx(primary)
    assert float(data.PositionerSecondaryAngle) == pytest.approx(12.0)  # cranial
    assert data.PatientPosition == {"prone": "HFP", "supine": "HFS"}[position]


@pytest.mark.parametrize(
    ("orbital", "letters"), [(0.0, ["L", "F"]), (180.0, ["R", "F"]), (90.0, ["A", "F"])]
)
def test_the_letters_say_where_the_ball_on_the_left_is_seen(tmp_path, orbital, letters):
    carm = replace(CARM, orbital_deg=orbital, tilt_deg=0.0, isocentre_mm=(0.0, -7.5, 3.25))
    data = read(save_xa(shot(carm), tmp_path / "xa.dcm", statement=False))
    assert list(data.PatientOrientation) == letters
    column = np.argwhere(data.pixel_array == data.pixel_array.min())[:, 1].mean()
    middle = 0.5 * (carm.shape[1] - 1)
    if letters[0] == "L":
        assert column > middle + 5
    elif letters[0] == "R":
        assert column < middle - 5


def test_a_run_is_one_file_of_frames_with_its_rate_and_dose(tmp_path):
    run = take_cine(paths(), BEAM, RUN, duration_s=0.4)
    data = read(save_xa(run, tmp_path / "cine.dcm"))
    assert data.NumberOfFrames == len(run.frames) == 6
    assert float(data.FrameTime) == pytest.approx(1000 / 15)
    assert data.CineRate == 15
    assert float(data.ImageAndFluoroscopyAreaDoseProduct) == pytest.approx(0.1 * run.kap_ugy_m2)
    assert data.RadiationSetting == "SC"
    assert data.PositionerMotion == "STATIC"
    assert carm_from_xa(tmp_path / "cine.dcm", frame=5) == carm_from_xa(tmp_path / "cine.dcm")


def test_of_a_turning_c_arm_each_frame_has_its_own_angle(tmp_path):
    poses = [replace(CARM, orbital_deg=orbital) for orbital in (-170.0, -179.5, 171.0)]
    path = save_xa([shot(carm) for carm in poses], tmp_path / "turn.dcm", frame_ms=100.0)
    assert read(path).PositionerMotion == "DYNAMIC"
    for frame, carm in enumerate(poses):
        back = carm_from_xa(path, frame=frame)
        assert projection_matrix(back) == pytest.approx(projection_matrix(carm), abs=1e-6)


def test_simpleitk_reads_the_same_grey(tmp_path):
    path = save_xa(shot(), tmp_path / "xa.dcm", relationship="LIN")
    image = SimpleITK.ReadImage(str(path))
    assert (np.squeeze(SimpleITK.GetArrayFromImage(image)) == read(path).pixel_array).all()


def test_a_file_of_another_maker_without_our_isocentre_is_read_about_the_origin(tmp_path):
    path = save_xa(shot(), tmp_path / "xa.dcm")
    data = read(path)
    data.remove_private_tags()
    data.save_as(tmp_path / "bare.dcm")
    back = carm_from_xa(tmp_path / "bare.dcm")
    assert back.isocentre_mm == (0.0, 0.0, 0.0)
    assert back.orbital_deg == pytest.approx(CARM.orbital_deg)
    del data.DistanceSourceToDetector
    data.save_as(tmp_path / "less.dcm")
    with pytest.raises(DicomError, match=r"less\.dcm has no DistanceSourceToDetector"):
        carm_from_xa(tmp_path / "less.dcm")
    (tmp_path / "words.dcm").write_text("no DICOM", encoding="utf-8")
    with pytest.raises(DicomError, match=r"words\.dcm cannot be read"):
        carm_from_xa(tmp_path / "words.dcm")
    with pytest.raises(InputError, match="has 1 frames"):
        carm_from_xa(path, frame=1)


@pytest.mark.parametrize(
    ("shots", "how", "said"),
    [
        ([], {}, "at least one picture"),
        (
            [shot(), shot(replace(CARM, source_detector_mm=900.0))],
            {},
            "frame 1 has source_detector",
        ),
        ([shot(), shot(replace(CARM, isocentre_mm=(0, 0, 0)))], {}, "frame 1 has isocentre_mm"),
        ([shot(), shot()], {"frame_ms": 0.0}, "frame_ms must be positive"),
        ([shot()], {"relationship": "DISP"}, "LOG or LIN, got 'DISP'"),
        ([shot()], {"position": "sitting"}, "position must be one of"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, shots, how, said):
    with pytest.raises(InputError, match=said):
        save_xa(shots, tmp_path / "xa.dcm", **how)
    assert not any(tmp_path.iterdir())


@pytest.mark.tool(JUDGE)
@pytest.mark.parametrize(
    ("what", "how"),
    [("picture", {}), ("picture", {"relationship": "LIN", "position": "supine"}), ("run", {}),
     ("turning", {}), ("iris", {}), ("turned blades", {})],
)  # fmt: skip
def test_dciodvfy_finds_no_error(tmp_path, what, how):
    pictures = {
        "picture": shot,
        "run": lambda: take_cine(paths(), BEAM, RUN, duration_s=0.2),
        "turning": lambda: [shot(), shot(replace(CARM, orbital_deg=30.0))],
        "iris": lambda: shot(collimation=Collimation(iris_mm=80.0)),
        "turned blades": lambda: shot(collimation=Collimation(80.0, 60.0, turn_deg=20.0)),
    }[what]()
    told = judged(save_xa(pictures, tmp_path / "xa.dcm", **how))
    assert "XAImage" in told  # it knew what to hold the file against
    assert [line for line in told if line.startswith("Error")] == []
