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

Ellipse = NDArray[np.float64]

_STEP_MM = 5.0
_LEAST_MM2 = 12.0
_ROUND = 1.25  # axes that differ by less: one disc (proposed)


def vessels(
    labels: Volume, low_mm: float, high_mm: float, bones: Sequence[Implicit] = ()
) -> dict[str, Structure]:
    """Each labelled vessel between two heights, as *measured* tubes.

    In every axial slice (about 5 mm apart) each part of the label is taken for an ellipse of the
    same second moments, and that for three discs side by side: in its middle and at both ends of
    its long axis, so that a vein that lies flat on bone does not reach into it; what a vein that
    bends round a vertebra would still have in it is moved out. A round vessel is one tube. Parts of
    neighbouring slices are one course where the middle of one lies over the other, as ascending and
    descending aorta do not; a gap ends a tube and the next slice starts another.

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
        ellipses = [_ellipses(labels, int(index), numbers[name]) for index in wanted]
        tubes = tuple(
            Tube(clear_of(one.points_mm, one.radius_mm, bones), one.radius_mm)
            for course in _courses(ellipses)
            for one in _tubes(course)
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


def _ellipses(labels: Volume, index: int, number: int) -> list[Ellipse]:
    """A vessel's parts in one slice, the largest first."""
    parts, count = ndimage.label(labels.array[index] == number)
    pixel_mm2 = float(np.prod(labels.spacing_mm[1:]))
    found = [np.argwhere(parts == part) for part in range(1, count + 1)]
    large = [pixels for pixels in found if len(pixels) * pixel_mm2 >= _LEAST_MM2]
    large.sort(key=len, reverse=True)
    return [
        _ellipse(
            labels.patient_from_voxel.apply(np.insert(pixels.astype(float), 0, index, axis=1)),
            pixel_mm2,
        )
        for pixels in large
    ]


def _ellipse(places: Ellipse, pixel_mm2: float) -> Ellipse:
    """Centre, way of the long axis and half widths (8,) of pixels (N, 3) in the patient."""
    centre = places.mean(axis=0)
    spread, axes = np.linalg.eigh((places - centre).T @ (places - centre) / len(places))
    pixel = pixel_mm2 / 12.0  # a pixel has a width of its own
    ratio = np.sqrt((spread[2] + pixel) / (spread[1] + pixel))
    wide = np.sqrt(len(places) * pixel_mm2 / np.pi * ratio)  # an ellipse of this area
    return np.concatenate([centre, axes[:, 2], [wide, wide / ratio]])


def _courses(slices: Sequence[list[Ellipse]]) -> list[list[Ellipse]]:
    """The parts of slices in turn, those that go on in one another together; the longest first."""
    done: list[list[Ellipse]] = []
    open_: list[list[Ellipse]] = []
    for parts in slices:
        left, going = list(parts), []
        for course in open_:
            near = [_apart(course[-1], one) for one in left]
            if near and min(near) < 1.0:
                going.append([*course, left.pop(int(np.argmin(near)))])
            else:
                done.append(course)
        open_ = [*going, *([one] for one in left)]
    return sorted([*done, *open_], key=len, reverse=True)


def _apart(one: Ellipse, other: Ellipse) -> float:
    """Distance of two middles across the slice, in half widths of the wider part."""
    return float(np.hypot(*(one - other)[:2]) / max(one[6], other[6]))


def _tubes(course: list[Ellipse]) -> tuple[Tube, ...]:
    """One tube along a course, or three side by side where it is flat; none of one slice."""
    if len(course) < 2:
        return ()
    stack = np.stack(course)
    centre, long, wide, narrow = stack[:, :3], stack[:, 3:6], stack[:, 6], stack[:, 7]
    turns = np.sign((long[1:] * long[:-1]).sum(axis=1))  # an axis has no direction
    long = long * np.cumprod(np.concatenate([[1.0], np.where(turns < 0, -1.0, 1.0)]))[:, None]
    flat = bool((wide > _ROUND * narrow).any())
    radius = narrow if flat else np.sqrt(wide * narrow)
    return tuple(
        Tube(centre + (way * (wide - narrow))[:, None] * long, radius)
        for way in ((0.0, -1.0, 1.0) if flat else (0.0,))
    )
