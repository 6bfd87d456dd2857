"""The book: pushes that go on are one, pictures are few, and a page torn out leaves no trace."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim import presets
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.book import MOST_RUNS, MOST_VIEWS, Book
from needle_sim.rehearsal.record import Shot
from needle_sim.rehearsal.suite import View

EPIDURAL = Procedure.preset("interlaminar-epidural")


def book() -> Book:
    return Book(EPIDURAL)


def note(made: Book, do: str, t_s: float = 0.0, needle_pass: int = 1, **detail) -> None:
    depth = detail.pop("depth_mm", 10.0)
    made.note(do, do, t_s, depth_mm=depth, needle_pass=needle_pass, **detail)


def view(number: int) -> View:
    return View("", f"picture {number}", None, 0.0, 0.0, None, None)


def shot(run=None) -> Shot:
    return Shot("Contrast", "live", None, run, "contrast")


@pytest.mark.parametrize("do", ["advance", "withdraw", "angle"])
def test_a_push_that_goes_on_is_one_event(do):
    made = book()
    for n in range(5):
        note(made, do, t_s=float(n), depth_mm=float(n))
    note(made, "shot")
    note(made, do, t_s=9.0)
    assert [(one.do, one.t_s) for one in made.events] == [(do, 4.0), ("shot", 0.0), (do, 9.0)]


def test_another_pass_is_another_push():
    made = book()
    note(made, "advance")
    note(made, "advance", needle_pass=2)
    assert [one.needle_pass for one in made.events] == [1, 2]


def test_a_live_look_that_goes_on_is_one_event_and_two_stills_are_two():
    made = book()
    for _ in range(3):
        note(made, "view", view="ap", live=True)
    note(made, "view", view="lateral", live=True)
    for _ in range(2):
        note(made, "view", view="lateral")
    assert [one.detail["view"] for one in made.events] == ["ap", "lateral", "lateral", "lateral"]


def test_of_many_pictures_those_that_were_asked_for_stay():
    made = book()
    for n in range(3 * MOST_VIEWS):
        made.picture(EPIDURAL.views[0] if n % 8 == 0 else None, view(n), asked=n % 8 == 0)
    kept = [one.title for _, one in made.views]
    assert len(kept) == MOST_VIEWS
    assert {f"picture {n}" for n in range(0, 3 * MOST_VIEWS, 8)} <= set(kept)
    names = [one.name for _, one in made.views]
    assert len(set(names)) == len(names)


def test_of_many_injections_the_last_pictures_stay_and_every_pattern():
    made = book()
    for _ in range(MOST_RUNS + 5):
        made.shot(shot(run=object()))
        made.settle()
    assert len(made.shots) == MOST_RUNS + 5
    assert [one.run is not None for one in made.shots] == [False] * 5 + [True] * MOST_RUNS
    assert "pictures not kept" in made.shots[0].title


def test_the_recipe_asks_for_so_many_and_no_more():
    made = book()
    quota = made.view_quota("lateral")
    assert quota == sum(one.view == "lateral" and one.do == "view" for one in EPIDURAL.steps) > 0
    assert [made.free("view lateral", quota) for _ in range(quota + 2)] == [True] * quota + [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("told", "justified"),
    [
        ([], False),
        ([("aspirate", {"found": "clear"})], False),
        ([("aspirate", {"found": "blood"})], True),
        ([("aspirate", {"found": "csf"})], True),
        ([("contrast", {"seen": "vascular", "mode": "live"})], True),
        ([("contrast", {"seen": "intrathecal", "mode": "single"})], True),
        ([("contrast", {"seen": "contrast", "mode": "live"})], False),
        ([("contrast", {"seen": None, "mode": "live"})], True),
        ([("contrast", {"seen": None, "mode": "live", "in_field": False})], False),  # looked away
        ([("contrast", {"seen": None, "mode": "single"})], False),
        ([("aspirate", {"found": "blood"}), ("insert", {})], False),
        ([("aspirate", {"found": "blood"}), ("redirect", {})], False),
        ([("aspirate", {"found": "blood"}), ("withdraw", {})], True),
        ([("aspirate", {"found": "blood"}), ("aspirate", {"found": "clear"})], True),
        (
            [("aspirate", {"found": "blood"}), ("withdraw", {}), ("aspirate", {"found": "clear"})],
            False,
        ),
        (
            [
                ("contrast", {"seen": "vascular", "mode": "live"}),
                ("angle", {}),
                ("contrast", {"seen": "contrast", "mode": "single"}),  # may miss a vessel
            ],
            True,
        ),
    ],
)
def test_a_reason_to_give_up_was_seen_on_this_pass_and_not_taken_back_by_a_later_look(
    told, justified
):
    made = book()
    note(made, "insert")
    for do, detail in told:
        note(made, do, **detail)
    assert made.reason() is justified


def test_the_recipe_takes_its_time_by_the_pace():
    pace = presets.plain(presets.table("scoring", "pace"))
    made = book()
    deeper = made.recipe_s(50.0) - made.recipe_s(30.0)
    assert deeper == pytest.approx(20.0 / pace["advance_mm_s"])
    assert made.recipe_s(0.0) > pace["view_s"] * 3


def test_each_pass_keeps_its_own_danger():
    made = book()
    for number, (do, danger) in enumerate(
        (("insert", 50.0), ("redirect", 40.0), ("redirect", 30.0)), 1
    ):
        note(made, do, needle_pass=number)
        made.danger_mm[number] = danger
    record = made.record(None, {}, abort=None, declared="right L4-L5")
    assert [record.danger_of(number) for number in (1, 2, 3)] == [50.0, 40.0, 30.0]
    assert record.danger_mm == 30.0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["advance", "withdraw", "view", "insert", "shot", "picture"]),
        st.integers(1, 3),
    ),
    max_size=30,
)


def doing(made: Book, steps) -> None:
    for n, (do, needle_pass) in enumerate(steps):
        if do == "picture":
            made.picture(EPIDURAL.views[0], view(n), asked=made.free("view", 2))
        elif do == "shot":
            made.shot(shot())
        else:
            note(made, do, t_s=float(n), needle_pass=needle_pass)
        if do in ("insert", "advance"):
            last = max(made.danger_mm, default=1)
            made.danger_mm[last + (do == "insert")] = float(n)


def all_of(made: Book) -> tuple:
    """Everything in it, by value where it changes in place."""
    shots = [id(one) for one in made.shots]
    views = [(asked, id(one)) for asked, one in made.views]
    lists = list(made.events), list(made.danger_mm.items())
    return lists, shots, views, dict(made.used), dict(made.named)


@settings(max_examples=60)
@given(STEPS, STEPS)
def test_put_back_it_is_as_it_was(before, then):
    made = book()
    doing(made, before)
    first = all_of(made)
    back = made.kept()

    doing(made, then)
    back()

    assert all_of(made) == first
