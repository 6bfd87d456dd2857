"""`displaced`: how much of the patient gives way to instruments, along each ray and by material."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import Shadow, spread
from needle_sim.imaging.xray.materials import Basis, Materials
from needle_sim.imaging.xray.shadows import _kernels
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]

STEP_MM = 1.5
"""Longest step along a ray at which the patient is looked up."""

_SLAB = 256
_LOOK_US = 1.0  # about what the looks of a pixel take


def displaced(patient: Materials, carm: CArm, cast: Shadow) -> dict[str, Image]:
    """Mass per area (N, S), g/cm2, of each basis material that was where instruments are.

    The density is looked up where each ray runs in them, so bone gives way to a screw as fat does
    to a needle.
    """
    found: dict[str, Image] = {}
    beyond = {} if patient.beyond is None else {"soft": patient.beyond}
    for bases in (patient.bases, patient.inset, beyond):
        for name, basis in bases.items():
            gone = found.setdefault(name, np.zeros(cast.tissue_cm.shape, dtype=np.float32))
            _add(basis, carm, cast, gone)
    return found


def _add(basis: Basis, carm: CArm, cast: Shadow, gone: Image) -> None:
    voxel_from_patient = basis.patient_from_voxel.inverse()
    rows = basis.rows
    at = np.stack([cast.rows, cast.columns], axis=1).astype(np.float64)
    rays = (carm.pixel_rays(), at, spread(), cast.way, cast.spans_mm, cast.held)
    where = voxel_from_patient.apply(carm.source_mm), voxel_from_patient.matrix[:3, :3]
    grid = rows.values, rows.origin, rows.filled, rows.shape

    def work(start: int, stop: int) -> None:
        _kernels.displaced(*rays, *where, grid, float(rows.scale), STEP_MM, start, stop, gone)

    in_slabs(work, len(at), slab=_SLAB, row_us=_LOOK_US)
