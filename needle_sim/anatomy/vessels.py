"""Great vessels of a labelled CT as round tubes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Structure
from needle_sim.geometry.shapes import Tube
from needle_sim.volume.labels import LABEL_NAMES
from needle_sim.volume.volume import Volume

VESSELS = (
    "aorta",
    "inferior_vena_cava",
    "iliac_artery_left",
    "iliac_artery_right",
    "iliac_vena_left",
    "iliac_vena_right",
)
"""Names in `needle_sim.volume.labels.LABEL_NAMES`."""

_STEP_MM = 5.0
_LEAST_MM2 = 12.0


def vessels(labels: Volume, low_mm: float, high_mm: float) -> dict[str, Structure]:
    """Each labelled vessel between two heights, as *measured* tubes.

    In every axial slice (about 5 mm apart) the centre of the label's largest part, with the radius
    of a disc of the same area; a gap ends a tube and the next slice starts another.

    Parameters
    ----------
    labels : Volume
        TotalSegmentator class numbers, slices about axial.
    low_mm, high_mm : float
        Patient z between which vessels are wanted.
    """
    heights = labels.patient_from_voxel.apply(_slice_centres(labels))[:, 2]
    step = max(1, round(_STEP_MM / float(labels.spacing_mm[0])))
    wanted = np.flatnonzero((heights >= low_mm) & (heights <= high_mm))[::step]
    found = {}
    numbers = {name: number for number, name in LABEL_NAMES.items()}
    for name in VESSELS:
        tubes = _tubes([_disc(labels, int(index), numbers[name]) for index in wanted])
        if tubes:
            found[name] = Structure(name, "vessel", tubes, "measured")
    return found


def _slice_centres(labels: Volume) -> NDArray[np.float64]:
    count, rows, columns = labels.shape
    index = np.zeros((count, 3))
    index[:, 0] = np.arange(count)
    index[:, 1:] = (rows - 1) / 2, (columns - 1) / 2
    return index


def _disc(labels: Volume, index: int, number: int) -> NDArray[np.float64] | None:
    """Centre and radius (4,) in the patient of a vessel's largest part in one slice."""
    mask = labels.array[index] == number
    if not mask.any():
        return None
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest = int(sizes.argmax())
    pixel = float(np.prod(labels.spacing_mm[1:]))
    if sizes[largest] * pixel < _LEAST_MM2:
        return None
    row, column = np.argwhere(parts == largest).mean(axis=0)
    centre = labels.patient_from_voxel.apply([index, row, column])
    return np.append(centre, np.sqrt(sizes[largest] * pixel / np.pi))


def _tubes(discs: list[NDArray[np.float64] | None]) -> tuple[Tube, ...]:
    runs: list[list[NDArray[np.float64]]] = [[]]
    for disc in discs:
        if disc is None:
            runs.append([])
        else:
            runs[-1].append(disc)
    stacks = [np.stack(run) for run in runs if len(run) > 1]
    return tuple(Tube(stack[:, :3], stack[:, 3]) for stack in stacks)
