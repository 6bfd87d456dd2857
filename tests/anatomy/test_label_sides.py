from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.label_sides import check_sides
from needle_sim.errors import InputError
from needle_sim.volume.dicom import load_series
from needle_sim.volume.label_names import COLUMN_NUMBERS, NUMBERS
from needle_sim.volume.labels import load_labels
from tests.anatomy.block_spine import column, filled, labelled, scanned, spine

PLACES = {  # x, mm
    **{"kidney_left": 60.0, "kidney_right": -60.0, "hip_left": 80.0, "hip_right": -80.0},
    **{"liver": -50.0, "spleen": 75.0, "aorta": 10.0, "inferior_vena_cava": -12.0},
}


def body(*names, mirrored=(), x_mm=0.0):
    """A spine with some structures beside it; those of ``mirrored`` on the wrong side."""
    array = spine(column(("L1", "L2", "L3")), x_mm=x_mm)
    for name in names:
        x = PLACES[name] * (-1 if name in mirrored else 1)
        high = 150.0 if name.startswith("hip") else 60.0
        filled(array, (x - 8, -50, high), (x + 8, -30, high + 40), NUMBERS[name])
    return array


def checked(array, ct=None):
    return check_sides(scanned(array) if ct is None else ct, labelled(array))


def test_structures_on_their_sides_say_nothing():
    assert checked(body(*PLACES)) == ()
    assert checked(body()) == ()


def test_names_that_are_swapped_are_refused():
    pair = ("kidney_left", "kidney_right")
    with pytest.raises(InputError, match=r"swapped against the CT: kidney_left lies on the other"):
        checked(body(*pair, mirrored=pair))


def test_one_pair_among_right_ones_is_a_note():
    hips = ("hip_left", "hip_right")
    (note,) = checked(body(*PLACES, mirrored=hips))
    assert (note.value, "other side" in note.text) == ("hip_left", True)


@pytest.mark.parametrize(
    "names", [("liver", "spleen"), ("aorta", "inferior_vena_cava"), ("spleen",)]
)
def test_without_pairs_organs_of_one_side_are_asked(names):
    assert checked(body(*names)) == ()
    with pytest.raises(InputError, match=r"swapped against the CT: .* other side of the spine"):
        checked(body(*names, mirrored=names))


def test_organs_that_lie_mirrored_among_right_pairs_are_a_note():
    (note,) = checked(body(*PLACES, mirrored=("liver", "spleen", "aorta", "inferior_vena_cava")))
    assert "situs inversus" in note.text


@pytest.mark.parametrize("plane", ["the grid", "x = 0"])
def test_vertebrae_alone_that_fit_the_bone_better_when_mirrored_are_refused(plane):
    right = body(x_mm=30.0)
    ct = scanned(right)
    if plane == "x = 0":  # the grid's middle is not the patient's
        array = body(x_mm=-30.0 - 5.0 + 5.0)
    else:
        array = np.ascontiguousarray(right[..., ::-1])
    assert check_sides(ct, labelled(right)) == ()
    with pytest.raises(InputError, match=r"lies on bone, \d+% of it when the labels are mirrored"):
        check_sides(ct, labelled(array))


def test_labels_beside_the_bone_are_not_called_mirrored():
    ct = scanned(body())
    off = np.roll(body(), 12, axis=1)  # 30 mm back, as bad mirrored
    assert check_sides(ct, labelled(off)) == ()


@pytest.mark.real
@pytest.mark.parametrize("what", ["all", "vertebrae"])
def test_a_real_map_is_refused_when_it_is_flipped(lumbar, what):
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    array = labels.array
    if what == "vertebrae":
        array = np.where(np.isin(array, list(COLUMN_NUMBERS.values())), array, 0)
    array = array.astype(np.uint16)
    assert check_sides(ct, labels.like(array, "label")) == ()
    across = int(np.abs(labels.patient_from_voxel.matrix[0, :3]).argmax())
    flipped = labels.like(np.ascontiguousarray(np.flip(array, across)), "label")
    with pytest.raises(InputError, match="left and right of the labels are swapped"):
        check_sides(ct, flipped)
