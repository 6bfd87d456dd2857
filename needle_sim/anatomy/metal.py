"""Metal in a CT: how much, and which labelled vertebrae lie near it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from needle_sim.anatomy.label_column import coarser
from needle_sim.volume.label_names import COLUMN_NUMBERS
from needle_sim.volume.volume import Note, Volume

METAL_HU = 2500.0
"""Above the densest cortical bone (about 1500-2000) and below titanium (3000 and more; facts of
tissue, from memory)."""

SATURATED_HU = 3071.0
"""Where twelve bits of HU end: values are cut off there."""

LEAST_ML = 0.3
"""A pedicle screw of 5.5 x 45 mm has 1.1 mL; less is a clip or a tooth's filling (proposed)."""

NEAR_MM = 15.0
"""Streaks and bright rims reach at least so far from a screw (proposed)."""

_MOST_POINTS = 20_000


def metal_notes(ct: Volume, labels: Volume | None, patient: NDArray[np.bool_]) -> tuple[Note, ...]:
    """A note where the patient holds metal, or contrast as dense.

    Parameters
    ----------
    ct : Volume
        In HU.
    labels : Volume or None
        In our numbers, on the same grid.
    patient : (I, J, K) array of bool
        From `needle_sim.anatomy.skin.find_patient`.
    """
    if float(ct.array.max()) < METAL_HU:
        return ()
    there = (ct.array >= METAL_HU) & patient
    voxel_ml = float(np.prod(ct.spacing_mm)) * 1e-3
    volume_ml = float(np.count_nonzero(there)) * voxel_ml
    if volume_ml < LEAST_ML:
        return ()
    value = f"{volume_ml:.1f} mL above {METAL_HU:.0f} HU"
    cut_off = float(np.count_nonzero(there & (ct.array == SATURATED_HU))) * voxel_ml
    if cut_off >= LEAST_ML:
        value += f", {cut_off:.1f} mL of it cut off at {SATURATED_HU:.0f} HU"
    low, high = ct.patient_from_voxel.apply(_ends(there))[:, 2]
    middle = ct.patient_from_voxel.apply(np.argwhere(there).mean(axis=0))
    told = ", ".join(f"{one:.0f}" for one in middle)
    value += f", about ({told}) mm, z {min(low, high):.0f} to {max(low, high):.0f} mm"
    near = _near(labels, ct, there)
    value += f", near {', '.join(near)}" if near else ", near no labelled vertebra"
    text = (
        "metal in the CT (or contrast as dense): HU beside it are false, so fits, tissues and "
        "pictures are less sure there"
    )
    return (Note("", "metal", value, text),)


def _ends(there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """First and last slice (2, 3) that hold some of it, in the middle of rows and columns."""
    slices = np.flatnonzero(there.any(axis=(1, 2)))
    ends = np.zeros((2, 3))
    ends[:, 0] = slices[[0, -1]]
    ends[:, 1:] = (np.array(there.shape[1:]) - 1) / 2
    return ends


def _near(labels: Volume | None, ct: Volume, there: NDArray[np.bool_]) -> list[str]:
    if labels is None:
        return []
    index = np.argwhere(there)
    at = ct.patient_from_voxel.apply(index[:: max(1, len(index) // _MOST_POINTS)])
    tree, coarse = cKDTree(at), coarser(labels)
    found = []
    for name, number in COLUMN_NUMBERS.items():
        points = coarse.patient_from_voxel.apply(np.argwhere(coarse.array == number))
        if len(points) and tree.query(points, distance_upper_bound=NEAR_MM)[0].min() <= NEAR_MM:
            found.append(name)
    return found
