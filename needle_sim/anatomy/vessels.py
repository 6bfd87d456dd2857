"""Great vessels of a labelled CT as round tubes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.course import clear_of
from needle_sim.geometry.shapes import Implicit, Tube
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
_ROUND = 1.25  # axes that differ by less: one disc (proposed)


def vessels(
    labels: Volume, low_mm: float, high_mm: float, bones: Sequence[Implicit] = ()
) -> dict[str, Structure]:
    """Each labelled vessel between two heights, as *measured* tubes.

    In every axial slice (about 5 mm apart) the label's largest part is taken for an ellipse of the
    same second moments, and that for three discs side by side: in its middle and at both ends of
    its long axis, so that a vein that lies flat on bone does not reach into it; what a vein that
    bends round a vertebra would still have in it is moved out. A round vessel is one tube. A gap
    ends a tube and the next slice starts another.

    Parameters
    ----------
    labels : Volume
        TotalSegmentator class numbers, slices about axial.
    low_mm, high_mm : float
        Patient z between which vessels are wanted.
    bones : sequence of Implicit
        Fitted bones, in the patient.
    """
    heights = labels.patient_from_voxel.apply(_slice_centres(labels))[:, 2]
    step = max(1, round(_STEP_MM / float(labels.spacing_mm[0])))
    wanted = np.flatnonzero((heights >= low_mm) & (heights <= high_mm))[::step]
    found = {}
    numbers = {name: number for number, name in LABEL_NAMES.items()}
    for name in VESSELS:
        ellipses = [_ellipse(labels, int(index), numbers[name]) for index in wanted]
        tubes = tuple(
            Tube(clear_of(one.points_mm, one.radius_mm, bones), one.radius_mm)
            for one in _tubes(ellipses)
        )
        if tubes:
            found[name] = Structure(name, "vessel", tubes, "measured")
    return found


def _slice_centres(labels: Volume) -> NDArray[np.float64]:
    count, rows, columns = labels.shape
    index = np.zeros((count, 3))
    index[:, 0] = np.arange(count)
    index[:, 1:] = (rows - 1) / 2, (columns - 1) / 2
    return index


def _ellipse(labels: Volume, index: int, number: int) -> NDArray[np.float64] | None:
    """A vessel's largest part in one slice: centre, way of its long axis, half widths (8,)."""
    mask = labels.array[index] == number
    if not mask.any():
        return None
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    pixels = np.argwhere(parts == int(sizes.argmax()))
    area = len(pixels) * float(np.prod(labels.spacing_mm[1:]))
    if area < _LEAST_MM2:
        return None
    places = labels.patient_from_voxel.apply(np.insert(pixels.astype(float), 0, index, axis=1))
    centre = places.mean(axis=0)
    spread, axes = np.linalg.eigh((places - centre).T @ (places - centre) / len(places))
    pixel = float(np.prod(labels.spacing_mm[1:])) / 12.0  # a pixel has a width of its own
    ratio = np.sqrt((spread[2] + pixel) / (spread[1] + pixel))
    wide = np.sqrt(area / np.pi * ratio)  # an ellipse of this area
    return np.concatenate([centre, axes[:, 2], [wide, wide / ratio]])


def _tubes(ellipses: list[NDArray[np.float64] | None]) -> tuple[Tube, ...]:
    runs: list[list[NDArray[np.float64]]] = [[]]
    for ellipse in ellipses:
        if ellipse is None:
            runs.append([])
        else:
            runs[-1].append(ellipse)
    found = []
    for run in runs:
        if len(run) > 1:
            stack = np.stack(run)
            centre, long, wide, narrow = stack[:, :3], stack[:, 3:6], stack[:, 6], stack[:, 7]
            turns = np.sign((long[1:] * long[:-1]).sum(axis=1))  # an axis has no direction
            long = (
                long * np.cumprod(np.concatenate([[1.0], np.where(turns < 0, -1.0, 1.0)]))[:, None]
            )
            flat = bool((wide > _ROUND * narrow).any())
            for way in (0.0, -1.0, 1.0) if flat else (0.0,):
                radius = narrow if flat else np.sqrt(wide * narrow)
                found.append(Tube(centre + (way * (wide - narrow))[:, None] * long, radius))
    return tuple(found)
