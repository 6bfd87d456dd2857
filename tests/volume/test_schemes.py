"""Whose numbers a label map holds is told from the numbers and where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.volume.label_names import vertebra_label
from needle_sim.volume.labels import renumbered
from needle_sim.volume.schemes import (
    TOTALSEGMENTATOR,
    VERSE,
    applied,
    are_neighbours,
    listed,
    recognised,
    scheme_named,
)
from needle_sim.volume.volume import Volume, axis_aligned


def stacked(values, **organs):
    """Blocks of these values from the head down, and organs beside them by height."""
    array = np.zeros((6 * len(values) + 2, 12, 12), dtype=np.uint16)
    for n, value in enumerate(reversed(values)):
        array[6 * n + 1 : 6 * n + 6, 4:8, 4:8] = value
    for value, slices in organs.items():
        array[slice(*slices), 0:3, 0:3] = int(value[1:])
    return Volume(array, axis_aligned((3.0, 3.0, 3.0), (0.0, 0.0, 0.0)), "label")


def seen(labels):
    scheme, notes = recognised(labels.array, labels.patient_from_voxel.matrix, "it")
    return scheme.name, notes


@pytest.mark.parametrize(
    ("values", "scheme"),
    [
        ([32, 31, 30, 29, 28, 27, 26], "totalsegmentator"),
        ([28, 27], "totalsegmentator"),  # of VerSe T13 and the coccyx, with nothing between
        ([27, 26], "totalsegmentator"),
        ([31], "totalsegmentator"),
        ([26, 25], "totalsegmentator"),
        ([19, 20, 21, 22, 23, 24], "verse"),
        ([20, 21, 22, 23, 24, 26], "verse"),
        ([18, 19, 28, 20, 21], "verse"),
        ([23, 24, 25, 26, 27], "verse"),
        ([24, 25], "verse"),  # L5 over L6
        ([22], "verse"),
        ([1, 2, 3, 4, 5, 6, 7, 8], "verse"),
    ],
)
def test_the_order_of_the_vertebrae_tells_the_scheme(values, scheme):
    assert seen(stacked(values)) == (scheme, ())


def test_organs_do_not_pass_for_the_neck():
    labels = stacked([31, 30, 29], o1=(14, 17), o5=(12, 16), o2=(3, 6), o6=(10, 12))
    assert seen(labels)[0] == "totalsegmentator"
    low = stacked([27, 25], o5=(10, 13), o1=(5, 9), o2=(1, 3))
    assert seen(low)[0] == "totalsegmentator"


def test_a_single_number_that_both_know_is_read_as_totalsegmentator_with_a_note():
    name, (note,) = seen(stacked([27]))
    assert name == "totalsegmentator"
    assert "verse would fit as well: say which with scheme=" in note.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([301, 302], "as verse there is no vertebra. Seen: 301-302"),
        ([30, 31, 29, 28], "as totalsegmentator L2 would lie above L1.*Seen: 28-31"),
        ([24, 22, 23, 21], "as verse L3 would lie above L2"),
        ([100, 101], "as totalsegmentator there is no vertebra"),
        ([31, 500, 501], None),
    ],
)
def test_a_set_that_fits_no_scheme_is_refused_with_what_was_seen(values, said):
    if said is None:
        with pytest.raises(InputError, match="Seen: 31, 500-501"):
            seen(stacked(values))
        return
    with pytest.raises(InputError, match=said):
        seen(stacked(values))


def test_a_map_turned_upside_down_is_refused():
    labels = stacked([31, 30, 29, 28])
    turned = labels.like(np.ascontiguousarray(labels.array[::-1]), "label")
    with pytest.raises(InputError, match="as totalsegmentator L2 would lie above L1"):
        seen(turned)


def test_numbers_that_mean_nothing_are_left_out_where_the_rest_is_clear():
    labels = stacked([31, 30, 29, 333])
    found = renumbered(labels)
    assert np.unique(found.array).tolist() == [0, 29, 30, 31]
    (note,) = found.notes
    assert (note.value, "left out" in note.text) == ("333", True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(1, "C1"), (7, "C7"), (8, "T1"), (19, "T12"), (20, "L1"), (24, "L5"), (25, "L6"), (28, "T13")],
)
def test_verse_numbers_are_those_of_its_readme(theirs, ours):
    """https://osf.io/4skx2/wiki."""
    assert VERSE.numbers[theirs] == vertebra_label(ours)
    assert VERSE.numbers[26] == 25
    assert VERSE.numbers[27] == 203
    assert sorted(VERSE.numbers) == list(range(1, 29))


def test_a_verse_map_becomes_ours_and_says_so():
    found = renumbered(stacked([19, 20, 21]))
    assert np.unique(found.array).tolist() == [0, 30, 31, 32]
    assert str(found.notes[0]) == "numbers of verse read as vertebrae (the label map, T12, L1, L2)"
    same = stacked([32, 31, 30])
    assert renumbered(same) is same


def test_a_scheme_may_be_said():
    assert np.unique(renumbered(stacked([27]), "verse").array).tolist() == [0, 203]
    with pytest.raises(InputError, match=r"no label scheme is called 'vers'.*verse"):
        scheme_named("vers")
    with pytest.raises(InputError, match="holds the numbers 31, none of which verse knows"):
        applied(stacked([31]).array, VERSE, "it")
    with pytest.raises(InputError, match="none of which totalsegmentator knows"):
        applied(stacked([301]).array, TOTALSEGMENTATOR, "it")


def test_a_scheme_that_was_said_by_mistake_is_refused_with_the_right_one():
    with pytest.raises(InputError, match=r"has no vertebra; as verse it holds T12, L1, L2: give"):
        renumbered(stacked([19, 20, 21]), "totalsegmentator")
    with pytest.raises(InputError, match=r"has no vertebra; as totals.* it holds L1, L2: give"):
        renumbered(stacked([31, 30]), "verse")
    with pytest.raises(InputError, match=r"coccyx above sacrum; as totals.* L4, L5, S1: give"):
        renumbered(stacked([28, 27, 26]), "verse")


def test_neighbours_are_side_by_side_where_rare_ones_are_missing():
    assert are_neighbours("T12", "L1")
    assert are_neighbours("L5", "sacrum")
    assert are_neighbours("L5", "L6")
    assert not are_neighbours("L2", "L4")
    assert not are_neighbours("T13", "coccyx")


def test_runs_of_numbers_are_joined():
    assert listed([3, 1, 2, 9]) == "1-3, 9"
    assert listed(range(0, 60, 2)) == "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22 and 18 more"
