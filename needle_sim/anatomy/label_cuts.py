"""Which edge of a volume cuts a labelled bone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.skin import side_of
from needle_sim.errors import InputError
from needle_sim.volume.label_names import COLUMN_NUMBERS
from needle_sim.volume.volume import Volume

SACRUM_MM = 60.0
"""S1 is whole where its label reaches so far below its highest point: from the tip of the articular
process to the disc below S1 it is about 45 mm, more on a steep sacrum (proposed)."""

SACRAL = (COLUMN_NUMBERS["S1"], COLUMN_NUMBERS["sacrum"])
"""S1 may be labelled by itself, as part of the sacrum, or both."""

_TIP_SHARE = 0.05  # of the largest section, on the upper face: more than the tip of a process
_BODY_SHARE = 0.4
"""A label is cut through its body where a face of the grid shows this much of its largest section;
less is the tip of a process (proposed)."""

Box = tuple[slice, ...]


def cut_edge(labels: Volume, *numbers: int) -> str | None:
    """The edge of the volume that cuts through a label's body, such as ``"lower"``, or ``None``.

    A label that ends one voxel before the face counts as cut by it: resampling a label map drops
    the last slice. Of several numbers, that of all of them together.
    """
    box = box_of(ndimage.find_objects(labels.array, max(numbers)), numbers)
    if box is None:
        raise InputError(f"label {' or '.join(map(str, numbers))} is not in the label map")
    return cut_in(labels, numbers, box)


def box_of(boxes: Sequence[Box | None], numbers: tuple[int, ...]) -> Box | None:
    """The box about all of these numbers, ``None`` where there is none of them."""
    found = [boxes[n - 1] for n in numbers if n <= len(boxes)]
    there = [box for box in found if box is not None]
    if not there:
        return None
    axes = zip(*there, strict=True)
    return tuple(slice(min(s.start for s in a), max(s.stop for s in a)) for a in axes)


def cut_in(labels: Volume, numbers: tuple[int, ...], box: Box) -> str | None:
    """The same for a label whose box is known."""
    mask = np.isin(labels.array[box], numbers)
    for axis in range(3):
        area = mask.sum(axis=tuple(k for k in range(3) if k != axis))
        ends = (box[axis].start <= 1, box[axis].stop >= labels.shape[axis] - 1)
        for high, (near, section) in enumerate(zip(ends, (area[0], area[-1]), strict=True)):
            side = side_of(labels, axis, bool(high))
            if near and _cuts_body(numbers, side, section / area.max(), mask, labels):
                return side
    return None


def _cuts_body(
    numbers: tuple[int, ...], side: str, share: float, mask: NDArray[np.bool_], labels: Volume
) -> bool:
    """Whether a face that shows this share of the largest section takes from the body."""
    if numbers != SACRAL:
        return share >= _BODY_SHARE
    if side == "upper":  # its articular processes are on top
        return share >= _TIP_SHARE
    if side == "lower":  # the rest of the sacrum may lie outside
        axis = int(np.argmax(np.abs(labels.patient_from_voxel.matrix[2, :3])))
        return bool(mask.shape[axis] * labels.spacing_mm[axis] < SACRUM_MM)
    return share >= _BODY_SHARE
