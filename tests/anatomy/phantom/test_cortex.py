"""Compact and spongy bone of a column."""

import dataclasses

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.cortex import body_cortex, cortex, spongy_hu
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
    places = [[-22, 0, 0], [0, -17, 0], [0, spec.back_mm + 20, 0]]
    found = cortex("L3", stack)(body.apply(np.array(places, dtype=float)))

    assert found == pytest.approx([0.4, 0.4, 1.6])
    for end in (half, -half):
        rim, middle = _of_endplate(stack, end)
        assert np.concatenate([rim, middle]).mean() == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize("end", [1.0, -1.0])
def test_the_rim_of_an_endplate_is_a_third_more_than_its_middle_and_neither_is_even(stack, end):
    # 32.5 % more attenuation around the middle: Segami 2021, PubMed 34705863
    rim, middle = _of_endplate(stack, 0.5 * end * stack.vertebrae["L3"].height_mm)

    assert rim.mean() / middle.mean() == pytest.approx(1.325, abs=0.1)
    assert 0.08 < middle.std() / middle.mean() < 0.3
    assert min(rim.min(), middle.min()) > 0.35


def _of_endplate(stack, z):
    """Thickness within an ellipse (P,), outside 0.7 of its diameter and inside."""
    spec, body = stack.vertebrae["L3"], stack.bodies["L3"]
    wide, deep = 0.5 * spec.upper_width_mm, 0.5 * spec.upper_depth_mm
    u, v = np.meshgrid(*2 * [np.linspace(-0.98, 0.98, 60)])
    around = np.hypot(u, v).ravel()
    points = np.stack([wide * u, spec.back_mm - deep + deep * v, np.full_like(u, z)], axis=-1)
    # a place on the tilted face of a wedged body
    points[..., 2] += np.sign(z) * spec.wedge_slope * points[..., 1]
    thick = body_cortex(dataclasses.replace(spec, cortex_mm=0.7), body)(
        body.apply(points.reshape(-1, 3))
    )
    return thick[(around > 0.75) & (around < 0.98)], thick[around < 0.65]


def test_the_pelvis_has_that_of_the_sacrum(stack):
    points = np.zeros((2, 3))

    assert cortex("left ilium", stack)(points) == pytest.approx(stack.vertebrae["S1"].cortex_mm)
    assert spongy_hu("left ilium", stack) == stack.vertebrae["S1"].trabecular_hu
    assert spongy_hu("L3", stack) == 120.0
