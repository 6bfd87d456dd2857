from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.labelled import (
    NEAR_MM,
    cut_edge,
    in_reach,
    is_labelled,
    near_point,
    on_grid,
)
from needle_sim.errors import InputError
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Volume, axis_aligned

SLICES = 60


def stacked(names: list[str], *, low: int = 4, upside_down: bool = False) -> Volume:
    """Labelled blocks of 8 slices, the last name lowest; each has a process 2 slices below it."""
    numbers = np.zeros((SLICES, 40, 40), dtype=np.uint16)
    for n, name in enumerate(reversed(names)):
        start = low + 10 * n
        numbers[max(start, 0) : start + 8, 10:22, 12:28] = vertebra_label(name)
        numbers[max(start - 2, 0) : max(start, 0), 24:28, 18:22] = vertebra_label(name)
    place = axis_aligned([-3.0 if upside_down else 3.0, 2.0, 2.0], [0, 0, 0])
    return Volume(numbers, place, "label")


def test_the_wanted_vertebra_comes_with_its_neighbours():
    wanted, notes = in_reach(stacked(["L1", "L2", "L3", "L4", "L5"]), ["L3"])
    assert wanted == ("L2", "L3", "L4")
    assert notes == ()


def test_by_default_every_whole_one_is_taken():
    wanted, notes = in_reach(stacked(["L2", "L3", "L4"]))
    assert wanted == ("L2", "L3", "L4")
    assert [note.value for note in notes] == ["L1", "L5"]


def test_a_neighbour_that_is_cut_is_left_out_with_a_note():
    wanted, notes = in_reach(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L2"])
    assert wanted == ("L1", "L2")
    (note,) = notes
    assert "L3 is cut by the lower edge of the volume" in note.text


@pytest.mark.parametrize("name", ["sacrum", "S1"])
def test_the_sacrum_below_l5_is_fitted_as_s1_whatever_its_label(name):
    wanted, notes = in_reach(stacked(["L4", "L5", name]), ["L5"])
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
    assert in_reach(labels, ["L5", "S1"])[0] == ("L5", "S1")


def test_a_sacrum_cut_through_s1_is_refused_and_named():
    labels = sacral(slices=30, low=-15)  # 15 slices, 45 mm
    with pytest.raises(InputError, match=r"^S1 is cut by the lower edge of the volume; .*L5"):
        in_reach(labels, ["L5", "S1"])
    wanted, (_, note) = in_reach(labels, ["L5"])
    assert wanted == ("L5",)
    assert "S1 is cut by the lower edge" in note.text


def test_a_sacrum_whose_top_lies_outside_is_refused():
    labels = sacral(slices=40, low=25)
    with pytest.raises(InputError, match="S1 is cut by the upper edge"):
        in_reach(labels, ["S1"])


def test_labels_without_a_sacrum_are_refused_for_s1():
    with pytest.raises(InputError, match="vertebra S1 is not in the labels: they hold L4, L5"):
        in_reach(stacked(["L4", "L5"]), ["L5", "S1"])


def test_a_sacrum_without_l5_above_is_refused():
    with pytest.raises(InputError, match="its endplate is found below L5, which is not in the"):
        in_reach(stacked(["L4", "sacrum"], low=4), ["S1"])


def test_below_a_sixth_lumbar_vertebra_s1_is_not_fitted():
    """Its place is found below L5, one level too high there."""
    labels = stacked(["L4", "L5", "L6", "sacrum"])
    wanted, notes = in_reach(labels)
    assert wanted == ("L4", "L5")
    assert "S1 lies below L6, which has no model to fit" in notes[-1].text
    with pytest.raises(InputError, match=r"S1 cannot be fitted: L6 lies on the sacrum.*L4, L5"):
        in_reach(labels, ["L5", "S1"])
    assert near_point(labels, (40.0, 30.0, 30.0))[0] == ("L4", "L5")


def test_a_point_near_the_coccyx_is_not_near_s1():
    labels = sacral(slices=45, low=1)  # 135 mm: the lower half is no part of S1
    far, _ = near_point(labels, (40.0, 30.0, 6.0))
    assert far == ()
    near, _ = near_point(labels, (40.0, 30.0, 120.0))
    assert near == ("L5", "S1")


def test_two_levels_need_no_third_that_is_cut():
    wanted, notes = in_reach(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L1", "L2"])
    assert wanted == ("L1", "L2")
    assert "L3 is cut by the lower edge" in notes[-1].text
    with pytest.raises(InputError, match=r"^L3 is cut by the lower edge .*\(L1, L2\)"):
        in_reach(stacked(["T12", "L1", "L2", "L3"], low=-3), ["L2", "L3"])


@pytest.mark.parametrize(
    ("upside_down", "edge"), [(False, "lower"), (True, "upper")], ids=["lower", "upper"]
)
def test_a_body_on_the_first_slice_is_cut_whichever_way_slices_run(upside_down, edge):
    labels = stacked(["L4", "L5"], low=-2, upside_down=upside_down)
    assert cut_edge(labels, vertebra_label("L5")) == edge
    assert cut_edge(labels, vertebra_label("L4")) is None


def test_a_process_that_touches_the_edge_is_not_a_cut_body():
    labels = stacked(["L1", "L2"], low=1)
    assert labels.array[0].any()
    assert cut_edge(labels, vertebra_label("L2")) is None


@pytest.mark.parametrize(
    ("axis", "low", "edge"),
    [(1, True, "front"), (1, False, "back"), (2, True, "right"), (2, False, "left")],
)
def test_the_side_of_a_cut_is_named_in_the_patient(axis, low, edge):
    labels = stacked(["L3"], low=20)
    size, centre = labels.shape[axis], 16 if axis == 1 else 20
    part = [slice(None)] * 3
    part[axis] = slice(centre, size) if low else slice(0, centre)
    cut = Volume(labels.array[tuple(part)], labels.patient_from_voxel, "label")
    assert cut_edge(cut, vertebra_label("L3")) == edge


def test_a_wanted_vertebra_that_is_cut_is_refused_by_name():
    with pytest.raises(InputError, match=r"^L3 is cut by the lower edge of the volume; .*L1, L2"):
        in_reach(stacked(["L1", "L2", "L3"], low=-3), ["L3"])


def test_a_wanted_vertebra_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"^vertebra L5 is not in the labels: they hold L1, L2$"):
        in_reach(stacked(["L1", "L2"]), ["L5"])


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
        in_reach(stacked(names, low=low, upside_down=upside_down), [wanted])


def test_a_vertebra_without_a_model_is_refused():
    with pytest.raises(InputError, match=r"T12 cannot be fitted: .* L1, L2, L3, L4, L5, S1"):
        in_reach(stacked(["T12", "L1"]), ["T12"])


def test_labels_without_a_lumbar_vertebra_are_refused():
    with pytest.raises(InputError, match="no whole lumbar vertebra is labelled: they hold T12"):
        in_reach(stacked(["T12"]))


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


def test_a_label_that_is_not_there_has_no_edge():
    with pytest.raises(InputError, match="label 27 is not in the label map"):
        cut_edge(stacked(["L3"], low=20), 27)


def test_a_point_takes_the_nearest_vertebra_and_its_neighbours():
    labels = stacked(["L1", "L2", "L3", "L4", "L5"])
    x, y = 40.0, 0.0  # in front of the blocks
    for height, wanted in ((8, ("L4", "L5")), (28, ("L2", "L3", "L4")), (48, ("L1", "L2"))):
        found, _ = near_point(labels, (x, y, 3.0 * height))
        assert found == wanted


def test_a_point_far_from_every_vertebra_takes_none_and_says_so():
    labels = stacked(["L4", "L5"])
    top = 3.0 * 21  # centre of the last slice of L4
    near, _ = near_point(labels, (40.0, 30.0, top + NEAR_MM))
    assert near == ("L4", "L5")
    far, (note,) = near_point(labels, (40.0, 30.0, top + NEAR_MM + 1.0))
    assert far == ()
    assert "L4, 61 mm away (at most 60 mm)" in str(note)


def test_a_point_without_a_whole_vertebra_takes_none():
    found, (note,) = near_point(stacked(["T11", "T12"]), (40.0, 30.0, 30.0))
    assert found == ()
    assert "there is none" in str(note)


@pytest.mark.parametrize("point", [(1.0, 2.0), (1.0, 2.0, float("nan"))])
def test_a_point_that_is_none_is_refused(point):
    with pytest.raises(InputError, match="near_mm must be three finite numbers"):
        near_point(stacked(["L4"]), point)


def test_a_vertebra_is_labelled_where_it_has_a_voxel_under_either_number():
    labels = stacked(["T12", "L1", "sacrum"])
    assert [is_labelled(labels, name) for name in ("T12", "L1", "L2", "S1")] == [
        *(True, True, False, True)
    ]
