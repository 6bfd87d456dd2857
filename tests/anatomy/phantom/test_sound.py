"""Whether a spine can be."""

import dataclasses

import pytest

from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.sound import overlaps, sound
from needle_sim.anatomy.phantom.spec import spine_spec


def changed(level: str, **sizes: float):
    spine = spine_spec()
    vertebra = dataclasses.replace(spine.vertebrae[level], **sizes)
    return dataclasses.replace(spine, vertebrae={**spine.vertebrae, level: vertebra})


def test_the_mean_spine_can_be():
    assert sound(spine_spec()) == ()
    assert overlaps(spine_spec()) == ()


@pytest.mark.parametrize("index", range(4))
def test_shapes_of_drawn_spines_keep_off_each_other(index):
    spine = sample_population(4, 9).spine(index)

    assert sound(spine) == ()
    assert overlaps(spine) == ()


@pytest.mark.parametrize(
    ("level", "sizes", "message"),
    [
        ("L4", {"disc_above_mm": 0.6}, "L3-L4"),
        ("L3", {"spinous_slope_deg": 42.0}, "L3-L4 gap between the spinous processes"),
        ("L2", {"pedicle_transverse_deg": -30.0}, "L2 pedicle beside the canal"),
    ],
)
def test_a_planted_fault_is_found_by_sizes(level, sizes, message):
    assert any(text.startswith(message) for text in sound(changed(level, **sizes)))


@pytest.mark.parametrize(
    ("level", "sizes", "message"),
    [
        ("L3", {"spinous_slope_deg": 48.0}, "L3 and L4: "),
        ("L4", {"lamina_height_mm": 60.0}, "L3 and L4: "),
        ("L3", {"pedicle_width_mm": 0.6}, "L3 left pedicle: "),
        ("L3", {"canal_depth_mm": 4.0, "canal_width_mm": 5.0}, "L3 canal: "),
    ],
)
def test_a_planted_fault_is_found_by_shapes(level, sizes, message):
    assert any(message in text for text in overlaps(changed(level, **sizes)))
