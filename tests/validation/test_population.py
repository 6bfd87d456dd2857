"""A tenth of the validation of populations, with its bounds and four standard errors more."""

import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.phantom.sound import overlaps
from validation import population
from validation.population import COUNT, FOLLOWS, PLANTED, planted, rows, unsound

pytestmark = pytest.mark.long
PEOPLE = COUNT // 10


@pytest.fixture(scope="module")
def people():
    return ns.sample_population(PEOPLE, seed=0)


def test_means_and_sds_are_those_of_the_file(people):
    for one in rows(people):
        error = one.sd / np.sqrt(PEOPLE)
        room = max(0.02 * abs(one.mean), 0.05 * one.sd) + 4 * error
        assert abs(one.drawn_mean - one.mean) <= room + 1e-9, one
        if one.sd > 0 and one.name not in FOLLOWS:
            assert abs(one.drawn_sd / one.sd - 1.0) <= 0.10 + 4 * np.sqrt(0.5 / PEOPLE), one


def test_nobody_is_impossible_by_sizes_or_shapes(people):
    assert unsound(people) == []
    assert [overlaps(people.spine(index)) for index in range(0, PEOPLE, 100)] == [()] * 10


def test_planted_faults_are_found_by_sizes_and_by_shapes():
    assert len(PLANTED) >= 5
    for words, sizes, shapes in planted():
        assert sizes, words
        assert shapes, words


def test_the_table_is_printed_and_holds(capsys, monkeypatch):
    monkeypatch.setattr(population, "MEAN_SD", 0.15)  # of 1000 people, not of 10 000

    assert population.main(["--count", str(PEOPLE)]) == 0
    said = capsys.readouterr().out
    assert "not sound by their shapes: 0 of 10" in said
    assert "FAILS" not in said
    assert "MISSED" not in said
