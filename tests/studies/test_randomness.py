"""Numbers of a chunk are those that NumPy's own SeedSequence gives one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.studies.randomness import MOST_INDEX, MOST_SEED, normals, uniforms, words


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, MOST_SEED),
    indices=st.lists(st.integers(0, MOST_INDEX), min_size=1, max_size=6),
    count=st.integers(1, 9),
)
def test_words_are_those_of_numpy(seed, indices, count):
    expected = [
        np.random.SeedSequence([seed, index]).generate_state(count, np.uint64) for index in indices
    ]

    assert np.array_equal(words(seed, indices, count), expected)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, MOST_SEED])
def test_words_at_the_ends_of_the_seeds(seed):
    expected = np.random.SeedSequence([seed, 0]).generate_state(3, np.uint64)

    assert np.array_equal(words(seed, [0], 3)[0], expected)


def test_a_number_does_not_depend_on_its_neighbours():
    together = normals(5, np.arange(1000), 3)
    alone = np.concatenate([normals(5, [index], 3) for index in range(1000)])

    assert together.tobytes() == alone.tobytes()


def test_numbers_are_spread_as_they_should_be():
    n = 50_000
    even, normal = uniforms(1, np.arange(n), 2), normals(1, np.arange(n), 5)

    assert 0 < even.min() < even.max() < 1
    assert even.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / (2 * n)))
    assert normal.mean(axis=0) == pytest.approx(np.zeros(5), abs=4.5 / np.sqrt(n))
    assert np.cov(normal.T) == pytest.approx(np.eye(5), abs=5.0 / np.sqrt(n))


def test_seeds_and_indices_out_of_reach_are_refused():
    with pytest.raises(InputError, match="seed must be 0 to"):
        words(-1, [0], 1)
    with pytest.raises(InputError, match="indices must be 0 to"):
        words(0, [-1], 1)
