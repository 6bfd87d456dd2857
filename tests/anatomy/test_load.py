"""The same labels in another file or numbering are the same patient."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

import needle_sim as ns
from needle_sim.errors import InputError
from needle_sim.exports.nifti import save_nifti
from needle_sim.exports.segmentation import save_segmentation
from needle_sim.volume.label_names import LABEL_NAMES
from needle_sim.volume.schemes import VERSE
from tests.anatomy.labelled_ct import known, posed, scanned

FAR_MM = (0.0, 0.0, 150.0)  # no vertebra is fitted: this is about reading


@pytest.fixture(scope="module")
def scan():
    bones = {
        "L4": (known("L4", {}), posed("L4", (1.0, -4.0, 18.0), (6.0, 0.0, 2.0))),
        "L5": (known("L5", {}), posed("L5", (0.0, 0.0, -20.0), (14.0, 0.0, 2.0))),
    }
    return scanned(bones, shape=(50, 50, 60), first_mm=(-88.0, -60.0, -75.0))


@pytest.fixture(scope="module")
def files(scan, tmp_path_factory):
    """One map in several files, and the CT."""
    folder = tmp_path_factory.mktemp("one map")
    ct, labels = scan
    theirs = np.zeros(labels.shape, np.uint16)
    for value, number in VERSE.numbers.items():
        theirs[labels.array == number] = value
    save_nifti(ct, folder / "ct.nii.gz")
    save_nifti(labels, folder / "total.nii.gz")
    save_nifti(labels.like(theirs, "label"), folder / "verse.nii.gz")
    names = {n: LABEL_NAMES[n] for n in (27, 28)}
    save_segmentation(labels, folder / "slicer.seg.nrrd", names)
    return folder


@pytest.mark.parametrize("name", ["total.nii.gz", "verse.nii.gz", "slicer.seg.nrrd"])
def test_one_map_in_any_file_is_one_patient(files, scan, name):
    wanted = ns.anatomy_from_ct(*scan, near_mm=FAR_MM)
    found = ns.load_anatomy(files / "ct.nii.gz", files / name, near_mm=FAR_MM)
    assert np.array_equal(found.labels.array, wanted.labels.array)
    assert np.array_equal(found.ct.array, wanted.ct.array)
    said = [str(note) for note in found.notes]
    assert any("numbers of verse read as vertebrae" in one for one in said) == ("verse" in name)
    assert any("counted from" in one or "rest on the label map" in one for one in said)


def test_volumes_are_taken_as_well_in_any_scheme(files, scan):
    ct, labels = scan
    theirs = np.asanyarray(nibabel.load(files / "verse.nii.gz").dataobj).astype(np.uint16)
    found = ns.load_anatomy(ct, labels.like(theirs, "label"), near_mm=FAR_MM)
    wanted = ns.anatomy_from_ct(ct, labels, near_mm=FAR_MM)
    assert np.array_equal(found.labels.array, wanted.labels.array)
    with pytest.raises(InputError, match=r"has no vertebra; as verse it holds L4, L5: give"):
        ns.load_anatomy(ct, labels.like(theirs, "label"), scheme="totalsegmentator")


def test_a_ct_alone_is_loaded_too(files):
    bare = ns.load_anatomy(files / "ct.nii.gz")
    assert not bare.hazards_known
    assert "no labels" in str(bare.notes[-1])


def test_a_scheme_that_is_not_known_is_refused_with_those_that_are(files):
    with pytest.raises(InputError, match=r"no label scheme is called 'verze'.*verse"):
        ns.load_anatomy(files / "ct.nii.gz", files / "verse.nii.gz", scheme="verze")


def test_a_ct_in_place_of_its_labels_is_refused(files, scan):
    with pytest.raises(InputError, match=r"ct\.nii\.gz holds labels -1"):
        ns.load_anatomy(scan[0], files / "ct.nii.gz")
    with pytest.raises(InputError, match="labels must be a label map, got a volume of 'hu'"):
        ns.load_anatomy(scan[0], scan[0])
