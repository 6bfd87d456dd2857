import numpy as np
import pytest

from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.extents import length_along_mm, radius_mm, volume_mm3, width_across_mm
from needle_sim.thermal.grid import Grid, uniform_box
from needle_sim.thermal.medium import Spacing


def rings(sectors=24):
    metal = Electrode(np.array([[-400.0, 0.6], [0.0, 0.6]]), 10.0)
    return Spacing(sectors=sectors).grid(metal)


def ellipsoid(grid, a, b, centre=(0.0, 0.0, -5.0)):
    """Signed like a distance: positive inside half axes a (across) and b (along)."""
    offset = grid.points_mm() - np.array(centre)
    share = np.sqrt(
        (offset[..., 0] / a) ** 2 + (offset[..., 1] / a) ** 2 + (offset[..., 2] / b) ** 2
    )
    return (1 - share) * a


@pytest.mark.parametrize(("a", "b"), [(3.0, 3.0), (4.0, 7.0), (2.0, 6.0)])
def test_an_ellipsoid_has_its_volume_width_and_length(a, b):
    grid = rings(1)
    margin = ellipsoid(grid, a, b)
    tissue = np.ones(grid.shape, dtype=bool)
    assert volume_mm3(grid, margin) == pytest.approx(4 / 3 * np.pi * a * a * b, rel=0.015)
    assert width_across_mm(grid, margin) == pytest.approx(2 * a, abs=0.08)
    assert length_along_mm(grid, margin, tissue) == pytest.approx(2 * b, abs=0.05)


def test_a_sphere_off_the_axis_has_its_volume():
    grid = rings(24)
    margin = ellipsoid(grid, 3.5, 3.5, (1.2, -0.7, -4.0))
    assert volume_mm3(grid, margin) == pytest.approx(4 / 3 * np.pi * 3.5**3, rel=0.015)


def test_a_sphere_in_a_box_has_its_volume():
    grid = uniform_box(12.0, 24)
    assert volume_mm3(grid, ellipsoid(grid, 4.0, 4.0, (0.3, 0.1, 0.2))) == pytest.approx(
        4 / 3 * np.pi * 64, rel=0.02
    )


def test_size_changes_smoothly_within_a_cell():
    """No staircase: growing the radius by a tenth of a cell grows the volume as it should."""
    grid = rings(1)
    radii = np.linspace(3.0, 3.4, 9)
    volumes = np.array([volume_mm3(grid, ellipsoid(grid, r, r)) for r in radii])
    assert volumes == pytest.approx(4 / 3 * np.pi * radii**3, rel=0.02)
    assert (np.diff(volumes) > 0).all()


def test_reach_differs_by_direction():
    grid = rings(24)
    edge = radius_mm(grid, ellipsoid(grid, 4.0, 4.0, (1.5, 0.0, -5.0)))
    depth = int(np.argmin(np.abs(grid.centres[2] + 5.0)))
    turn = grid.centres[1]
    expected = 1.5 * np.cos(turn) + np.sqrt(16 - 2.25 * np.sin(turn) ** 2)
    assert edge[:, depth] == pytest.approx(expected, abs=0.08)


def test_nothing_is_nothing():
    grid = rings(4)
    nothing = np.full(grid.shape, -1.0)
    assert volume_mm3(grid, nothing) == 0.0
    assert width_across_mm(grid, nothing) == 0.0
    assert length_along_mm(grid, nothing, np.ones(grid.shape, dtype=bool)) == 0.0


def test_all_is_all():
    grid = Grid((np.arange(4.0), np.linspace(0, 2 * np.pi, 5), np.arange(5.0)), "ring")
    assert volume_mm3(grid, np.ones(grid.shape)) == pytest.approx(np.pi * 9 * 4)
