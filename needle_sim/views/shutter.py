"""The collimated field on the screen: what is measured for the grey scale, and what is blacked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.views import tone

_OPEN = 0.9  # share of the beam from which a pixel counts as in the field


def measured_field(radiograph: Radiograph) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The signal (R, C) that a grey scale is taken from, and where it is to be trusted (R, C).

    Under the blades the field goes on as it ends, so that shading and window do not see their edge;
    what the end of the volume cuts is not trusted either.
    """
    signal = radiograph.array.astype(np.float64)
    whole = ~_cut(radiograph)
    opened = radiograph.truth.get("open")
    if opened is None:
        return signal, whole
    inside = np.asarray(opened) >= _OPEN
    if not inside.any():  # all of it is penumbra: nothing better is known
        return signal, whole
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return signal[tuple(nearest)], whole & inside


def brightness(radiograph: Radiograph) -> NDArray[np.float64]:
    """Brightness (R, C), 0 to 1: black under blades, dim where the volume ends."""
    shown = tone.whole_mask(~_cut(radiograph))
    opened = radiograph.truth.get("open")
    return shown if opened is None else np.asarray(shown * opened, dtype=np.float64)


def _cut(radiograph: Radiograph) -> NDArray[np.bool_]:
    shape = radiograph.array.shape
    return np.asarray(radiograph.truth.get("cut", np.zeros(shape)), dtype=np.bool_)
