"""Slices in radiological convention, and what is drawn on them where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from needle_sim.anatomy.anatomy import Structure
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import unit
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.views import canvas
from needle_sim.views.slices import Outlined, Plane, direction_letters, draw_ct
from needle_sim.volume.volume import Volume, axis_aligned

BALL_MM = np.array([20.0, 15.0, 10.0])  # left, posterior, towards the head


def ball_ct() -> Volume:
    """Water with a dense ball."""
    place = axis_aligned((2.0, 2.0, 2.0), (-50.0, -50.0, -50.0))
    index = np.stack(np.meshgrid(*[np.arange(51)] * 3, indexing="ij"), axis=-1)
    away = np.linalg.norm(place.apply(index) - BALL_MM, axis=-1)
    return Volume(np.where(away < 5, 1000, 0).astype(np.int16), place)


def panel() -> canvas.Axes:
    """Square Axes on a sheet of their own."""
    return canvas.panel(canvas.sheet(300, 300), (0, 0, 1, 1))


@pytest.mark.parametrize(
    ("make", "letters", "x", "y"),
    [
        (Plane.axial, ("R", "L", "A", "P"), 20.0, 15.0),
        (Plane.sagittal, ("A", "P", "H", "F"), 15.0, -10.0),
        (Plane.coronal, ("R", "L", "H", "F"), 20.0, -10.0),
    ],
)
def test_slices_follow_the_radiological_convention(make, letters, x, y):
    through = np.zeros(3)
    axis = {Plane.axial: 2, Plane.sagittal: 0, Plane.coronal: 1}[make]
    through[axis] = BALL_MM[axis]
    plane = make(through, size_mm=(100.0, 100.0))
    ax = draw_ct(panel(), ball_ct(), plane, step_mm=1.0)

    grey = np.asarray(ax.images[0].get_array())
    row, column = np.argwhere(grey > 0.9).mean(axis=0)

    assert plane.letters() == letters
    assert (column - 49.5, row - 49.5) == pytest.approx((x, y), abs=0.6)
    assert {text.get_text() for text in ax.texts} == set(letters)


@given(
    seed=st.integers(0, 2**32 - 1),
    x=st.floats(-30, 30),
    y=st.floats(-30, 30),
)
def test_flat_and_points_are_each_others_inverse(seed, x, y):
    rng = np.random.default_rng(seed)
    right, other = unit(rng.normal(size=(2, 3)))
    down = unit(other - (other @ right) * right)
    plane = Plane(rng.normal(size=3) * 50, right, down, (60.0, 60.0))
    point = plane.centre_mm + x * plane.right + y * plane.down + 7.0 * plane.normal
    assert plane.flat_mm(point) == pytest.approx([x, y], abs=1e-9)
    assert plane.off_mm(point) == pytest.approx(7.0, abs=1e-9)


@pytest.mark.parametrize("axis", [[0.3, -0.6, 0.7], [-0.4, -0.9, 0.2], [0.0, -1.0, 0.0], [0, 0, 1]])
def test_the_slice_along_a_needle_holds_its_entry_and_its_tip(axis):
    trajectory = Trajectory.straight(np.array([5.0, 6, 7]) - 90 * unit(axis), [5.0, 6.0, 7.0])
    plane = Plane.along(PlacedNeedle(Needle.preset("rf_18g_10mm"), trajectory))

    assert plane.off_mm(trajectory.points_mm) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert (np.abs(plane.flat_mm(trajectory.points_mm)) < np.array(plane.size_mm) / 2).all()
    assert plane.down == pytest.approx([0.0, 0.0, -1.0])  # head up
    assert plane.right[1] > 0  # the back is on the right


def test_a_needle_is_solid_in_the_slice_and_dashed_off_it():
    along = Trajectory.straight([0.0, 40.0, -20.0], [0.0, 0.0, 20.0])
    placed = PlacedNeedle(Needle.preset("rf_18g_10mm"), along)
    ax = draw_ct(panel(), ball_ct(), Plane.axial([0.0, 0.0, 0.0]), needle=placed)

    dashed, solid = ax.lines[0], ax.lines[1]

    there = np.isfinite(solid.get_ydata())
    assert not dashed.get_linestyle() == solid.get_linestyle() == "-"
    # the shaft climbs 1 mm a mm, so 1.5 mm on either side of the slice are in it: y = 20 -+ 1.5
    seen = np.asarray(solid.get_ydata())[there]
    assert (seen.min(), seen.max()) == pytest.approx((18.5, 21.5), abs=0.4)


def test_outlines_lie_at_their_level():
    x = y = np.linspace(-20.0, 20.0, 81)
    values = 10.0 - np.hypot(x[None, :], y[:, None])
    field = Outlined(x, y, values, (0.0,), "red")
    ax = draw_ct(panel(), ball_ct(), Plane.axial([0.0, 0.0, 0.0]), outlined=(field,))
    (line,) = ax.collections
    corners = line.get_paths()[0].vertices
    assert np.hypot(*corners.T) == pytest.approx(10.0, abs=0.05)


def test_letters_of_an_oblique_direction_come_largest_first():
    assert direction_letters([0.5, 0.8, 0.2]) == "PL"
    assert direction_letters([0.0, 0.0, -1.0]) == "F"
    assert direction_letters([-0.6, -0.55, 0.58]) == "RHA"


def test_a_plane_refuses_skewed_axes_and_no_size():
    with pytest.raises(InputError, match="perpendicular"):
        Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([1.0, 1, 0]), (10.0, 10.0))
    with pytest.raises(InputError, match="size_mm"):
        Plane.axial([0, 0, 0], size_mm=(0.0, 10.0))
    with pytest.raises(InputError, match="width of a CT window must be positive, got 0"):
        draw_ct(panel(), ball_ct(), Plane.axial([0, 0, 0]), window=(0.0, 50.0))


@pytest.mark.parametrize(
    ("kind", "colour"),
    [
        *(("dura", canvas.DURA), ("cord", canvas.CORD), ("cauda_equina", canvas.CORD)),
        *(("root", canvas.ROOT), ("ganglion", canvas.ROOT), ("sympathetic", canvas.NERVE)),
        *(("medial_branch", canvas.NERVE), ("lateral_branch", canvas.NERVE)),
        ("vessel", canvas.VESSEL),
    ],
)
def test_a_structure_is_outlined_in_the_colour_of_its_kind(kind, colour):
    points = np.array([[0.0, 0.0, z] for z in (-20.0, 0.0, 20.0)])
    one = Structure("one", kind, (Tube(points, np.full(3, 6.0)),), "inferred")
    plane = Plane.axial((0.0, 0.0, 0.0), size_mm=(60.0, 60.0))
    ax = draw_ct(panel(), ball_ct(), plane, structures={"one": one}, step_mm=1.0)
    (line,) = ax.collections
    assert to_hex(line.get_edgecolor()[0]) == colour
    away = np.linalg.norm(line.get_paths()[0].vertices, axis=1)
    assert away == pytest.approx(6.0, abs=0.1)
