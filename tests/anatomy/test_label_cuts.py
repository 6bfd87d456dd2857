from __future__ import annotations

import pytest

from needle_sim.anatomy.label_cuts import cut_edge
from needle_sim.errors import InputError
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Volume
from tests.anatomy.stacked_labels import stacked


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


def test_a_label_that_is_not_there_has_no_edge():
    with pytest.raises(InputError, match="label 27 is not in the label map"):
        cut_edge(stacked(["L3"], low=20), 27)
