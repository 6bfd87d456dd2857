"""What samples share is made once in a process, errors too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from needle_sim.errors import PlanningError
from needle_sim.rehearsal.attempt import Way
from needle_sim.studies import patients


@pytest.fixture(autouse=True)
def _clean():
    patients.forget()
    yield
    patients.forget()


def test_threads_that_ask_at_once_get_the_same_thing():
    made = []

    def make() -> object:
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: patients.kept("one", make), range(20)))

    assert len(made) == 1
    assert all(one is made[0] for one in found)


def test_an_error_is_kept_as_it_is_and_not_tried_again():
    tried = []

    def make() -> None:
        tried.append(1)
        raise PlanningError("blocked by bone")

    for _ in range(3):
        with pytest.raises(PlanningError, match="blocked by bone"):
            patients.kept("blocked", make)
    assert len(tried) == 1


def test_the_oldest_is_let_go():
    made = []
    for key in [*range(14), 13, 0]:
        patients.kept(key, lambda key=key: made.append(key))

    assert made == [*range(14), 0]


def test_a_blocked_way_says_what_blocks(monkeypatch):
    class Blocked:
        def __init__(self, *_: object) -> None:
            pass

        def plan(self):
            return Way(None, "every path meets bone", (), None, "tuohy_18g_90mm", np.zeros(3))

    for name in ("phantom_of", "target_of", "reference_of"):
        monkeypatch.setattr(patients, name, lambda *_: None)
    monkeypatch.setattr(patients, "Attempt", Blocked)

    with pytest.raises(PlanningError, match="every path meets bone"):
        patients.planned(
            "facet-injection", "any", level="L4-L5", side="left", needle=None, variant=None
        )
