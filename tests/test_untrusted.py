"""Nesting is counted as a parser would meet it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.untrusted import nesting

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\a\n'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[]{}"\\'), inner, max_size=3)
    ),
    max_leaves=12,
)


def depth(value) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(JSON)
def test_it_is_the_depth_of_what_a_parser_builds(value):
    assert nesting(json.dumps(value).encode()) == depth(value)


@pytest.mark.parametrize("filler", [b"", b'"]]]]]]",'])
def test_brackets_in_texts_hide_nothing_and_a_hundred_thousand_levels_cost_no_stack(filler):
    assert nesting((b"[" + filler) * 100_000) == 100_000
