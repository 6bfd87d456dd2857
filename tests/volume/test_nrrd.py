"""Segmentations of others are read where they lie, and refused where they cannot be."""

from __future__ import annotations

import gzip

import nrrd
import numpy as np
import pytest
import SimpleITK

from needle_sim.errors import InputError
from needle_sim.exports.segmentation import save_segmentation
from needle_sim.volume.labels import load_labels, vertebra_label
from needle_sim.volume.nrrd import read_nrrd
from tests.exports.test_nifti import oblique
from tests.exports.test_segmentation import NAMES, labels


def test_what_was_written_comes_back_on_its_grid(tmp_path):
    made = labels()
    path = save_segmentation(made, tmp_path / "a.seg.nrrd", NAMES)
    image, named = read_nrrd(path)
    assert named == NAMES
    assert np.array_equal(image.array, made.array)
    assert image.patient_from_index == pytest.approx(made.patient_from_voxel.matrix)


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_of_itk_is_read_where_itk_places_it(packed, tmp_path):
    made = labels()
    image = SimpleITK.GetImageFromArray(made.array)
    image.SetSpacing([0.9, 0.7, 2.5])
    image.SetOrigin([4.0, -5.0, 6.0])
    path = tmp_path / "itk.nrrd"
    SimpleITK.WriteImage(image, str(path), packed)
    found, named = read_nrrd(path)
    assert named == {}
    index = [3, 1, 4]
    there = image.TransformIndexToPhysicalPoint(index[::-1])
    assert (found.patient_from_index @ [*index, 1])[:3] == pytest.approx(there)
    assert found.array[tuple(index)] == image[index[::-1]]


def test_ras_is_turned_into_lps(tmp_path):
    head = {
        "space": "right-anterior-superior",
        "space directions": np.diag([-2.0, -2.0, 3.0]),
        "space origin": np.array([10.0, 20.0, 30.0]),
        "kinds": ["domain"] * 3,
    }
    nrrd.write(str(tmp_path / "r.nrrd"), np.ones((4, 3, 2), np.uint8), head)
    image, _ = read_nrrd(tmp_path / "r.nrrd")
    assert image.patient_from_index[:3, 3] == pytest.approx([-10.0, -20.0, 30.0])
    assert image.patient_from_index[:3, 2] == pytest.approx([2.0, 0.0, 0.0])


def test_vertebrae_are_found_by_their_names_whatever_their_numbers(tmp_path):
    base = oblique()
    array = np.zeros(base.shape, dtype=np.uint16)
    array[1], array[2], array[3, 0, 0] = 1, 2, 3
    names = {1: "vertebrae_L4", 2: "vertebrae_L5", 3: "a tumour"}
    path = save_segmentation(base.like(array, "label"), tmp_path / "a.seg.nrrd", names)
    found = load_labels(path, grid=base)
    assert found.array[1].min() == vertebra_label("L4")
    assert found.array[2].min() == vertebra_label("L5")
    assert found.array[3].max() == 0
    assert "a tumour" in found.warnings[0]


def test_names_that_nobody_knows_are_refused(tmp_path):
    names = dict.fromkeys(NAMES, "a tumour")
    path = save_segmentation(labels(), tmp_path / "a.seg.nrrd", names)
    with pytest.raises(InputError, match=r"vertebrae_L4 are \(it has a tumour, a tumour"):
        load_labels(path)


HEAD = (
    "NRRD0004\ntype: uchar\ndimension: 3\nspace: LPS\nsizes: 2 2 2\n"
    "space directions: (1,0,0) (0,1,0) (0,0,1)\nencoding: gzip\nspace origin: (0,0,0)\n"
)


@pytest.mark.parametrize(
    ("change", "data", "said"),
    [
        (("", ""), b"", "where its header says 8"),
        (("", ""), gzip.compress(b"\1" * 4, mtime=0), "where its header says 8"),
        (("", ""), gzip.compress(b"\1" * 10**7, mtime=0), "more bytes"),
        (("", ""), b"no gzip at all", "damaged"),
        (("sizes: 2 2 2", "sizes: 99999 99999 99999"), b"", "voxels"),
        (("sizes: 2 2 2", "sizes: 2 2 -2"), b"", "sizes"),
        (("dimension: 3", "dimension: 4"), b"", "layers"),
        (("type: uchar", "type: float"), b"", "'float'"),
        (("space: LPS", "space: scanner"), b"", "'scanner'"),
        (("encoding: gzip", "encoding: bzip2"), b"", "'bzip2'"),
        (("encoding: gzip", "encoding: gzip\ndata file: /etc/passwd"), b"", "another file"),
        (("(0,0,1)", "(0,1,0)"), gzip.compress(b"\1" * 8, mtime=0), "span no volume"),
        (("(0,0,1)", "(0,0,nan)"), gzip.compress(b"\1" * 8, mtime=0), "span no volume"),
        (("(0,0,1)", "none"), gzip.compress(b"\1" * 8, mtime=0), "can be read"),
    ],
)
def test_what_cannot_be_is_refused_by_file(change, data, said, tmp_path):
    path = tmp_path / "odd.nrrd"
    path.write_bytes(HEAD.replace(*change).encode() + b"\n" + data)
    with pytest.raises(InputError) as refused:
        read_nrrd(path)
    assert said in str(refused.value)


def test_no_file_a_folder_and_no_nrrd_are_refused(tmp_path):
    (tmp_path / "x.nrrd").write_bytes(b"\x89PNG")
    for name, said in (("none.nrrd", "does not exist"), ("", "folder"), ("x.nrrd", "no NRRD")):
        with pytest.raises(InputError, match=said):
            read_nrrd(tmp_path / name)
