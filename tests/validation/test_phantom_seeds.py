"""Shipped phantoms build for people who are drawn: some here, more in a step of their own."""

import pytest

from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.spec import phantom_names
from validation.phantom_seeds import SEXES, faults, main, refused

WOMEN_AND_MEN = tuple(Person(one) for one in SEXES)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("fusion_l4_s1", 2),
        ("fusion_l4_s1", 4),
        ("fusion_l4_s1", 7),
        ("fusion_l4_s1", 11),
        ("failed_back", 2),
        ("failed_back", 4),
        ("elderly_mixed", 27),
        ("spondylolysis_l5", 30),
    ],
)
def test_who_was_once_refused_is_built(name, seed):
    assert refused(name, seed, Person()) == ""


@pytest.mark.long
@pytest.mark.parametrize(("number", "name"), list(enumerate(phantom_names())))
def test_a_woman_or_a_man_of_every_phantom_is_built(number, name):
    assert list(faults(name, range(number, number + 1), (WOMEN_AND_MEN[number % 2],))) == []


def test_who_cannot_be_built_is_named_with_the_reason(monkeypatch, capsys):
    monkeypatch.setattr("validation.phantom_seeds.refused", lambda *given: f"no {given[1]}"[:4])

    assert main(["2", "sexes", "facet_tropism"]) == 1
    said = capsys.readouterr().out
    assert "facet_tropism: 4 of 4 refused" in said
    assert "facet_tropism seed 1 male: no 1" in said
    assert said.endswith("4 refused\n")
