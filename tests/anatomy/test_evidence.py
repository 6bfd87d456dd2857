from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.evidence import SATURATED_MM, Evidence, band, evidence_of
from needle_sim.anatomy.surface import LabelSurface, label_surface
from needle_sim.geometry.shapes import Implicit, box
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import painted

NUMBER = vertebra_label("L3")


@pytest.fixture(scope="module")
def surface() -> LabelSurface:
    block = Implicit.of([box((20.0, 14.0, 12.0), round_mm=3.0)])
    bones = {NUMBER: block}
    ct, labels = painted(bones, step_mm=2.0, shape=(32, 36, 42), first_mm=(-41.0, -35.0, -31.0))
    return label_surface(labels, NUMBER, ct)


@pytest.fixture(scope="module")
def found(surface) -> Evidence:
    return evidence_of(
        surface, band(surface), np.ones((2, 3)), np.stack([2.0 * np.eye(3), np.eye(3)])
    )


def test_the_band_lies_about_the_surface_and_little_of_it_far_away(surface):
    far = np.abs(surface.distance_mm(band(surface)))
    assert far.max() < 14.0
    assert (far < 7.0).mean() > 0.6


def test_surface_points_want_nothing_and_the_band_what_the_label_says_up_to_a_limit(surface, found):
    border = np.isinf(found.limit_mm)
    assert {tuple(one) for one in found.points_mm[border]} == {
        tuple(one) for one in surface.points_mm
    }
    assert not found.wanted_mm[border].any()
    true = surface.distance_mm(found.points_mm[~border])
    np.testing.assert_array_equal(
        found.wanted_mm[~border], np.clip(true, -SATURATED_MM, SATURATED_MM)
    )


def test_points_that_follow_one_another_lie_together(found):
    """So that 64 of them span a few blocks of 12 mm, not the whole bone of 40 mm."""
    runs = [found.points_mm[n : n + 64] for n in range(0, len(found.points_mm) - 64, 64)]
    assert np.median([np.ptp(run, axis=0).prod() for run in runs]) < 0.25 * 54 * 42 * 38


def test_thinned_evidence_weighs_the_same(found):
    third = found.thinned(3)
    assert len(third.points_mm) * third.weight == pytest.approx(len(found.points_mm), rel=0.01)
    assert len(third.anchors_mm) == 2


def test_loose_evidence_has_no_anchors_and_all_points(found):
    loose = found.loose()
    assert len(loose.anchors_mm) == len(loose.anchor_weight) == 0
    assert loose.points_mm is found.points_mm
