"""Skin: what of a CT is the patient, without the table and what lies on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.volume.volume import Note, Volume

Mask = NDArray[np.bool_]

BODY_HU = -300.0
"""Tissue lies above: half-way between air and the middle of fat and soft tissue (proposed)."""

AIR_HU = -1000
"""Air outside the patient, by the definition of the Hounsfield scale."""

_COARSE_MM = 3.0
_TABLE_MM = 12.0
_LEAST_ML = 500.0
_LEAST_PART_MM2 = 500.0


def find_patient(ct: Volume) -> tuple[Mask, tuple[Note, ...]]:
    """Voxels of the patient's body (I, J, K), filled, and what was cut or taken away.

    The largest component of tissue that is left when every sheet thinner than 12 mm (table shells,
    mats, blankets, wires) is opened away; then each slice is filled, so that lungs and bowel gas
    are inside. The search runs on a grid of about 3 mm; only the rim is read at full resolution.

    Parameters
    ----------
    ct : Volume
        In HU, slices about axial.

    Returns
    -------
    mask : (I, J, K) array of bool
    notes : tuple of Note
        The table that was removed, and the sides on which the field of view cuts the skin.
    """
    steps = [max(1, round(_COARSE_MM / float(step))) for step in ct.spacing_mm]
    picked = ct.array[:: steps[0], :: steps[1], :: steps[2]]
    tissue = picked > BODY_HU
    spacing = ct.spacing_mm * steps
    body = _largest(_opened(tissue, spacing))
    litres = float(body.sum()) * float(np.prod(spacing)) * 1e-6
    if litres * 1e3 < _LEAST_ML:
        raise InputError(
            f"the largest body in this CT has {litres * 1e3:.0f} mL above {BODY_HU:.0f} HU, at "
            f"least {_LEAST_ML:.0f} mL are needed: is it a CT of a trunk, in HU?"
        )
    beside = tissue & ~ndimage.binary_dilation(body, iterations=2)
    mask = _at_full_resolution(_filled(body), ct, steps)
    return mask, (*_table_notes(beside, spacing), *_cut_notes(mask, ct))


def without_table(ct: Volume, patient: Mask) -> Volume:
    """The CT (HU) with air, -1000 HU, everywhere outside the patient."""
    array = np.where(patient, ct.array, np.asarray(AIR_HU, dtype=ct.array.dtype))
    return Volume(array, ct.patient_from_voxel, ct.quantity, ct.slice_mm, ct.notes)


def _opened(tissue: Mask, spacing_mm: NDArray[np.float64]) -> Mask:
    """What a ball 12 mm across fits into; faces of the grid count as tissue."""
    reach = int(np.ceil(_TABLE_MM / 2 / spacing_mm.min()))
    axes = [np.arange(-reach, reach + 1) * step for step in spacing_mm]
    ball = sum(a**2 for a in np.meshgrid(*axes, indexing="ij")) <= (_TABLE_MM / 2) ** 2
    eroded = ndimage.binary_erosion(tissue, ball, border_value=1)
    return np.asarray(ndimage.binary_dilation(eroded, ball) & tissue)


def _largest(mask: Mask) -> Mask:
    parts, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax())


def _filled(mask: Mask) -> Mask:
    return np.stack([ndimage.binary_fill_holes(part) for part in mask])


def _at_full_resolution(coarse: Mask, ct: Volume, steps: list[int]) -> Mask:
    """The coarse body; its rim, one coarse voxel to either side, by the HU of each voxel."""
    if max(steps) == 1:
        return coarse
    box = np.ones((3, 3, 3), dtype=bool)
    core = _spread(ndimage.binary_erosion(coarse, box, border_value=1), ct, steps)
    reach = _spread(ndimage.binary_dilation(coarse, box), ct, steps)
    reach &= ct.array > BODY_HU
    core |= reach
    least = _LEAST_PART_MM2 / float(np.prod(ct.spacing_mm[1:]))
    for part in core:
        _drop_small(part, least)
    return core


def _drop_small(part: Mask, least: float) -> None:
    """Take the parts of one slice with fewer than ``least`` pixels away: slivers of a mat."""
    parts, count = ndimage.label(part)
    if count > 1:
        small = np.bincount(parts.ravel()) < least
        small[0] = False
        part[small[parts]] = False


def _spread(coarse: Mask, ct: Volume, steps: list[int]) -> Mask:
    """Each coarse voxel over the full voxels about the one it was picked from."""
    index = [
        np.minimum((np.arange(n) + step // 2) // step, m - 1)
        for n, step, m in zip(ct.shape, steps, coarse.shape, strict=True)
    ]
    return coarse[np.ix_(*index)]


def _table_notes(beside: Mask, spacing_mm: NDArray[np.float64]) -> tuple[Note, ...]:
    litres = float(beside.sum()) * float(np.prod(spacing_mm)) * 1e-6
    if litres < 0.02:
        return ()
    text = "the table and other things outside the body were turned into air"
    return (Note("", "", f"{litres:.1f} L", text),)


def _cut_notes(mask: Mask, ct: Volume) -> tuple[Note, ...]:
    """Sides on which the body runs into the edge of the field, in more than a few voxels."""
    faces = ((1, False, 0), (1, True, -1), (2, False, 0), (2, True, -1))
    notes = []
    for axis, high, index in faces:
        cut = int((np.take(mask, index, axis=axis).sum(axis=1) >= 3).sum())
        if cut:
            side = side_of(ct, axis, high)
            text = f"the {side} edge of the field of view cuts the skin and is taken for skin there"
            notes.append(Note("", "", f"{cut} of {len(mask)} slices", text))
    return tuple(notes)


def side_of(volume: Volume, axis: int, high: bool) -> str:
    """The side of the patient on which a face of a volume lies, such as ``"left"``."""
    outward = volume.patient_from_voxel.matrix[:3, axis] * (1 if high else -1)
    along = int(np.abs(outward).argmax())
    return _SIDES[along][int(outward[along] > 0)]


_SIDES = (("right", "left"), ("front", "back"), ("lower", "upper"))  # low and high in LPS
