"""What is put back is what was there, in the same objects."""

from __future__ import annotations

from needle_sim.rehearsal.keepsake import fields_of, kept
from tests.rehearsal.driving import inserted


def test_fields_are_put_back_into_the_same_object():
    made = inserted().hand
    back = fields_of(made)
    depth, clock = made.depth_mm, made.clock_deg
    made.depth_mm, made.clock_deg = -1.0, -2.0
    back()
    assert (made.depth_mm, made.clock_deg) == (depth, clock)


def test_parts_and_attributes_come_back_and_others_stay():
    made = inserted()
    hand, pose, ways = made.hand, made.scope.pose, list(made.hand.headings)
    back = kept(made, ("t_s", "said"))
    made.t_s, made.said, made.exposures = 99.0, "gone", 7
    made.hand.advance(30.0)
    made.hand.withdraw(20.0)
    made.scope.pose = None
    made.syringe.contrast_ml = 3.0
    back()
    assert (made.t_s, made.exposures) == (0.0, 7)
    assert made.said != "gone"
    assert made.hand is hand
    assert made.hand.headings == ways
    assert made.hand.headings[-1].deepest_mm == made.hand.depth_mm
    assert made.scope.pose == pose
    assert made.syringe.contrast_ml == 0.0
