"""`body_of`: what of a slice is body."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BODY_FROM_HU = -300.0
"""From here on a voxel of a slice is body; what it encloses is filled (proposed)."""


def body_of(hu: NDArray[Any]) -> NDArray[np.bool_]:
    """Body (J, K) in a slice, what it encloses filled, specks gone."""
    opened = ndimage.binary_opening(hu > BODY_FROM_HU, iterations=2)
    return np.asarray(ndimage.binary_fill_holes(opened), dtype=np.bool_)
