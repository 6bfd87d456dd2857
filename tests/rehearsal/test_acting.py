"""Every kind of act is acted on, and what a rehearsal comes to names the needle that counts."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.rehearsal.act import KINDS
from needle_sim.rehearsal.acting import ACTING
from tests.rehearsal.driving import EPIDURAL, begun, followed, inserted


def test_every_kind_of_act_does_something():
    assert set(ACTING) == set(KINDS)


def test_declaring_comes_before_the_needle_and_names_the_ordered_procedure():
    made = begun()
    with pytest.raises(InputError, match=f"the order is {EPIDURAL}, not facet-injection"):
        made.do("declare", procedure="facet-injection", level="L4-L5", side="left")
    with pytest.raises(InputError, match="declare before the first one"):
        inserted().do("declare", procedure=EPIDURAL, level="L4-L5", side="left")


def test_what_is_over_takes_no_more_acts():
    for do, given, outcome in (("finish", {}, "finished"), ("abort", {"why": "pain"}, "aborted")):
        made = inserted()
        made.do(do, **given)
        assert made.over
        with pytest.raises(InputError, match=f"the rehearsal is over \\({outcome}\\)"):
            made.do("shot")


def test_live_pictures_end_with_the_rehearsal():
    made = inserted()
    made.do("live", on=True)
    made.do("finish", t_s=7.0)
    assert made.state.fluoro_s == 7.0
    assert made.book.events[-1].do == "fluoro"


def test_the_needle_of_a_run_is_where_the_drug_was_given():
    made = followed()
    given = made.hand.tip_mm
    made.withdraw(30.0)
    run = made.finish()
    assert run.placed.trajectory.tip_mm == pytest.approx(given)


def test_without_a_drug_it_is_where_it_stands_and_outside_where_it_was_deepest():
    standing = inserted()
    standing.advance(20.0)
    standing.withdraw(8.0)
    assert standing.finish().placed.trajectory.depth_mm == pytest.approx(17.0)
    out = inserted()
    out.advance(20.0)
    out.withdraw(100.0)
    out.do("needle", name="quincke_22g_90mm")
    run = out.finish()
    assert run.placed.trajectory.depth_mm == pytest.approx(25.0)
    assert run.needle == "tuohy_18g_90mm"
