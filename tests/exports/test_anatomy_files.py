from __future__ import annotations

import csv
import sys

import nibabel
import numpy as np
import pytest
import vtk

from needle_sim.errors import MissingExtraError
from needle_sim.exports.anatomy_files import file_name, save_anatomy
from needle_sim.exports.mesh import check_can_contour
from tests.anatomy.small_patient import CENTRES_MM, RADIUS_MM, small_patient


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("anatomy")
    steps = []
    made = save_anatomy(small_patient(), path, progress=lambda *step: steps.append(step))
    assert all(one.is_file() for one in made)
    assert {one for one in path.rglob("*") if one.is_file()} == set(made)
    assert steps == [(n, 4) for n in range(1, 5)]
    return path


def test_a_mesh_lies_where_its_bone_is(folder):
    reader = vtk.vtkSTLReader()
    reader.SetFileName(str(folder / "meshes" / "L4.stl"))
    reader.Update()
    ends = np.reshape(reader.GetOutput().GetBounds(), (3, 2)).T
    centre = np.array(CENTRES_MM["L4"])
    assert ends == pytest.approx(np.stack([centre - RADIUS_MM, centre + RADIUS_MM]), abs=0.1)
    assert b"SPACE=LPS UNIT=mm not for clinical use" in (folder / "meshes" / "L4.stl").read_bytes()


def test_nerves_and_vessels_are_meshes_too(folder):
    names = {path.stem for path in (folder / "meshes").iterdir()}
    assert names == {"L4", "L5", "L4_right_root", "aorta"}
    assert file_name("L4-L5 disc") == "L4_L5_disc"


def test_tissues_have_a_table_of_their_names(folder):
    numbers = np.asanyarray(nibabel.load(folder / "tissues.nii.gz").dataobj)
    lines = (folder / "tissues.csv").read_text(encoding="utf-8").splitlines()
    rows = {int(row["number"]): row for row in csv.DictReader(lines[1:])}
    assert set(rows) == set(np.unique(numbers).tolist())
    counts = {number: int((numbers == number).sum()) for number in rows}
    assert {number: float(row["volume_ml"]) for number, row in rows.items()} == {
        number: pytest.approx(count * 8e-3, abs=1e-3) for number, count in counts.items()
    }
    assert "trabecular_bone" in {row["name"] for row in rows.values()}


def test_the_same_anatomy_gives_the_same_bytes(folder, tmp_path):
    save_anatomy(small_patient(), tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path


def test_tables_alone(tmp_path):
    made = save_anatomy(small_patient(), tmp_path, meshes=False, volumes=False)
    assert {one.suffix for one in made} == {".csv", ".json"}


def test_without_the_extra_meshes_are_refused_before_any_work(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "skimage.measure", None)
    with pytest.raises(MissingExtraError, match=r"needle-sim\[mesh\]"):
        save_anatomy(small_patient(), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingExtraError):
        check_can_contour()
    assert save_anatomy(small_patient(), tmp_path, meshes=False, volumes=False)
