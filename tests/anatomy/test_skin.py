from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.skin import find_patient, without_table
from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume, axis_aligned

SHAPE = (20, 70, 100)


def trunk(step_mm: float = 3.0, *, shift_columns: float = 0.0) -> tuple[Volume, np.ndarray]:
    """An elliptic trunk of fat with a lung and a bowel loop, and its exact mask."""
    row, column = np.mgrid[: SHAPE[1], : SHAPE[2]].astype(float)
    column = column - SHAPE[2] / 2 - shift_columns
    row = row - 30.0
    inside = (column / 38) ** 2 + (row / 24) ** 2 < 1
    gas = (column + 15) ** 2 + row**2 < 8**2
    slice_hu = np.where(gas, -900, np.where(inside, -90, -1000))
    array = np.repeat(slice_hu[None], SHAPE[0], axis=0).astype(np.int16)
    mask = np.repeat(inside[None], SHAPE[0], axis=0)
    return Volume(array, axis_aligned([step_mm] * 3, [0, 0, 0])), mask


def on_a_table(ct: Volume) -> Volume:
    """A shell 3 mm thick that touches the back, a second one below it and a wire in front."""
    array = ct.array.copy()
    array[:, 54, 20:80] = 100
    array[:, 60, 5:95] = 400
    array[:, 2:5, 60] = 50
    return Volume(array, ct.patient_from_voxel)


def test_the_body_is_found_with_its_gas_and_without_the_table():
    ct, truth = trunk()
    found, notes = find_patient(on_a_table(ct))

    assert not (found & ~truth).sum() > 20 * SHAPE[0]  # what touches the back may stay, per slice
    assert (truth & ~found).sum() == 0
    assert not found[:, 57:].any()
    assert not found[:, :5].any()
    assert any("table" in note.text for note in notes)


def test_outside_is_air_and_inside_is_as_it_was():
    ct, _ = trunk()
    table = on_a_table(ct)
    found, _ = find_patient(table)

    clean = without_table(table, found)

    assert (clean.array[~found] == -1000).all()
    np.testing.assert_array_equal(clean.array[found], table.array[found])
    assert clean.array[:, 60].max() == -1000


def test_a_clean_body_is_found_exactly_and_without_notes():
    ct, truth = trunk()
    found, notes = find_patient(ct)
    np.testing.assert_array_equal(found, truth)
    assert notes == ()


def test_a_fine_grid_gives_the_same_body_to_a_voxel_of_its_rim():
    ct, truth = trunk(step_mm=1.0)
    array = np.repeat(ct.array, 20, axis=0)
    found, _ = find_patient(Volume(array, ct.patient_from_voxel))
    np.testing.assert_array_equal(found, np.repeat(truth, 20, axis=0))


def test_where_the_field_cuts_the_skin_its_edge_closes_the_body_and_is_noted():
    ct, truth = trunk(shift_columns=20.0)
    found, notes = find_patient(ct)

    np.testing.assert_array_equal(found, truth)
    (note,) = notes
    assert "the left edge of the field of view cuts the skin" in note.text
    assert note.value == f"{SHAPE[0]} of {SHAPE[0]} slices"


def test_a_picture_without_a_body_is_refused():
    ct, _ = trunk()
    empty = Volume(np.full_like(ct.array, -1000), ct.patient_from_voxel)
    with pytest.raises(InputError, match=r"0 mL above -300 HU, at least 500 mL"):
        find_patient(empty)
