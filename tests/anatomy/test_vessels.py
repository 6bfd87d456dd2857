from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.vessels import vessels
from needle_sim.volume.volume import Volume, axis_aligned

AORTA = 52


def oblique_vessel(radius_mm: float = 9.0, gap: slice | None = None) -> Volume:
    place = axis_aligned([3.0, 1.0, 1.0], [-40.0, -30.0, 100.0])
    at = place.apply(np.moveaxis(np.indices((40, 60, 80)), 0, -1))
    centre_x = -5.0 + 0.1 * (at[..., 2] - 100.0)
    inside = (at[..., 0] - centre_x) ** 2 + at[..., 1] ** 2 < radius_mm**2
    numbers = inside.astype(np.uint16) * AORTA
    if gap is not None:
        numbers[gap] = 0
    return Volume(numbers, place, "label")


def test_a_round_vessel_keeps_its_course_and_radius():
    (found,) = vessels(oblique_vessel(), 110.0, 200.0).values()
    (tube,) = found.tubes
    assert (found.name, found.kind, found.provenance) == ("aorta", "vessel", "measured")
    np.testing.assert_allclose(tube.radius_mm, 9.0, atol=0.2)
    np.testing.assert_allclose(
        tube.points_mm[:, 0], -5.0 + 0.1 * (tube.points_mm[:, 2] - 100), atol=0.2
    )
    assert tube.points_mm[:, 2].min() >= 110.0
    assert tube.points_mm[:, 2].max() <= 200.0


def test_a_gap_in_the_label_is_not_bridged():
    (found,) = vessels(oblique_vessel(gap=np.s_[18:24]), 100.0, 217.0).values()
    middle = np.array([[-5.0 + 0.1 * 60, 0.0, 160.0]])
    assert len(found.tubes) == 2
    assert found.distance_mm(middle)[0] > 3.0


@pytest.mark.parametrize("heights", [(0.0, 50.0), (300.0, 400.0)])
def test_no_vessel_comes_from_slices_outside_the_wanted_heights(heights):
    assert vessels(oblique_vessel(), *heights) == {}
