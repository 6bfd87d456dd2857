"""Iodine in a picture: a small volume of its own, projected beside the patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import Basis, Materials, lay_out
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.volume.volume import Volume

IODINE = "iodine"
"""Name of the basis material. Only the iodine is counted: the rest of the solution (about 1.04
g/mL of water and organic molecule in iohexol 240, from its label) stands in for the tissue that it
displaces, and attenuates as that does."""

_ROUNDED_MG_ML = 1e-6
_MG_ML = 1e-3  # 1 mg/mL = 0.001 g/cm3


def iodine_basis(contrast: Volume) -> Basis | None:
    """The iodine of a volume as a basis material, cut to its box; None without any."""
    if contrast.quantity != "iodine_mg_ml":
        raise InputError(
            f"contrast is a volume of iodine_mg_ml, got {contrast.quantity!r}; "
            "`Spread.at` gives one"
        )
    least = float(contrast.array.min())
    if not least >= -_ROUNDED_MG_ML:
        raise InputError(f"contrast holds {least:g} mg/mL of iodine; it must be 0 or more")
    some = contrast.array > 0
    if not some.any():
        return None
    spans = []
    for axis in range(3):
        at = np.flatnonzero(some.any(axis=tuple({0, 1, 2} - {axis})))
        spans.append(slice(int(at[0]), int(at[-1]) + 1))
    shift = np.eye(4)
    shift[:3, 3] = [span.start for span in spans]
    place = contrast.patient_from_voxel @ Transform(shift, target=VOXEL, source=VOXEL)
    part = np.maximum(contrast.array[tuple(spans)], np.float32(0.0))  # what rounding left below 0
    return lay_out(part * np.float32(_MG_ML), place)


def iodine_g_cm2(contrast: Volume, carm: CArm) -> NDArray[np.float32]:
    """Iodine per area (R, C), g/cm2, along the ray of each pixel."""
    basis = iodine_basis(contrast)
    if basis is None:
        return np.zeros(carm.shape, dtype=np.float32)
    return project(Materials({IODINE: basis}), carm).mass_g_cm2[IODINE]


def with_contrast(paths: PathLengths, contrast: Volume) -> PathLengths:
    """The same patient with iodine in it; the patient is not cast again."""
    added = iodine_g_cm2(contrast, paths.carm)
    if not added.any():
        return paths
    mass = dict(paths.mass_g_cm2)
    mass[IODINE] = mass[IODINE] + added if IODINE in mass else added
    return PathLengths(paths.carm, mass, paths.beyond_g_cm2, paths.patient)
