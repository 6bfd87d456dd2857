"""Compact and spongy bone of a column."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.cortex import cortex, spongy_hu
from needle_sim.anatomy.phantom.spec import spine_spec


@pytest.fixture(scope="module")
def stack():
    spine = spine_spec()
    sizes = {"shell_mm": 0.4, "endplate_mm": 0.7, "cortex_mm": 1.6, "trabecular_hu": 120.0}
    vertebra = dataclasses.replace(spine.vertebrae["L3"], **sizes)
    return column(dataclasses.replace(spine, vertebrae={**spine.vertebrae, "L3": vertebra}))


def test_endplates_side_walls_and_arch_have_their_own_thickness(stack):
    spec, body = stack.vertebrae["L3"], stack.bodies["L3"]
    half = 0.5 * spec.height_mm
    places = [[0, 0, half], [0, 0, -half], [-22, 0, 0], [0, -17, 0], [0, spec.back_mm + 20, 0]]
    found = cortex("L3", stack)(body.apply(np.array(places, dtype=float)))

    assert found == pytest.approx([0.7, 0.7, 0.4, 0.4, 1.6])


def test_the_pelvis_has_that_of_the_sacrum(stack):
    points = np.zeros((2, 3))

    assert cortex("left ilium", stack)(points) == pytest.approx(stack.vertebrae["S1"].cortex_mm)
    assert spongy_hu("left ilium", stack) == stack.vertebrae["S1"].trabecular_hu
    assert spongy_hu("L3", stack) == 120.0
