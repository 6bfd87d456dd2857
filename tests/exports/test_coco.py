"""COCO: run lengths there and back, keypoints in the order of their names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.exports.coco import KINDS, categories, document, mask_of, run_lengths


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_run_lengths_come_back_as_the_mask(seed, rows, columns):
    bits = np.random.default_rng(seed).random((rows, columns)) < 0.5
    packed = run_lengths(bits)
    assert packed["size"] == [rows, columns]
    assert (mask_of(packed) == bits).all()


def test_run_lengths_begin_with_zeros_and_go_down_the_columns():
    bits = np.array([[True, False], [True, True]])
    assert run_lengths(bits)["counts"] == [0, 2, 1, 1]


def test_run_lengths_that_do_not_fill_the_picture_are_refused():
    with pytest.raises(InputError, match=r"add up to 3, a picture of 2 x 2 has 4"):
        mask_of({"counts": [1, 2], "size": [2, 2]})


def test_categories_are_numbered_from_one_and_name_their_keypoints():
    told = document([], [], seed=1)
    assert [one["id"] for one in told["categories"]] == list(range(1, len(KINDS) + 1))
    of = {one["name"]: one for one in categories()}
    assert of["needle"]["keypoints"] == ["hub", "tip"]
    assert "right sap_tip" in of["vertebra"]["keypoints"]
    assert "promontory" in of["sacrum"]["keypoints"]
    assert told["info"]["seed"] == 1
