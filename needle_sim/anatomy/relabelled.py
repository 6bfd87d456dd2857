"""`label_map`: an `Anatomy` as a label map in the numbers of TotalSegmentator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import tissues
from needle_sim.errors import InputError
from needle_sim.volume.label_names import COLUMN_NUMBERS, NUMBERS, number_of
from needle_sim.volume.volume import Volume

_LIKE = {"psoas": "iliopsoas", "multifidus": "autochthon", "erector_spinae": "autochthon"}
"""Muscles that TotalSegmentator calls otherwise, or joins."""

Distance = Callable[[ArrayLike], NDArray[np.float64]]


def label_map(anatomy: Anatomy) -> Volume:
    """Bones, great vessels, cord and organs of an anatomy by the numbers of `LABEL_NAMES`.

    Bones and vessels come from their exact surfaces, by the centre of each voxel; organs from the
    tissues of the voxels, of pairs the one left of the spine is the left one. S1 is drawn as the
    sacrum that it begins.

    Raises
    ------
    InputError
        There is no bone of the spine in it.
    """
    if not any(name in COLUMN_NUMBERS for name in anatomy.bones):
        raise InputError(f"{anatomy.name} has no bones with a surface: there is nothing to label")
    array = _organs(anatomy)
    for one in anatomy.structures.values():
        number = number_of(one.name)
        if number is not None:
            _painted(array, anatomy.labels, number, one.distance_mm, one.box_mm)
    for name, bone in anatomy.bones.items():
        number = _bone_number(name)
        if number is not None:
            _painted(array, anatomy.labels, number, bone.distance_mm, bone.box_mm)
    return anatomy.labels.like(array, "label")


def _bone_number(name: str) -> int | None:
    if name == "S1":
        return NUMBERS["sacrum"]
    return number_of(name.replace("ilium", "hip"))


def _organs(anatomy: Anatomy) -> NDArray[np.uint16]:
    """What the tissues of voxels name: single organs, and kidneys by their side."""
    spine = [body.matrix[0, 3] for body in anatomy.bodies.values()]
    middle = float(np.median(spine)) if spine else float(anatomy.ct.centre_mm[0])
    table = np.zeros((2, len(tissues())), dtype=np.uint16)  # right and left of the spine
    for number, tissue in enumerate(tissues()):
        single = number_of(tissue.name)
        for row, side in enumerate(("right", "left")):
            paired = f"{_LIKE.get(tissue.name, tissue.name)}_{side}"
            found = single or NUMBERS.get(paired)
            if found is not None and found not in COLUMN_NUMBERS.values():
                table[row, number] = found
    out = np.zeros(anatomy.labels.shape, dtype=np.uint16)
    for index, x in _planes(anatomy.labels):
        out[index] = table[(x > middle).astype(int), anatomy.labels.array[index]]
    return out


def _planes(labels: Volume) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Each slice and the x (J, K) of its voxels in the patient."""
    _, rows, columns = labels.shape
    along = labels.patient_from_voxel.matrix[0]
    plane = along[1] * np.arange(rows)[:, None] + along[2] * np.arange(columns) + along[3]
    for index in range(labels.shape[0]):
        yield index, plane + along[0] * index


def _painted(
    array: NDArray[np.uint16],
    grid: Volume,
    number: int,
    distance_mm: Distance,
    box_mm: NDArray[np.float64],
) -> None:
    """Give the voxels whose centres lie inside a surface a number, slice by slice."""
    low, high = box_mm
    corners = np.stack([np.where(pick, high, low) for pick in np.ndindex(2, 2, 2)])
    at = grid.voxels(corners)
    start = np.clip(np.floor(at.min(axis=0)).astype(int), 0, grid.shape)
    stop = np.clip(np.ceil(at.max(axis=0)).astype(int) + 1, 0, grid.shape)
    if not (start < stop).all():
        return
    rows, columns = np.meshgrid(
        np.arange(start[1], stop[1]), np.arange(start[2], stop[2]), indexing="ij"
    )
    part = array[:, start[1] : stop[1], start[2] : stop[2]]
    for index in range(start[0], stop[0]):
        ijk = np.stack([np.full(rows.shape, index), rows, columns], axis=-1).reshape(-1, 3)
        inside = distance_mm(grid.patient_from_voxel.apply(ijk)) < 0
        part[index][inside.reshape(rows.shape)] = number
