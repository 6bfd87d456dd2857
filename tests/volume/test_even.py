import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.volume.even import evened
from needle_sim.volume.volume import Volume, axis_aligned

HEIGHTS = np.array([0.0, 3.0, 6.0, 7.5, 12.0])


def uneven(dtype=np.float32, quantity="hu", heights=HEIGHTS, lean=0.0):
    """Slices whose value is 10 a millimetre; ``lean`` shifts each backwards as a tilted gantry."""
    array = np.broadcast_to(10 * heights[:, None, None], (len(heights), 3, 4)).astype(dtype)
    at = np.stack([np.full_like(heights, 5.0), lean * heights, 100.0 + heights], axis=1)
    return Volume(array, axis_aligned([3.0, 2.0, 1.0], at[0]), quantity, slice_mm=at)


@pytest.mark.parametrize("lean", [0.0, 0.3])
def test_what_grows_evenly_along_the_slices_does_so_afterwards(lean):
    found = evened(uneven(lean=lean))
    assert found.slice_mm is None
    assert found.shape == (9, 3, 4)  # the nearest two lie 1.5 mm apart, over 12 mm
    places = found.patient_from_voxel.apply(np.stack([np.arange(9), [0] * 9, [0] * 9], axis=1))
    assert np.diff(places[:, 2]) == pytest.approx(1.5)
    assert places[:, 1] == pytest.approx(lean * (places[:, 2] - 100.0))
    assert found.array[:, 1, 2] == pytest.approx(10 * (places[:, 2] - 100.0), abs=1e-4)


def test_integers_stay_integers_and_labels_are_never_mixed():
    assert evened(uneven(np.int16)).array.dtype == np.int16
    labels = evened(uneven(np.uint16, "label"))
    assert set(np.unique(labels.array)) <= set((10 * HEIGHTS).astype(int))


def test_a_note_says_what_was_done_and_even_slices_are_left_alone():
    found = evened(uneven())
    assert "1.5 to 4.5 mm apart were read onto 9 even ones" in found.warnings[-1]
    plain = Volume(np.zeros((2, 2, 2), np.int16), axis_aligned([1, 1, 1], [0, 0, 0]))
    assert evened(plain) is plain


def test_slices_beside_the_line_out_of_order_or_too_near_are_refused():
    volume = uneven()
    for change, message in (
        ((2, 1, 0.4), r"slice 2 lies 0.40 mm beside the line"),
        ((3, 2, -3.0), r"order of the array"),
        ((1, 2, -2.9999), r"over 4000"),
    ):
        at = volume.slice_mm.copy()
        at[change[0], change[1]] += change[2]
        with pytest.raises(InputError, match=message):
            evened(Volume(volume.array, volume.patient_from_voxel, "hu", slice_mm=at))
