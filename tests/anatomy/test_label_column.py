from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.label_column import COARSE_MM, STEP_MM, LabelColumn, check_column, coarser
from needle_sim.errors import InputError
from needle_sim.volume.label_names import COLUMN_NUMBERS
from needle_sim.volume.labels import load_labels
from needle_sim.volume.volume import Volume, axis_aligned
from tests.anatomy.block_spine import column, filled, labelled, spine

FIVE = ("T12", "L1", "L2", "L3", "L4")


def checked(array):
    return check_column(LabelColumn.of(labelled(array)))


def test_bodies_are_found_where_they_are():
    heights = column(FIVE)
    found = LabelColumn.of(labelled(spine(heights)))
    assert list(found.bones) == list(FIVE)
    for name, bone in found.bones.items():
        assert bone.centre_mm == pytest.approx([0.0, 0.0, heights[name]], abs=2.5)
        assert (len(bone.bodies_mm), bone.cut) == (1, False)
    assert checked(spine(heights)) == ()


def test_a_spine_is_as_large_as_its_steps_say():
    small = LabelColumn.of(labelled(spine(column(FIVE, step_mm=27.0))))
    large = LabelColumn.of(labelled(spine(column(FIVE, step_mm=39.0))))
    for one, step in ((small, 27.0), (large, 39.0)):
        assert one.usual_mm("L1", "L2") == pytest.approx(step, rel=0.06)
        assert one.usual_mm("L1", "L3") == pytest.approx(2 * step, rel=0.08)
    two = LabelColumn.of(labelled(spine(column(("L1", "L2"), step_mm=40.0))))
    assert two.usual_mm("L1", "L2") == STEP_MM["L2"]  # too few to know the size


def test_a_vertebra_above_the_one_that_should_be_above_it_is_refused():
    heights = column(FIVE)
    heights["L2"], heights["L3"] = heights["L3"], heights["L2"]
    with pytest.raises(InputError, match=r"L3 at z \d+ mm lies above L2 at z \d+ mm; .*scheme="):
        checked(spine(heights))


def test_a_column_upside_down_is_refused():
    with pytest.raises(InputError, match=r"the labels are out of order: L1 .*lies above T12"):
        checked(spine(column(FIVE[::-1])))


def test_two_vertebrae_with_one_label_are_refused_with_both_places():
    array = spine(column(FIVE))
    array[array == COLUMN_NUMBERS["L2"]] = COLUMN_NUMBERS["L1"]
    with pytest.raises(
        InputError,
        match=r"label of L1 holds two vertebrae, with bodies at .* 138\) mm and .* 105\) mm",
    ):
        checked(array)


def test_two_that_a_labelled_disc_joins_are_refused():
    heights = column(FIVE)
    array = spine(heights)
    filled(array, (-20, -15, heights["L2"]), (20, 15, heights["L1"]), COLUMN_NUMBERS["L1"])
    array[array == COLUMN_NUMBERS["L2"]] = COLUMN_NUMBERS["L1"]
    with pytest.raises(InputError, match=r"the inside of its body at .* mm high \(at most 38\)"):
        checked(array)


def test_a_level_that_is_not_labelled_is_a_note():
    heights = column(FIVE)
    del heights["L2"]
    (note,) = checked(spine(heights))
    assert str(note) == ("not labelled between others: L2 (numbering, L1 and L3, 66 mm apart)")


def test_numbers_that_skip_a_level_are_refused():
    heights = column(("T12", "L1", "L3", "L4"))
    with pytest.raises(InputError, match=r"L3 lies 34 mm below L1.* with L2 between.*skip a level"):
        checked(spine(heights))


def test_neighbours_two_levels_apart_are_refused():
    heights = {**column(("T12", "L1", "L2", "L3"), lowest_mm=139.0), "L4": 73.0}
    with pytest.raises(InputError, match=r"L4 lies 66 mm below L3, about 3\d mm are usual here"):
        checked(spine(heights))


def test_of_a_vertebra_that_the_volume_cuts_the_place_says_nothing():
    heights = {**column(("L1", "L2", "L3")), "L4": -5.0}
    found = LabelColumn.of(labelled(spine(heights)))
    assert found.bones["L4"].cut
    assert [(a.name, b.name) for a, b in found.pairs] == [("L1", "L2"), ("L2", "L3")]


def test_a_fine_map_is_read_in_steps_of_about_2_mm():
    fine = Volume(np.zeros((30, 40, 50), np.uint16), axis_aligned((1.0, 0.5, 0.7), (1, 2, 3)))
    found = coarser(fine)
    assert found.spacing_mm == pytest.approx([2.0, 2.0, 2.1])
    assert found.shape == (15, 10, 17)
    assert found.patient_from_voxel.apply([0, 0, 0]) == pytest.approx([1, 2, 3])
    coarse = Volume(np.zeros((3, 4, 5), np.uint16), axis_aligned((COARSE_MM,) * 3, (0, 0, 0)))
    assert coarser(coarse) is coarse


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "file"), [("lidc", "labels_totalsegmentator.nii.gz"), ("lumbar", "labels.nii.gz")]
)
def test_real_labels_are_a_spine(name, file, request):
    folder = request.getfixturevalue(name)
    labels = load_labels(folder / file)
    found = LabelColumn.of(labels)
    assert check_column(found) == ()
    ratio = [
        np.linalg.norm(a.centre_mm - b.centre_mm) / found.usual_mm(a.name, b.name)
        for a, b in found.pairs
        if a.name[0] in "TL"
    ]
    assert min(ratio) > 0.75
    assert max(ratio) < 1.25
