"""What blocks is said with its share, and a needle that would reach by name."""

from __future__ import annotations

from needle_sim.instruments.needle import Needle
from needle_sim.planning.tally import Tally, blocked
from tests.planning.blocks import straight_target


def said(tally: Tally, needle: str | Needle = "tuohy_18g_90mm", tried: int = 100) -> str:
    chosen = Needle.preset(needle) if isinstance(needle, str) else needle
    return blocked(straight_target(), chosen, tally, tried)


def test_what_blocks_is_named_most_frequent_first():
    tally = Tally()
    for name, count in (("L4 right root", 20), ("bone of L5", 70), ("dura", 9), ("aorta", 1)):
        tally.add(name, count)
    assert said(tally) == (
        "no safe path to nerve on L5: blocked by bone of L5 (70 of 100), "
        "L4 right root (20 of 100), dura (9 of 100)"
    )


def test_counts_add_up_and_none_is_not_written_down():
    tally = Tally()
    tally.add("dura", 3)
    tally.add("dura")
    tally.add("root", 0)
    assert tally.count == {"dura": 4}


def test_a_needle_that_is_too_short_is_told_by_how_much_and_which_would_do():
    tally = Tally()
    needle = Needle.preset("tuohy_18g_90mm")
    tally.too_short(needle, 19.0, 40)
    tally.too_short(needle, 11.3, 60)
    assert said(tally) == (
        "no safe path to nerve on L5: blocked by needle of 90 mm too short by 12 mm with 5 mm "
        "outside (100 of 100); a 120 mm one would do: tuohy_18g_120mm"
    )


def test_a_needle_of_another_kind_is_not_offered():
    tally, needle = Tally(), Needle.preset("quincke_22g_120mm")
    tally.too_short(needle, 40.0)
    assert said(tally, needle).endswith("a 180 mm one would do: quincke_22g_180mm")


def test_where_no_shipped_needle_would_do_the_length_is_said():
    tally, needle = Tally(), Needle.preset("tuohy_18g_150mm")
    tally.too_short(needle, 30.0)
    assert said(tally, needle).endswith("at least 180 mm, and none is shipped")
