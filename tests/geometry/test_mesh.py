"""Meshes enclose what their shapes enclose."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.mesh import Mesh, box_corners, joined, tube_mesh
from needle_sim.geometry.shapes import Tube


def straight(radius=2.0, length=30.0) -> Tube:
    return Tube(np.array([[0.0, 0, 0], [0, 0, length / 2], [0, 0, length]]), np.full(3, radius))


def test_a_straight_tube_has_the_volume_of_a_cylinder():
    mesh = tube_mesh(straight())
    assert mesh.closed
    assert mesh.volume_mm3 == pytest.approx(np.pi * 4 * 30, rel=1e-9)


def test_a_cone_has_the_volume_of_a_frustum():
    tube = Tube(np.array([[0.0, 0, 0], [0, 12.0, 5.0]]), np.array([1.0, 3.0]))
    assert tube_mesh(tube).volume_mm3 == pytest.approx(np.pi * 13 / 3 * (1 + 3 + 9), rel=1e-9)


def test_a_bent_tube_stays_closed_and_faces_outwards():
    turn = np.linspace(0, 1.5 * np.pi, 40)
    path = 20 * np.stack([np.cos(turn), np.sin(turn), 0.1 * turn], axis=1)
    mesh = tube_mesh(Tube(path, np.full(40, 1.5)))
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    assert mesh.closed
    assert mesh.volume_mm3 == pytest.approx(np.pi * 1.5**2 * length, rel=0.01)


def test_joined_meshes_add_up():
    both = joined([tube_mesh(straight()), tube_mesh(straight(1.0))])
    assert both.volume_mm3 == pytest.approx(np.pi * 5 * 30, rel=1e-9)
    assert box_corners(both.points_mm)[:, 2].tolist() == [0.0, 30.0]


@pytest.mark.parametrize(
    "faces", [np.array([[0, 1, 9]]), np.empty((0, 3), int), np.array([[0, 1]])]
)
def test_faces_that_name_no_point_are_refused(faces):
    with pytest.raises(InputError, match="face"):
        Mesh(np.eye(3), faces)


def test_a_mesh_with_a_hole_is_not_closed():
    whole = tube_mesh(straight())
    assert not Mesh(whole.points_mm, whole.faces[1:]).closed
