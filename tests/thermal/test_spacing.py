import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.spacing import BENCH, Spacing


@pytest.mark.parametrize("spacing", [Spacing(), BENCH])
@pytest.mark.parametrize("gauge", ["16", "18", "20"])
def test_cells_are_fine_where_the_field_is_steep(spacing, gauge):
    needle = Needle.preset(f"rf_{gauge}g_10mm")
    grid = spacing.grid(Electrode.of(needle))
    radius, _, depth = grid.edges
    beside = np.searchsorted(radius, needle.outer_mm / 2 + 1e-6)
    assert radius[beside] - radius[beside - 1] == pytest.approx(spacing.near_mm, rel=0.1)
    for edge in (-10.0, 0.0):
        here = int(np.argmin(np.abs(depth - edge)))
        assert depth[here] == pytest.approx(edge, abs=1e-9)
        assert np.diff(depth)[here - 1 : here + 1].max() < 1.7 * spacing.near_mm
    assert radius[-1] == pytest.approx(spacing.reach_mm)
    assert depth[[0, -1]] == pytest.approx([-10 - spacing.reach_mm, spacing.reach_mm])
    for widths in (np.diff(radius)[beside:], np.diff(depth)):
        ratio = widths[1:] / widths[:-1]
        assert ratio.max() < 1.3 * spacing.growth
        assert ratio.min() > 1 / (1.3 * spacing.growth)


@pytest.mark.parametrize(
    "changes", [{"near_mm": 0.0}, {"near_mm": 3.0}, {"growth": 1.0}, {"reach_mm": 1.0}]
)
def test_a_spacing_must_grade(changes):
    with pytest.raises(InputError):
        Spacing(**changes)
