"""What acts share: a line in the book, and what is missing in words."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.rehearsal.acting_words import in_patient, noted, opened
from tests.rehearsal.driving import begun, inserted


def test_a_note_holds_time_depth_and_pass():
    made = inserted()
    made.t_s = 12.0
    noted(made, "view", "a look", view="ap")
    last = made.book.events[-1]
    assert (last.t_s, last.do, last.depth_mm, last.needle_pass) == (12.0, "view", 5.0, 1)
    assert made.said == last.said == "a look"
    noted(made, "view", "from above", depth_mm=1.0)
    assert made.book.events[-1].depth_mm == 1.0


def test_without_a_needle_or_with_the_stylet_in_it_says_so():
    with pytest.raises(InputError, match="mark the skin and insert one first"):
        in_patient(begun())
    made = inserted()
    with pytest.raises(InputError, match="take it out before you aspirate"):
        opened(made, "aspirate")
    made.hand.stylet_in = False
    assert opened(made, "aspirate").trajectory.tip_mm == pytest.approx(made.hand.tip_mm)
