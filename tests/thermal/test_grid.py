import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.thermal.grid import Grid, graded, uniform_box


def rings(sectors=8, outer_mm=10.0):
    radius = np.array([0.0, 0.5, 1.2, 2.5, 5.0, outer_mm])
    return Grid(
        (radius, np.linspace(0, 2 * np.pi, sectors + 1), np.array([-4.0, -1.0, 0.0, 3.0])), "ring"
    )


def test_cells_fill_the_cylinder_and_the_box():
    assert rings().volume_mm3.sum() == pytest.approx(np.pi * 10.0**2 * 7.0)
    assert uniform_box(6.0, 4).volume_mm3.sum() == pytest.approx(216.0)


def test_radial_resistance_is_that_of_coaxial_cylinders():
    radius = np.concatenate([np.linspace(0.0, 0.6, 5), 0.6 * 1.2 ** np.arange(1, 12)])
    turn = np.linspace(0, 2 * np.pi, 9)
    low, high = Grid((radius, turn, np.array([0.0, 3.0])), "ring", 0.6).halves(0)
    along = (low + high)[4:, 0, 0].sum()  # from 0.6 mm outwards, one of eight sectors, 3 mm deep
    assert along == pytest.approx(np.log(1.2**11) / (2 * np.pi / 8 * 3e-3))


@pytest.mark.parametrize("kind", ["box", "ring"])
def test_linear_fields_are_interpolated_exactly(kind):
    grid = uniform_box(10.0, 6) if kind == "box" else rings(16)
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    points[:, 2] = np.clip(points[:, 2], -0.9, 0.9)
    depth = grid.points_mm()[..., 2]
    assert grid.interpolate(depth, points) == pytest.approx(points[:, 2])


def test_the_field_of_a_line_is_interpolated_exactly_across_the_seam():
    grid = rings(16)
    field = np.log(np.hypot(*np.moveaxis(grid.points_mm()[..., :2], -1, 0)))
    turn = np.linspace(0, 2 * np.pi, 41)
    points = np.stack([3.0 * np.cos(turn), 3.0 * np.sin(turn), 0 * turn], axis=1)
    assert grid.interpolate(field, points) == pytest.approx(np.full(41, np.log(3.0)))


def test_a_wave_around_the_axis_keeps_its_phase():
    grid = rings(64)
    wave = np.cos(grid.centres[1])[None, :, None] * np.ones(grid.shape)
    turn = np.linspace(0, 2 * np.pi, 33)
    points = np.stack([2.0 * np.cos(turn), 2.0 * np.sin(turn), 0 * turn], axis=1)
    assert grid.interpolate(wave, points) == pytest.approx(np.cos(turn), abs=2e-3)


def test_what_lies_outside_is_told():
    assert list(rings().contains([[0, 9.9, 0], [0, 10.1, 0], [0, 0, 3.1]])) == [True, False, False]
    assert list(uniform_box(2.0, 4).contains([[0.9, 0, 0], [0, 1.1, 0]])) == [True, False]


def test_graded_widths_grow_and_add_up():
    widths = graded(0.2, 1.2, 2.0, 40.0)
    assert widths.sum() == pytest.approx(40.0)
    assert (np.diff(widths) >= -1e-12).all()
    assert widths[0] == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize(
    ("edges", "text"),
    [
        (([0, 1, 0.5], [0, 2 * np.pi], [0, 1]), "rising"),
        (([1, 2], [0, 2 * np.pi], [0, 1]), "radius 0"),
        (([0, 1], np.linspace(0, 2 * np.pi, 3), [0, 1]), "at least 4 sectors"),
        (([0, 1], [0, 1, 2, 4, 2 * np.pi], [0, 1]), "one width"),
        (([0, np.inf], [0, 2 * np.pi], [0, 1]), "finite"),
    ],
)
def test_edges_that_make_no_rings_are_refused(edges, text):
    with pytest.raises(InputError, match=text):
        Grid(tuple(np.array(one, dtype=float) for one in edges), "ring")
