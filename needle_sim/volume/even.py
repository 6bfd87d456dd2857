"""`evened`: uneven slices read onto even ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.volume.volume import Note, Volume

_OFF_MM = 0.05  # slices may stray so far from the line through the first and the last
_MOST = 4000


def evened(volume: Volume) -> Volume:
    """The same volume on even slices; itself if they are even already.

    Values are interpolated linearly from slice to slice, at a row and a column of the array, onto
    slices about as far apart as the nearest two (labels: from the nearest slice). A note says so.

    Raises
    ------
    InputError
        Where slices do not lie along one line, or their order is not that of the array.
    """
    if volume.slice_mm is None:
        return volume
    at_mm = _along(volume.slice_mm)
    gaps = np.diff(at_mm)
    count = int(np.ceil(at_mm[-1] / gaps.min() - 1e-6)) + 1
    if count > _MOST:
        raise InputError(
            f"slices are {gaps.min():.3g} to {gaps.max():.3g} mm apart: even ones would be "
            f"{count}, over {_MOST}; leave out slices that lie together"
        )
    wanted = np.linspace(0.0, at_mm[-1], count)
    low = np.clip(np.searchsorted(at_mm, wanted, side="right") - 1, 0, len(gaps) - 1)
    share = (wanted - at_mm[low]) / gaps[low]
    array = np.empty((count, *volume.shape[1:]), volume.array.dtype)
    for n, (index, part) in enumerate(zip(low, share, strict=True)):
        array[n] = _between(volume.array[index], volume.array[index + 1], part, volume.quantity)
    matrix = volume.patient_from_voxel.matrix.copy()
    matrix[:3, 3] = volume.slice_mm[0]
    matrix[:3, 0] = (volume.slice_mm[-1] - volume.slice_mm[0]) / (count - 1)
    told = f"{gaps.min():.3g} to {gaps.max():.3g} mm"
    text = f"slices {told} apart were read onto {count} even ones"
    place = volume.patient_from_voxel
    return replace(
        volume,
        array=array,
        patient_from_voxel=Transform(matrix, target=place.target, source=place.source),
        slice_mm=None,
        notes=(*volume.notes, Note("", "ImagePositionPatient", told, text)),
    )


def _along(slice_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance (I,), mm, of each slice from the first, along the line to the last."""
    if len(slice_mm) < 2:
        raise InputError(f"uneven slices need two positions at least, got {len(slice_mm)}")
    ways = slice_mm - slice_mm[0]
    length = float(np.linalg.norm(ways[-1]))
    at_mm = ways @ ways[-1] / max(length, 1e-9)
    off = np.linalg.norm(ways - at_mm[:, None] * ways[-1] / max(length, 1e-9), axis=1)
    if off.max() > _OFF_MM:
        raise InputError(
            f"slice {int(off.argmax())} lies {off.max():.2f} mm beside the line of the others, "
            f"over {_OFF_MM:g}; leave it out"
        )
    if not (np.diff(at_mm) > 0).all():
        raise InputError(
            "slices must lie in the order of the array, one after the other; sort them"
        )
    return np.asarray(at_mm)


def _between(one: NDArray[Any], other: NDArray[Any], share: float, quantity: str) -> NDArray[Any]:
    if quantity in ("label", "mask"):
        return one if share < 0.5 else other
    mixed = np.asarray(one * (1.0 - share) + other * share)
    whole = one.dtype.kind in "iu"
    return np.asarray(np.rint(mixed) if whole else mixed, dtype=one.dtype)
