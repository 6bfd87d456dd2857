"""`scene_of`: a patient as voxels along the axes of a C-arm, for the Monte Carlo."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import Materials
from validation.scatter.simulation import Scene

VOXEL_CM = 0.4


def scene_of(patient: Materials, carm: CArm, *, half: float, aside_cm: float = 12.0) -> Scene:
    """The patient within ``aside_cm`` of the beam; the beam covers the detector.

    Metal is left out. Axes are columns, rows and the central ray of the picture.
    """
    plane = 0.1 * carm.source_detector_mm
    sides = 0.5 * np.array(carm.shape[::-1]) * carm.pixel_mm * 0.1 / plane
    middle = 0.1 * carm.source_isocentre_mm
    low = np.array([*(-sides * plane - aside_cm), middle - 26.0])
    high = np.array([*(sides * plane + aside_cm), min(middle + 26.0, plane - 1.0)])
    count = np.round((high - low) / VOXEL_CM).astype(int)
    high = low + count * VOXEL_CM
    axes = [a + (np.arange(n) + 0.5) * VOXEL_CM for a, n in zip(low, count, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) * 10.0
    at_mm = carm.patient_from_carm.apply(points)
    density = np.zeros((2, *count))
    beyond = {} if patient.beyond is None else {"soft": patient.beyond}
    for bases in (patient.bases, patient.inset, beyond):
        for name, basis in bases.items():
            if name not in ("soft", "bone"):
                continue
            at = basis.patient_from_voxel.inverse().apply(at_mm)
            density[int(name == "bone")] += ndimage.map_coordinates(
                basis.density, np.moveaxis(at, -1, 0), order=1, mode="constant"
            )
    body = np.argwhere(density.sum(axis=0) > 0.01)
    first, last = body.min(axis=0), body.max(axis=0) + 1
    cut = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    return Scene(
        np.ascontiguousarray(density[:, *cut]),
        low + first * VOXEL_CM,
        low + last * VOXEL_CM,
        plane,
        half,
        np.array([*sides, 0.0, 0.0]),
    )
