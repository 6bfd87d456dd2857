from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.labelled import (
    MODELS,
    NEAR_MM,
    NEARLY,
    LabelledSpine,
    in_reach,
    near_point,
    on_grid,
)
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Note, Volume, axis_aligned
from tests.anatomy.stacked_labels import SLICES, stacked


def reached(labels: Volume, *wanted: list[str]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    return in_reach(LabelledSpine.of(labels), *wanted)


def nearest(labels: Volume, point: tuple[float, ...]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    return near_point(LabelledSpine.of(labels), point)


def test_the_wanted_vertebra_comes_with_its_neighbours():
    wanted, notes = reached(stacked(["L1", "L2", "L3", "L4", "L5"]), ["L3"])
    assert wanted == ("L2", "L3", "L4")
    assert notes == ()


def test_by_default_every_whole_one_is_taken():
    wanted, notes = reached(stacked(["L2", "L3", "L4"]))
    assert wanted == ("L2", "L3", "L4")
    assert [note.value for note in notes] == ["L1", "L5"]
    assert {note.text.split(";")[0][-17:] for note in notes} == {"not in the labels"}


def test_a_neighbour_that_is_cut_is_left_out_with_a_note():
    wanted, notes = reached(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L2"])
    assert wanted == ("L1", "L2")
    (note,) = notes
    assert "L3 is cut by the lower edge of the volume" in note.text


@pytest.mark.parametrize("name", ["sacrum", "S1"])
def test_the_sacrum_below_l5_is_fitted_as_s1_whatever_its_label(name):
    wanted, notes = reached(stacked(["L4", "L5", name]), ["L5"])
    assert wanted == ("L4", "L5", "S1")
    assert notes == ()


def sacral(*, slices: int, low: int) -> Volume:
    """L5 over a sacrum of so many slices that begins ``low`` slices above the lower face."""
    numbers = np.zeros((SLICES, 40, 40), dtype=np.uint16)
    numbers[max(low, 0) : low + slices, 10:22, 8:32] = vertebra_label("sacrum")
    numbers[low + slices + 1 : low + slices + 9, 10:22, 12:28] = vertebra_label("L5")
    return Volume(numbers, axis_aligned([3.0, 2.0, 2.0], [0, 0, 0]), "label")


def test_a_sacrum_cut_below_s1_is_no_hindrance():
    labels = sacral(slices=30, low=-4)  # 26 slices, 78 mm of it are there
    assert reached(labels, ["L5", "S1"])[0] == ("L5", "S1")


def test_a_sacrum_cut_through_s1_is_refused_and_named():
    labels = sacral(slices=30, low=-15)  # 15 slices, 45 mm
    with pytest.raises(InputError, match=r"^S1 is cut by the lower edge of the volume; .*L5"):
        reached(labels, ["L5", "S1"])
    wanted, (_, note) = reached(labels, ["L5"])
    assert wanted == ("L5",)
    assert "S1 is cut by the lower edge" in note.text


def test_a_sacrum_whose_top_lies_outside_is_refused():
    labels = sacral(slices=40, low=25)
    with pytest.raises(InputError, match="S1 is cut by the upper edge"):
        reached(labels, ["S1"])


def test_labels_without_a_sacrum_are_refused_for_s1():
    with pytest.raises(InputError, match="vertebra S1 is not in the labels: they hold L4, L5"):
        reached(stacked(["L4", "L5"]), ["L5", "S1"])


def without_l5() -> Volume:
    labels = stacked(["L4", "L5", "sacrum"])
    array = np.where(labels.array == vertebra_label("L5"), 0, labels.array)
    return Volume(array, labels.patient_from_voxel, "label")


def test_a_sacrum_without_l5_above_is_refused():
    with pytest.raises(InputError, match="its endplate is found below L5, which is not in the"):
        reached(without_l5(), ["S1"])


def test_below_a_sixth_lumbar_vertebra_lies_s1_and_it_is_like_a_fifth():
    spine = LabelledSpine.of(stacked(["L4", "L5", "L6", "sacrum"]))
    assert spine.last == "L6"
    assert in_reach(spine)[0] == ("L4", "L5", "L6", "S1")
    assert in_reach(spine, ["S1"])[0] == ("L6", "S1")
    assert [spine.model(one) for one in ("L4", "L5", "L6", "S1")] == ["L4", "L4", "L5", "S1"]


def test_where_the_fourth_lumbar_vertebra_lies_on_the_sacrum_it_is_like_a_fifth():
    spine = LabelledSpine.of(stacked(["L2", "L3", "L4", "sacrum"]))
    assert spine.last == "L4"
    assert "L5" not in spine.column
    assert in_reach(spine, ["L4"]) == (("L3", "L4", "S1"), ())
    assert [spine.model(one) for one in ("L3", "L4", "S1")] == ["L3", "L5", "S1"]


def test_a_gap_above_the_sacrum_is_no_spine_of_four():
    """L4 ends 24 mm above it: L5 is there, without a label."""
    spine = LabelledSpine.of(without_l5())
    assert spine.last == "L5"
    assert spine.fit == ("L4",)


def test_a_thirteenth_thoracic_vertebra_lies_between_t12_and_l1():
    spine = LabelledSpine.of(stacked(["T12", "T13", "L1"]))
    assert in_reach(spine, ["T13"])[0] == ("T12", "T13", "L1")
    assert spine.model("T13") == "T12"
    assert "T13" not in LabelledSpine.of(stacked(["T12", "L1"])).column


def test_every_vertebra_with_a_model_starts_from_one_that_the_phantom_has():
    levels = spine_spec().levels
    assert set(MODELS.values()) == set(levels)
    assert set(levels) <= set(MODELS)


def test_a_point_near_the_coccyx_is_not_near_s1():
    labels = sacral(slices=45, low=1)  # 135 mm: the lower half is no part of S1
    far, _ = nearest(labels, (40.0, 30.0, 6.0))
    assert far == ()
    near, _ = nearest(labels, (40.0, 30.0, 120.0))
    assert near == ("L5", "S1")


def test_two_levels_need_no_third_that_is_cut():
    wanted, notes = reached(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L1", "L2"])
    assert wanted == ("T12", "L1", "L2")
    assert "L3 is cut by the lower edge" in notes[-1].text
    with pytest.raises(InputError, match=r"^L3 is cut by the lower edge .*\(T12, L1, L2\)"):
        reached(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L2", "L3"])


def test_a_wanted_vertebra_that_is_cut_is_refused_by_name():
    with pytest.raises(InputError, match=r"^L3 is cut by the lower edge of the volume; .*L1, L2"):
        reached(stacked(["L1", "L2", "L3"], low=-3), ["L3"])


def test_a_wanted_vertebra_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"^vertebra L5 is not in the labels: they hold L1, L2$"):
        reached(stacked(["L1", "L2"]), ["L5"])


@pytest.mark.parametrize(
    ("names", "low", "upside_down", "wanted", "said"),
    [
        (["L1", "L2", "L3"], -3, False, "L4", "ends in L3, which its lower edge cuts, before L4"),
        (["L4", "L5"], -2, True, "L2", "ends in L5, which its upper edge cuts, before L2"),
        (["L4", "L5"], -2, False, "L2", "L2 is not in the labels: they hold L4, L5$"),
    ],
)
def test_a_wanted_vertebra_beyond_one_that_is_cut_lies_outside(
    names, low, upside_down, wanted, said
):
    """Only where the cut vertebra lies on the way to it."""
    with pytest.raises(InputError, match=said):
        reached(stacked(names, low=low, upside_down=upside_down), [wanted])


def test_a_vertebra_without_a_model_is_refused():
    with pytest.raises(InputError, match=r"T8 cannot be fitted: .* T10, T11, T12, T13, L1, .*S1"):
        reached(stacked(["T8", "T9"]), ["T8"])
    wanted, (note, _) = reached(stacked(["T9", "T10", "T11"]), ["T10", "T11"])
    assert wanted == ("T10", "T11")
    assert note.text.startswith("not fitted: T9 has no model to fit")


def test_labels_without_a_vertebra_of_ours_are_refused():
    with pytest.raises(InputError, match=r"no whole vertebra from T10 to S1 is labelled: .* T9"):
        reached(stacked(["T9"]))


def cut(share: float) -> LabelledSpine:
    """T12 and L1 of 20 slices each, T12 cut by the upper face to a share of them."""
    numbers = np.zeros((24 + round(20 * share), 40, 40), dtype=np.uint16)
    numbers[3:23, 10:22, 12:28] = vertebra_label("L1")
    numbers[24:, 10:22, 12:28] = vertebra_label("T12")
    return LabelledSpine.of(Volume(numbers, axis_aligned([1.0, 2.0, 2.0], [0, 0, 0]), "label"))


def test_a_vertebra_of_which_little_is_cut_is_fitted_and_says_so():
    spine = cut(NEARLY + 0.05)
    wanted, notes = in_reach(spine, ["L1"])
    assert wanted == ("T12", "L1")
    assert "the upper edge of the volume cuts it" in notes[-1].text
    assert notes[-1].value == "T12, 85% of a whole neighbour's volume"
    assert in_reach(spine, ["T12"])[0] == ("T12", "L1")


def test_a_vertebra_of_which_more_is_cut_is_not():
    spine = cut(NEARLY - 0.05)
    assert in_reach(spine, ["L1"])[0] == ("L1",)
    with pytest.raises(InputError, match=r"^T12 is cut by the upper edge of the volume"):
        in_reach(spine, ["T12"])


def test_labels_on_another_grid_are_brought_onto_that_of_the_ct():
    labels = stacked(["L3"], low=20)
    fine = axis_aligned([1.5, 1.0, 1.0], [0, 0, 0])
    ct = Volume(np.zeros((120, 80, 80), dtype=np.int16), fine)
    found = on_grid(labels, ct)
    assert found.shape == ct.shape
    assert found.array[50, 30, 40] == vertebra_label("L3")


def test_labels_of_another_place_are_refused():
    labels = stacked(["L3"], low=20)
    away = Volume(np.zeros(labels.shape, dtype=np.int16), axis_aligned([3, 2, 2], [0, 0, 900]))
    with pytest.raises(InputError, match="no label lies in the CT: the CT spans z 900 to 1077 mm"):
        on_grid(labels, away)


def test_a_ct_in_place_of_labels_is_refused():
    ct = Volume(np.zeros((4, 4, 4), dtype=np.int16), axis_aligned([3, 2, 2], [0, 0, 0]))
    with pytest.raises(InputError, match="must be a label map, got a volume of 'hu'"):
        on_grid(ct, ct)


def test_a_point_takes_the_nearest_vertebra_and_its_neighbours():
    labels = stacked(["L1", "L2", "L3", "L4", "L5"])
    x, y = 40.0, 0.0  # in front of the blocks
    for height, wanted in ((8, ("L4", "L5")), (28, ("L2", "L3", "L4")), (48, ("L1", "L2"))):
        found, _ = nearest(labels, (x, y, 3.0 * height))
        assert found == wanted


def test_a_point_far_from_every_vertebra_takes_none_and_says_so():
    labels = stacked(["L4", "L5"])
    top = 3.0 * 21  # centre of the last slice of L4
    near, _ = nearest(labels, (40.0, 30.0, top + NEAR_MM))
    assert near == ("L4", "L5")
    far, (note,) = nearest(labels, (40.0, 30.0, top + NEAR_MM + 1.0))
    assert far == ()
    assert "L4, 61 mm away (at most 60 mm)" in str(note)


def test_a_point_without_a_whole_vertebra_takes_none():
    found, (note,) = nearest(stacked(["T8", "T9"]), (40.0, 30.0, 30.0))
    assert found == ()
    assert "there is none" in str(note)


@pytest.mark.parametrize("point", [(1.0, 2.0), (1.0, 2.0, float("nan"))])
def test_a_point_that_is_none_is_refused(point):
    with pytest.raises(InputError, match="near_mm must be three finite numbers"):
        nearest(stacked(["L4"]), point)
