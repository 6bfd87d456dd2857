from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from needle_sim.anatomy.on_bone import BRIGHT_HU, check_on_bone, on_bone
from needle_sim.errors import InputError
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels, vertebra_label
from needle_sim.volume.volume import Volume
from tests.anatomy.labelled_ct import known, posed, scanned

L4 = vertebra_label("L4")


@pytest.fixture(scope="module")
def scan() -> tuple[Volume, Volume]:
    return scanned({"L4": (known("L4", {}), posed("L4", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))})


def shifted(labels: Volume, z_y_x: tuple[int, int, int]) -> Volume:
    return labels.like(np.roll(labels.array, z_y_x, (0, 1, 2)), "label")


def dark(scan: tuple[Volume, Volume], marrow_hu: int, rim_mm: float) -> Volume:
    """The scan with the marrow of an old vertebra."""
    inside = scan[1].array > 0
    deep = ndimage.distance_transform_edt(inside, sampling=scan[0].spacing_mm) > rim_mm
    return scan[0].like(np.where(deep, marrow_hu, scan[0].array), "hu")


def test_a_label_in_place_is_bright_and_loses_its_hu_at_the_border(scan):
    found = on_bone(*scan, L4)
    assert found.share == (scan[0].array[scan[1].array == L4] > BRIGHT_HU).mean()
    assert found.rim_hu > 200.0
    assert 40.0 < found.around_hu < 60.0  # muscle
    assert check_on_bone(*scan, ["L4"]) == ()


@pytest.mark.parametrize("shift", [(0, 0, 8), (0, 12, 0), (8, 0, 0)])
def test_a_label_beside_the_bone_is_refused_by_name_and_share(scan, shift):
    labels = shifted(scan[1], shift)
    said = r"do not lie on bone in this CT: of L4's label \d+% is above 150 HU \(at least 20%\)"
    with pytest.raises(InputError, match=said):
        check_on_bone(scan[0], labels, ["L4"])


def test_a_label_two_voxels_off_is_noted_and_not_refused(scan):
    (note,) = check_on_bone(scan[0], shifted(scan[1], (0, 0, 2)), ["L4"])
    assert "fits the bone in the CT loosely" in str(note)


def test_a_vertebra_with_dark_marrow_and_a_sharp_border_is_not_refused(scan):
    old = dark(scan, 30, 3.1)
    found = on_bone(old, scan[1], L4)
    assert found.share < on_bone(*scan, L4).share
    assert not found.refused


def test_a_label_that_is_not_there_is_refused(scan):
    with pytest.raises(InputError, match="label 27 is not in the label map"):
        on_bone(*scan, vertebra_label("L5"))


@pytest.mark.real
def test_real_labels_lie_on_bone_and_do_not_when_the_affine_is_60_mm_off(lumbar):
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    assert check_on_bone(ct, labels, ["L1", "L2", "L3", "L4", "L5"]) == ()
    place = labels.patient_from_voxel
    matrix = place.matrix.copy()
    matrix[0, 3] += 60.0
    off = replace(labels, patient_from_voxel=replace(place, matrix=matrix)).resample(ct, outside=0)
    for vertebra in ("L1", "L2", "L3", "L4", "L5"):
        with pytest.raises(InputError, match=f"of {vertebra}'s label"):
            check_on_bone(ct, off, [vertebra])


@pytest.mark.real
def test_real_labels_of_a_chest_ct_lie_on_bone(lidc):
    ct = load_series(lidc / "dicom")
    labels = load_labels(lidc / "labels_totalsegmentator.nii.gz", grid=ct)
    assert check_on_bone(ct, labels, ["L1", "L2"]) == ()
    with pytest.raises(InputError, match="of L2's label"):
        check_on_bone(ct, shifted(labels, (0, 0, 85)), ["L2"])
