"""pynrrd, ITK and slicerio find each voxel, segment and name where they are."""

from __future__ import annotations

import nrrd
import numpy as np
import pytest
import SimpleITK
import slicerio

from needle_sim.errors import InputError
from needle_sim.exports.segmentation import save_segmentation
from needle_sim.volume.volume import Volume
from tests.exports.test_nifti import oblique

NAMES = {1: "L4", 2: "dura", 300: "L4 right root"}


def labels(most=300) -> Volume:
    base = oblique()
    array = np.zeros(base.shape, dtype=np.uint16)
    array[1:3, 1:4, 2:5] = 1
    array[2, 2, 3] = 2
    array[3, 0, 5] = most
    return base.like(array, "label")


@pytest.mark.parametrize("most", [300, 3])
def test_itk_and_pynrrd_find_the_same_number_at_the_same_place(most, tmp_path):
    made = labels(most)
    path = save_segmentation(made, tmp_path / "a.seg.nrrd", {**NAMES, 3: "aorta"})
    image = SimpleITK.ReadImage(str(path))
    array, head = nrrd.read(str(path))
    index = np.array([3, 0, 5])
    there = made.patient_from_voxel.apply(index)
    back = index[::-1].tolist()  # their fastest axis is our last
    assert image.TransformIndexToPhysicalPoint(back) == pytest.approx(tuple(there), abs=1e-9)
    assert image[back] == array[tuple(back)] == most
    assert head["space"] == "left-posterior-superior"
    assert np.count_nonzero(array) == np.count_nonzero(made.array)


def test_slicerio_finds_the_segments_by_name_and_extent(tmp_path):
    path = save_segmentation(labels(), tmp_path / "a.seg.nrrd", NAMES)
    found = slicerio.read_segmentation(str(path))
    segments = {one["name"]: one for one in found["segments"]}
    assert {name: one["labelValue"] for name, one in segments.items()} == {
        name: number for number, name in NAMES.items()
    }
    _, head = nrrd.read(str(path))
    assert head["Segment0_Extent"] == "2 4 1 3 1 2"


def test_the_same_map_gives_the_same_bytes(tmp_path):
    one = save_segmentation(labels(), tmp_path / "a.seg.nrrd", NAMES).read_bytes()
    assert one == save_segmentation(labels(), tmp_path / "b.seg.nrrd", NAMES).read_bytes()
    assert b"not for clinical use" in one[:200]


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(InputError, match="label 300 has no name"):
        save_segmentation(labels(), tmp_path / "a.seg.nrrd", {1: "a", 2: "b"})
    with pytest.raises(InputError, match=r"\.seg\.nrrd"):
        save_segmentation(labels(), tmp_path / "a.nrrd", NAMES)
    empty = labels().like(np.zeros(labels().shape, np.uint16), "label")
    with pytest.raises(InputError, match="empty"):
        save_segmentation(empty, tmp_path / "a.seg.nrrd", NAMES)
