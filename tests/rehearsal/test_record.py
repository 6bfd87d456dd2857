"""A record adds up what its events say."""

from __future__ import annotations

import pytest

from needle_sim.rehearsal.record import Event, Record
from tests.rehearsal.attempts import GOOD, told


def test_dose_is_the_sum_of_its_pictures_and_the_extra_part_of_it():
    made = Record(told(*GOOD, ("view", "ap", "extra"), ("contrast", "live", "extra")))
    pictures = [event for event in made.events if event.do in ("view", "contrast")]
    assert made.kap_ugy_m2 == pytest.approx(5.0 * len(pictures))
    assert made.extra_kap_ugy_m2 == pytest.approx(10.0)


def test_passes_are_counted_by_redirections():
    assert Record(told(*GOOD)).passes == 1
    assert Record(told(("insert",), ("redirect",), ("redirect",))).passes == 3


def test_time_is_that_of_the_last_event():
    assert Record(told(*GOOD)).seconds == 10.0 * len(GOOD)


def test_kinds_come_with_their_places_in_the_order():
    made = Record(told(*GOOD))
    assert [place for place, _ in made.of("view")] == [1, 3, 5, 8]
    assert [event.do for _, event in made.of("contrast", "inject")] == ["contrast", "inject"]


def test_each_pass_has_the_danger_depth_of_its_path():
    first = Event(0.0, "insert", 5.0, 1, True, "", detail={"danger_mm": 50.0})
    second = Event(9.0, "insert", 5.0, 2, False, "", detail={"danger_mm": 52.0})
    made = Record((first, second), danger_mm=52.0)
    assert (made.danger_of(1), made.danger_of(2)) == (50.0, 52.0)
    assert Record(told(*GOOD), danger_mm=40.0).danger_of(1) == 40.0
    assert Record().danger_of(1) is None


def test_nothing_done_is_nothing_counted():
    made = Record()
    assert (made.passes, made.kap_ugy_m2, made.seconds, made.of("view")) == (0, 0, 0, [])


def test_details_of_an_event_cannot_be_changed_afterwards():
    detail = {"view": "ap"}
    event = Event(1.0, "view", 5.0, 1, True, "AP", detail=detail)
    detail["view"] = "lateral"
    assert event.detail["view"] == "ap"
    with pytest.raises(TypeError):
        event.detail["view"] = "lateral"


def test_a_notebook_shows_what_was_done_and_when():
    made = Record((Event(20.0, "view", 5.0, 1, True, "AP at 5 mm"),))
    assert made.facts() == {"20 s": "AP at 5 mm"}
