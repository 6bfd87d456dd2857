"""VTK reads our meshes as they are; bones enclose what their exact surfaces enclose."""

from __future__ import annotations

import numpy as np
import pytest
import vtk

from needle_sim.errors import InputError
from needle_sim.exports.mesh import (
    bone_mesh,
    lesion_mesh,
    needle_mesh,
    save_stl,
    save_vtp,
    structure_mesh,
)
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.thermal.bioheat import heat
from needle_sim.thermal.protocol import Continuous, Protocol


def read(path):
    reader = vtk.vtkSTLReader() if path.suffix == ".stl" else vtk.vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def volume_of(data) -> float:
    sides = vtk.vtkTriangleFilter()
    sides.SetInputData(data)
    sides.Update()
    found = vtk.vtkMassProperties()
    found.SetInputData(sides.GetOutput())
    return found.GetVolume()


@pytest.fixture(scope="module")
def root(phantom):
    return structure_mesh(phantom.structures["L4 right root"])


@pytest.mark.parametrize(("save", "suffix"), [(save_stl, ".stl"), (save_vtp, ".vtp")])
def test_vtk_finds_every_face_the_volume_and_the_place(root, save, suffix, tmp_path):
    data = read(save(root, tmp_path / f"root{suffix}"))
    assert data.GetNumberOfCells() == len(root.faces)
    assert volume_of(data) == pytest.approx(root.volume_mm3, rel=1e-4)
    low, high = root.points_mm.min(axis=0), root.points_mm.max(axis=0)
    ends = np.reshape(data.GetBounds(), (3, 2)).T
    assert ends == pytest.approx(np.stack([low, high]), abs=1e-4)


def test_the_files_say_their_space_unit_and_use(root, tmp_path):
    stl, vtp = save_stl(root, tmp_path / "a.stl"), save_vtp(root, tmp_path / "a.vtp")
    for said in (b"SPACE=LPS", b"UNIT=mm", b"not for clinical use"):
        assert said in stl.read_bytes()[:80]
        assert said in vtp.read_bytes()[:400]
    assert not stl.read_bytes().startswith(b"solid")  # or readers take it for text
    assert read(vtp).GetFieldData().GetAbstractArray("SpaceName").GetValue(0) == "LPS"
    again = save_vtp(root, tmp_path / "b.vtp")
    assert again.read_bytes() == vtp.read_bytes()


class Ball:
    """A bone of radius 10 mm."""

    centre = np.array([3.0, -4.0, 5.0])
    box_mm = np.stack([centre - 10.0, centre + 10.0])

    def distance_mm(self, points_mm):
        return np.linalg.norm(points_mm - self.centre, axis=1) - 10.0


def test_a_bone_like_a_ball_has_its_volume_and_its_surface():
    mesh = bone_mesh(Ball(), step_mm=0.5)
    assert mesh.closed
    assert mesh.volume_mm3 == pytest.approx(4 / 3 * np.pi * 1000, rel=2e-3)
    assert np.abs(Ball().distance_mm(mesh.points_mm)).max() < 0.02


def test_corners_of_a_vertebra_lie_on_its_exact_surface(phantom):
    mesh = bone_mesh(phantom.bones["L4"], step_mm=1.0)
    off = np.abs(phantom.bones["L4"].distance_mm(mesh.points_mm))
    assert np.percentile(off, 95) < 0.1
    assert mesh.volume_mm3 > 20_000.0  # facing outwards


def straight(phantom) -> PlacedNeedle:
    target = phantom.target("L4 right medial branch")
    path = Trajectory.straight(target.centre_mm - 70.0 * target.approach, target.centre_mm)
    return PlacedNeedle(Needle.preset("rf_18g_10mm"), path)


def test_a_needle_is_as_thick_and_as_long_as_it_is(phantom):
    placed = straight(phantom)
    mesh = needle_mesh(placed)
    size = np.pi * (placed.needle.outer_mm / 2) ** 2 * placed.needle.length_mm
    assert mesh.volume_mm3 == pytest.approx(size, rel=1e-3)


def test_a_mesh_that_is_too_fine_is_refused(phantom):
    with pytest.raises(InputError, match="step_mm"):
        bone_mesh(phantom.bones["L4"], step_mm=0.01)


def test_a_lesion_surface_is_its_isotherm(hot):
    mesh = lesion_mesh(hot, peak_c=55.0)
    assert mesh.volume_mm3 > 50.0
    inside = hot.peak_c(mesh.points_mm)
    assert np.abs(inside - 55.0).mean() < 1.0
    with pytest.raises(InputError, match="hottest"):
        lesion_mesh(hot, peak_c=150.0)


@pytest.fixture(scope="module")
def hot(phantom):
    brief = Protocol((Continuous(set_c=80.0, duration_s=2.0, ramp_s=4.0),))
    return heat(phantom, [straight(phantom)], brief)
