"""Spongy bone has the HU asked for, and thin cortices around it."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.osteoporosis import Osteoporosis, spongy_hu
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError


def test_hu_are_read_back_from_the_ct_within_two_percent(painted):
    (found,) = (one for one in findings(painted) if one.kind == "osteoporosis")

    assert found.share_off < 0.02


def test_each_body_alone_is_within_four_percent(painted):
    read = [spongy_hu(painted, level) for level in ("L1", "L2", "L3", "L4", "L5")]

    assert np.abs(np.array(read) / 70.0 - 1.0).max() < 0.04


def test_every_cortex_is_thinner():
    spine = spine_spec()
    other = Osteoporosis(70.0).changed(spine)

    for level, spec in spine.vertebrae.items():
        for name in ("shell_mm", "endplate_mm", "cortex_mm"):
            assert getattr(other.vertebrae[level], name) == pytest.approx(0.7 * getattr(spec, name))


def test_hu_that_no_bone_has_are_refused():
    with pytest.raises(InputError, match="hu must lie from -20 to 250, got 400"):
        Osteoporosis(400.0)
