"""Parameters are crossed in one order, and a sample knows nothing of its neighbours."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.studies.design import MOST_SAMPLES, Design, Samples

DESIGN = Design({"angle_deg": [0, 45.0, 90], "side": ["left", "right"]}, seeds=4, seed=9)


def test_the_last_parameter_varies_fastest_and_seeds_faster_still():
    samples = Samples(DESIGN, 0, len(DESIGN))

    expected = list(product([0.0, 45.0, 90.0], ["left", "right"], range(4)))
    found = [(s.parameters["angle_deg"], s.parameters["side"], s.repeat) for s in samples]
    assert found == expected
    assert [s.index for s in samples] == list(range(24))
    assert DESIGN.varying == ("angle_deg", "side")


@given(start=st.integers(0, 23), length=st.integers(1, 24))
def test_runs_of_one_combination_put_together_are_the_samples(start, length):
    some = Samples(DESIGN, start, min(24, start + length))

    pieces = [
        (index, dict(parameters)) for parameters, run in some.by_point() for index in run.indices
    ]
    assert pieces == [(s.index, dict(s.parameters)) for s in some]


def test_a_sample_draws_from_study_seed_and_index_alone():
    one = Samples(DESIGN, 5, 9)[2]

    expected = np.random.default_rng(np.random.SeedSequence([9, 7])).random(3)
    assert one.rng().random(3).tolist() == expected.tolist()
    assert np.array_equal(Samples(DESIGN, 7, 8).normals(2), Samples(DESIGN, 0, 24).normals(2)[7:8])


def test_a_design_travels_to_other_processes():
    there = pickle.loads(pickle.dumps(DESIGN))  # noqa: S301  (our own, as executors do it)

    assert dict(there.parameters) == dict(DESIGN.parameters)
    assert (there.seeds, there.seed) == (4, 9)


@pytest.mark.parametrize(
    ("parameters", "seeds", "said"),
    [
        ({"a": []}, 1, "a needs 1 to"),
        ({"a": "L4"}, 1, "a must be a list"),
        ({"a": [1, "x"]}, 1, "numbers, texts or yes/no alone"),
        ({"a": [1, True]}, 1, "numbers, texts or yes/no alone"),
        ({"a": [float("nan")]}, 1, "a must be finite"),
        ({"a": [1, 1.0]}, 1, "a holds a value twice"),
        ({"a": [None]}, 1, "numbers, texts or yes/no alone"),
        ({"a": [2**60]}, 1, "within 2 to the 53"),
        ({"a": range(200_000)}, 1, "a needs 1 to 100000 values"),
        ({"a b": [1]}, 1, "needs a name like"),
        ({"failed": [1]}, 1, "must not be called failed"),
        ({"a": [1]}, 0, "seeds must be a whole number from 1"),
        ({"a": [1]}, 2.5, "seeds must be a whole number"),
        ({"a": [1, 2]}, MOST_SAMPLES, "at most 10000000"),
    ],
)
def test_what_cannot_be_crossed_is_refused(parameters, seeds, said):
    with pytest.raises(InputError, match=said):
        Design(parameters, seeds)


def test_samples_outside_of_the_study_are_refused():
    with pytest.raises(InputError, match="not in a study of 24"):
        Samples(DESIGN, 20, 25)
