"""Sizes that are set by name."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.overrides import overridden
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError


def test_a_level_goes_before_all_levels():
    spine = spine_spec(overrides={"L4_lamina_height_mm": 18.0, "lamina_height_mm": 20.0})
    heights = {level: one.lamina_height_mm for level, one in spine.vertebrae.items()}

    assert heights.pop("L4") == 18.0
    assert set(heights.values()) == {20.0}


@pytest.mark.parametrize("seed", [None, 3])
def test_what_is_set_stays_as_it_is_set(seed):
    rng = None if seed is None else np.random.default_rng(seed)
    spine = spine_spec(
        rng=rng,
        overrides={"sacrum_slope_deg": 38.0, "trunk_half_width_mm": 180.0, "L5.tropism_deg": 8.0},
    )

    assert spine.sacrum["slope_deg"] == 38.0
    assert spine.trunk["half_width_mm"] == 180.0
    assert spine.vertebrae["L5"].tropism_deg == 8.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("L4_pedicle_widht_mm", 12.0, "did you mean 'L4_pedicle_width_mm'"),
        ("trunk_halfwidth_mm", 160.0, "did you mean 'trunk_half_width_mm'"),
        ("L4_pedicle_width_mm", 40.0, r"L4_pedicle_width_mm must lie from 5.4 to 20.4 \(the mean"),
        ("L4_pedicle_width_mm", -3.0, "must lie from"),
        ("L4_pedicle_width_mm", float("nan"), "must lie from"),
        ("L4_pedicle_width_mm", "wide", "must be a number, got 'wide'"),
        ("L4_pedicle_width_mm", True, "must be a number, got True"),
    ],
)
def test_what_cannot_be_set_is_refused(name, value, message):
    with pytest.raises(InputError, match=message):
        overridden(size_table("lumbar_normal"), {name: value})


def test_sizes_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match="do not go together: L3-L4 gap between the spinous proc"):
        spine_spec(
            overrides={
                "L3_spinous_height_mm": 28.0,
                "L3_spinous_slope_deg": 18.0,
                "L4_spinous_height_mm": 25.5,
                "L4_spinous_slope_deg": -2.0,
            }
        )
