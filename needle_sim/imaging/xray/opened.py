"""`opened`: the part of a picture that the blades leave open; measured is what lies there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.exposure import Radiograph

Image = NDArray[np.float32]
Box = tuple[slice, slice]

_OPEN = 0.9  # share of the beam from which a pixel counts as in the field


def opened(shot: Radiograph) -> Box:
    """Rows and columns about the open field; the whole picture where nothing is collimated.

    Corners that an iris shuts lie in the box.
    """
    share = shot.truth.get("open")
    inside = np.ones(shot.array.shape, bool) if share is None else np.asarray(share) >= _OPEN
    if not inside.any():  # all of it is penumbra: nothing better is known
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(inside.any(axis=1 - axis)) for axis in (0, 1))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def shut(image: Image, shot: Radiograph) -> Image:
    """A subtraction (R, C) without the noise that lies under the blades of its picture."""
    share = shot.truth.get("open")
    return image if share is None else np.asarray(image * np.asarray(share), dtype=np.float32)
