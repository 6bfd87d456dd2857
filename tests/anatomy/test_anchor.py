from __future__ import annotations

import re

import pytest

from needle_sim.anatomy.anchor import Anchor, anchor_of
from needle_sim.volume.labels import load_labels
from tests.anatomy.block_spine import column, labelled, spine, with_ribs

WHOLE = ("T12", "L1", "L2", "L3", "L4", "L5", "sacrum")


def found(names, *, rib=None, at=None, **settings):
    heights = column(names, step_mm=28.0, lowest_mm=20.0)
    array = spine(heights)
    if rib is not None:
        with_ribs(array, rib, heights[at or f"T{rib}"], **settings)
    return anchor_of(labelled(array))


def test_a_spine_with_both_ends_is_counted_from_both():
    anchor = found(WHOLE, rib=12)
    assert anchor == Anchor("L5", 12, "T12", 5)
    (note,) = anchor.notes()
    assert note.text == "levels are counted from the sacrum and from the lowest ribs"
    assert note.value == "L5 lies on the sacrum; rib 12 joins T12; 5 lumbar vertebrae"


@pytest.mark.parametrize(
    ("names", "rib", "said"),
    [
        (("L3", "L4", "L5", "sacrum"), None, "counted from the sacrum; the lowest ribs are not"),
        (("T11", "T12", "L1", "L2"), 12, "counted from the lowest ribs; the sacrum is not"),
        (("L2", "L3", "L4"), None, "neither the sacrum nor the ribs of T12 .* off by one"),
        (("T9", "T10", "T11"), 10, "neither the sacrum nor the ribs of T12"),
    ],
)
def test_what_is_in_the_field_is_what_is_counted_from(names, rib, said):
    (note,) = found(names, rib=rib).notes()
    assert re.search(said, note.text)


@pytest.mark.parametrize(
    ("names", "at", "lumbar", "doubt"),
    [
        (("T12", "L1", "L2", "L3", "L4", "sacrum"), "T12", 4, "4 vertebrae lie between"),
        (("T12", "L1", "L2", "L3", "L4", "L5", "L6", "sacrum"), "T12", 6, "6 vertebrae lie"),
        (WHOLE, "L1", 4, "rib 12 joins L1"),
        (("T11", *WHOLE), "T11", 6, "rib 12 joins T11"),
        (("T12", "T13", *WHOLE[1:]), "T13", 5, "rib 12 joins T13"),
    ],
)
def test_counts_that_disagree_say_that_a_transitional_vertebra_is_possible(
    names, at, lumbar, doubt
):
    anchor = found(names, rib=12, at=at)
    assert anchor.lumbar == lumbar
    _, warning = anchor.notes()
    assert "transitional vertebra is possible" in warning.text
    assert doubt in warning.value


def test_the_last_lumbar_vertebra_far_above_the_sacrum_does_not_lie_on_it():
    heights = column(WHOLE[1:], step_mm=28.0, lowest_mm=20.0)
    del heights["L5"]
    assert anchor_of(labelled(spine(heights))).on_sacrum is None


def test_a_rib_that_comes_near_no_vertebra_bears_no_count():
    assert found(WHOLE, rib=12, gap_mm=20.0).last_rib is None
    assert found(WHOLE, rib=12, sides=("left",)).rib_vertebra == "T12"


def test_a_missing_lumbar_label_leaves_the_count_open():
    heights = column(WHOLE, step_mm=28.0, lowest_mm=20.0)
    del heights["L3"]
    array = with_ribs(spine(heights), 12, heights["T12"])
    anchor = anchor_of(labelled(array))
    assert (anchor.on_sacrum, anchor.rib_vertebra, anchor.lumbar) == ("L5", "T12", None)


@pytest.mark.real
def test_the_real_cts_state_their_anchors(lumbar, lidc):
    assert anchor_of(load_labels(lumbar / "labels.nii.gz")) == Anchor("L5", 12, "T12", 5)
    chest = anchor_of(load_labels(lidc / "labels_totalsegmentator.nii.gz"))
    assert chest == Anchor(None, 12, "T12", None)
