"""A space has its own outline in a slice, and contrast its own place."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space
from needle_sim.views import canvas
from needle_sim.views.overlays import SEEN_MG_ML, outline_spaces, tint_contrast
from needle_sim.views.slices import Plane
from needle_sim.volume.volume import Volume, axis_aligned
from tests.rehearsal.attempts import Ball


def panel() -> canvas.Axes:
    ax = canvas.panel(canvas.sheet(300, 300), (0, 0, 1, 1))
    ax.set_xlim(-50, 50)
    ax.set_ylim(50, -50)
    return ax


def drawn(ax) -> np.ndarray:
    """All corners of what was drawn (N, 2)."""
    return np.concatenate(
        [path.vertices for one in ax.collections for path in one.get_paths() if len(path.vertices)]
        or [np.empty((0, 2))]
    )


@pytest.mark.parametrize("off_mm", [0.0, 6.0])
def test_the_outline_of_a_ball_is_the_circle_it_has_in_the_slice(off_mm):
    ball = Space("canal", "canal", Ball([5.0, -8.0, off_mm], 10.0), "constructed")
    ax = outline_spaces(panel(), Plane.axial([0.0, 0.0, 0.0], size_mm=(100.0, 100.0)), [ball])
    radius = np.sqrt(10.0**2 - off_mm**2)
    assert np.linalg.norm(drawn(ax) - [5.0, -8.0], axis=1) == pytest.approx(radius, abs=0.05)


@pytest.mark.parametrize("centre", [[0.0, 0.0, 30.0], [400.0, 0.0, 0.0]])
def test_a_space_that_the_slice_does_not_meet_is_not_drawn(centre):
    ball = Space("canal", "canal", Ball(centre, 10.0), "constructed")
    ax = outline_spaces(panel(), Plane.axial([0.0, 0.0, 0.0], size_mm=(100.0, 100.0)), [ball])
    assert len(ax.collections) == 0


def iodine(value: float) -> Volume:
    """20 mm of a solution about (10, 10, 0)."""
    array = np.zeros((40, 40, 40), np.float32)
    array[10:30, 10:30, 10:30] = value
    place = axis_aligned((1.0, 1.0, 1.0), (-9.5, -9.5, -19.5))
    return Volume(array, place, "iodine_mg_ml")


def test_contrast_is_tinted_where_it_lies():
    plane = Plane.axial([0.0, 0.0, 0.0], size_mm=(100.0, 100.0))
    found = drawn(tint_contrast(panel(), plane, iodine(100.0)))
    assert found.min(axis=0) == pytest.approx([0.0, 0.0], abs=1.1)
    assert found.max(axis=0) == pytest.approx([20.0, 20.0], abs=1.1)


def test_a_trace_of_contrast_or_a_slice_beside_it_is_not_tinted():
    plane = Plane.axial([0.0, 0.0, 0.0], size_mm=(100.0, 100.0))
    assert len(tint_contrast(panel(), plane, iodine(0.5 * SEEN_MG_ML)).collections) == 0
    far = Plane.axial([0.0, 0.0, 60.0], size_mm=(100.0, 100.0))
    assert len(tint_contrast(panel(), far, iodine(100.0)).collections) == 0
