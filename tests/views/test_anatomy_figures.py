"""Outlines and dots lie where the surfaces and landmarks are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.views import canvas
from needle_sim.views.anatomy_figures import (
    LANDMARK,
    axial_figure,
    axial_planes,
    behind_mm,
    coronal_figure,
    draw_landmarks,
    entries,
    field_of,
    inside,
    outlined_bones,
    sagittal_figure,
    shaped,
)
from needle_sim.views.slices import Plane
from tests.anatomy.small_patient import CENTRES_MM, RADIUS_MM, small_patient


@pytest.fixture(scope="module")
def patient():
    return small_patient()


def panel():
    return canvas.panel(canvas.sheet(200, 200), (0, 0, 1, 1))


@pytest.mark.parametrize("off", [0.0, 9.0])
def test_a_ball_is_outlined_as_its_circle_in_the_slice(patient, off):
    x, y, z = CENTRES_MM["L4"]
    plane = Plane.axial((x, y, z + off), size_mm=(90.0, 90.0))
    (one,) = outlined_bones(patient.bones.values(), plane)
    ax = panel()
    one.draw(ax, 1.0)
    (path,) = ax.collections[0].get_paths()
    wanted = np.sqrt(RADIUS_MM**2 - off**2)
    assert np.linalg.norm(path.vertices, axis=1) == pytest.approx(wanted, abs=0.1)


def test_a_slice_that_misses_the_bones_has_no_outline(patient):
    far = Plane.axial((0.0, 0.0, 55.0), size_mm=(90.0, 90.0))
    assert list(outlined_bones(patient.bones.values(), far)) == []
    beside = Plane.sagittal((40.0, 0.0, 0.0), size_mm=(90.0, 90.0))
    assert list(outlined_bones(patient.bones.values(), beside)) == []


def test_landmarks_are_dots_where_they_lie_near_the_slice(patient):
    plane = Plane.coronal((0.0, 1.0, 0.0), size_mm=(100.0, 100.0))
    ax = draw_landmarks(panel(), plane, patient.landmarks_mm)
    (line,) = ax.lines
    assert line.get_markerfacecolor() == LANDMARK
    # L4 is 1 mm off the slice, L5 3 mm
    assert np.transpose(line.get_data()) == pytest.approx(np.array([[5.0, -20.0]]))
    assert list(draw_landmarks(panel(), plane, {}).lines) == []


def test_each_vertebra_has_its_axial_slice(patient):
    planes = dict(axial_planes(patient, 100.0))
    assert list(planes) == ["L4", "L5"]
    assert planes["L4"].centre_mm[2] == pytest.approx(CENTRES_MM["L4"][2] + 5.0)


def test_the_field_holds_every_vertebra(patient):
    centre, (wide, high) = field_of(patient, 0)
    for at in CENTRES_MM.values():
        assert abs(at[0] - centre[0]) + RADIUS_MM < wide / 2
        assert abs(at[2] - centre[2]) + RADIUS_MM < high / 2
    assert behind_mm(patient) == 30.0  # no facet joint is known


def test_a_plane_is_moved_into_the_ct_and_only_grows(patient):
    plane = Plane.axial((50.0, 0.0, 0.0), size_mm=(60.0, 40.0))
    moved = inside(plane, patient.ct)
    assert moved.centre_mm == pytest.approx([29.0, 0.0, 0.0])
    wide = Plane.axial((50.0, 0.0, 0.0), size_mm=(300.0, 40.0))
    assert inside(wide, patient.ct).centre_mm == pytest.approx([50.0, 0.0, 0.0])
    assert shaped(plane, 3.0).size_mm == (120.0, 40.0)
    assert shaped(plane, 1.0).size_mm == (60.0, 60.0)


def test_the_colours_of_what_is_there_are_explained(patient):
    words = [one for one, _ in entries(patient)]
    assert words == ["fitted surface", "roots", "vessels", "landmarks"]
    assert entries(small_patient(fitted=False))[0][0] == "exact surface"
    bare = replace(patient, bones={}, structures={}, landmarks_mm={})
    assert entries(bare) == []


@pytest.mark.parametrize(
    ("make", "panels"), [(axial_figure, 2), (sagittal_figure, 3), (coronal_figure, 2)]
)
def test_a_figure_has_a_slice_each_with_its_name(patient, make, panels):
    figure = make(patient)
    pictures = [ax for ax in figure.axes if ax.images]
    assert len(pictures) == panels
    titles = [text.get_text() for ax in figure.axes if not ax.images for text in ax.texts]
    assert any("Not for clinical use" in one for one in titles)
    assert sum("agittal" in one or "oronal" in one or "xial" in one for one in titles) == panels
