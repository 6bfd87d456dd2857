"""Opening: bad orders are refused before an anatomy is built."""

from __future__ import annotations

import builtins

import pytest

import needle_sim as ns
from needle_sim.errors import InputError, MissingExtraError
from needle_sim.views.front_end.opening import open_console, rehearse
from tests.rehearsal.driving import EPIDURAL, RFA, spine


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"procedure": "medial-branch-rf"}, "medial-branch-rfa"),
        ({"side": "up"}, "left or right"),
        ({"level": "L9"}, "levels are"),
        ({"seed": -1}, "seed must be"),
        ({"seed": True}, "seed must be"),
        ({"labels": 3}, "go with a CT"),
        ({"variant": "upside-down"}, "no variant"),
    ],
)
def test_bad_orders_are_refused_at_once(given, said, monkeypatch):
    monkeypatch.setattr("needle_sim.views.front_end.opening.phantom_of", None)
    with pytest.raises(InputError, match=said):
        open_console(**given)


def test_an_exam_has_no_coach_and_a_log_from_the_start(tmp_path):
    made = open_console(
        EPIDURAL, anatomy=spine(), exam=True, seed=4, side="left", log=tmp_path / "log.jsonl"
    )
    assert made.coach is None
    assert made.rehearsal.header.seed == 4
    assert made.rehearsal.side == "left"
    assert (tmp_path / "log.jsonl").read_text() == made.rehearsal.log.text()


def test_a_notebook_shows_the_rehearsal(monkeypatch):
    monkeypatch.setattr("needle_sim.views.front_end.console.Console.warm", lambda self: None)
    widget = ns.rehearse(RFA, anatomy=spine(), seed=2)
    assert widget.rehearsal.header.procedure == RFA


def test_without_anywidget_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.endswith("front_end.widget"):
            raise ImportError("no anywidget")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"needle_sim\[notebook\]"):
        rehearse(RFA, anatomy=spine())
