"""A part of the validation, with its bounds; what it stands on."""

from __future__ import annotations

import numpy as np
import pytest

from validation.label_fits import CURVED, KNOWN, MEAN_MM, MOST_MM, STRAIGHT, Row, by_name, row


@pytest.mark.long
@pytest.mark.parametrize(("seed", "name"), [(0, STRAIGHT), (4, CURVED)])
def test_landmarks_of_a_random_spine_are_found_again_from_its_labels(seed, name):
    """The first straight and the first curved one; thoracic laminae have a known miss."""
    found = row(seed, name=name)
    known = [one for one in found.away_mm if one[0] == "T" and one.endswith(KNOWN)]
    away = {one: found.away_mm[one] for one in found.away_mm if one not in known}

    assert len(found.away_mm) > 9 * 40
    assert found.mean_mm <= MEAN_MM
    assert max(away.values()) <= MOST_MM
    assert len(known) < 0.03 * len(found.away_mm)
    assert max(found.rms_mm.values()) < 1.0


def test_a_landmark_that_is_too_far_off_would_be_found():
    good = {"L4 left sap_tip": 0.4, "L4 right sap_tip": 0.6}
    assert Row(0, "a", good, {"L4": 0.5}, 1.0).holds
    far = Row(1, "a", {**good, "L5 left tp_tip": MOST_MM + 0.1}, {"L4": 0.5}, 1.0)
    assert far.worst == ("L5 left tp_tip", MOST_MM + 0.1)
    assert not far.holds
    assert not Row(2, "a", dict.fromkeys(good, MEAN_MM + 0.1), {"L4": 0.5}, 1.0).holds
    names, away = by_name([far])[-1]
    assert names == "sap_tip"
    np.testing.assert_allclose(np.sort(away), [0.4, 0.6])
