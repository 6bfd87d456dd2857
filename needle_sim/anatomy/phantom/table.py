"""`on_table`: a CT with the couch of the scanner under the patient."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.noise import Scan, noise_sd_hu, quantum_tiles
from needle_sim.errors import InputError
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.volume.volume import Volume

# A cradle: a carbon shell on foam, a mat on it; sizes as seen on CT slices (proposed).
_RADIUS_MM, _HALF_MM = 420.0, 205.0
_MAT_MM, _COVER_MM, _SHELL_MM, _CORE_MM = 9.0, 0.4, 2.0, 26.0
_MAT_HU, _COVER_HU, _SHELL_HU, _CORE_HU = -965.0, -200.0, 160.0, -945.0
_AIR_HU, _BODY_HU = -1000.0, -300.0
_KEY = 20240817


def on_table(
    ct: Volume, *, prone: bool = False, seed: int | None = None, scan: Scan | None = None
) -> Volume:
    """The CT as a scanner would write it: on a table, supine or prone, in more air.

    An `Anatomy` holds no table, as the table of a real CT is taken away: X-ray pictures, planning
    and heat see the patient alone. This is for pictures and exports. The patient does not change
    shape: what a table flattens stays round.

    Parameters
    ----------
    ct : Volume
        In HU, axial slices, rows from front to back, as `build_phantom` makes them.
    prone : bool
        The table lies before the patient instead of behind.
    seed : int or None
        Draws the noise of the air that is added.
    scan : Scan or None
        How the scanner is set.

    Returns
    -------
    Volume
        With more rows; the voxels of the patient are unchanged.
    """
    step = np.diag(ct.patient_from_voxel.matrix[:3, :3][:, ::-1])
    if ct.quantity != "hu" or ct.array.dtype != np.int16 or not (step > 0).all():
        raise InputError(
            "a table is put under a CT in HU of upright axial slices whose rows run from front to "
            "back and columns from right to left; resample the volume to such a grid first"
        )
    scan, voxel_mm = scan or Scan(), float(step[1])
    sign = -1.0 if prone else 1.0
    x, y = (ct.patient_from_voxel.matrix[axis, 3] + step[axis] * np.arange(ct.shape[2 - axis])
            for axis in (0, 1))  # fmt: skip
    mat_mm = _top_mm(ct, x, sign * y, sign)
    low = mat_mm + _MAT_MM + _SHELL_MM + _CORE_MM + _SHELL_MM + 8.0
    more = max(0, int(np.ceil((low - (sign * y).max()) / voxel_mm)))
    front = more if prone else 0
    added = np.arange(-front, len(y) + more - front)
    share = _lifted_hu(x, sign * (y[0] + voxel_mm * added), mat_mm, voxel_mm)
    body = np.full((ct.shape[0], len(added), ct.shape[2]), np.int16(_AIR_HU))
    body[:, front : front + len(y)] = ct.array
    fresh = np.ones(len(added), dtype=bool)
    fresh[front : front + len(y)] = False
    array = _noisy(body, share, fresh, voxel_mm, scan, seed)
    shift = np.eye(4)
    shift[1, 3] = -front
    place = ct.patient_from_voxel @ Transform(shift, target=VOXEL, source=VOXEL)
    return dataclasses.replace(ct, array=array, patient_from_voxel=place)


def _top_mm(ct: Volume, x: NDArray[np.float64], down: NDArray[np.float64], sign: float) -> float:
    """Lowest place (along ``down``) of the mat, so that the patient lies on it."""
    body = (ct.array > _BODY_HU).any(axis=0)  # rows, columns
    lowest = np.where(body, down[:, None], -np.inf).max(axis=0)
    near = np.abs(x) < _HALF_MM
    return float((lowest + x**2 / (2 * _RADIUS_MM))[near].max())


def _lifted_hu(
    x: NDArray[np.float64], down: NDArray[np.float64], mat_mm: float, voxel_mm: float
) -> NDArray[np.float64]:
    """What the table adds (J, K) to air: layers under an arc, by the share of each voxel."""
    aside = np.minimum(np.abs(x), _HALF_MM)
    under = down[:, None] - (mat_mm - aside**2 / (2 * _RADIUS_MM))
    beside = np.clip(0.5 + (_HALF_MM - np.abs(x)) / voxel_mm, 0.0, 1.0)
    total = np.zeros_like(under)
    top = 0.0
    layers = ((_COVER_MM, _COVER_HU), (_MAT_MM - _COVER_MM, _MAT_HU), (_SHELL_MM, _SHELL_HU),
              (_CORE_MM, _CORE_HU), (_SHELL_MM, _SHELL_HU))  # fmt: skip
    for thick, hu in layers:
        inside = np.clip(under / voxel_mm + 0.5, top / voxel_mm, (top + thick) / voxel_mm)
        before = np.clip(under / voxel_mm - 0.5, top / voxel_mm, (top + thick) / voxel_mm)
        total += (inside - before) * (hu - _AIR_HU)
        top += thick
    return np.asarray(total * beside)


def _noisy(
    body: NDArray[np.int16],
    share: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    voxel_mm: float,
    scan: Scan,
    seed: int | None,
) -> NDArray[np.int16]:
    """The table put into the air of a CT, and noise into the rows that are new."""
    rng = np.random.default_rng(
        np.random.SeedSequence(_KEY if seed is None else seed, spawn_key=(2,))
    )
    quantum = quantum_tiles(scan, voxel_mm, rng)
    size = quantum.shape[1]
    start = rng.integers(0, size, (len(body), 2))
    lateral, upright = noise_sd_hu(body.astype(np.float32), voxel_mm, scan)
    rows, columns = np.flatnonzero(fresh), np.arange(body.shape[2])
    lift = np.where(share > 0, share, 0.0)
    for i, plane in enumerate(body):
        here = np.ix_((rows + start[i, 0]) % size, (columns + start[i, 1]) % size)
        noise = lateral[i, rows, None] * quantum[0][here] + upright[i] * quantum[1][here]
        made = plane.astype(np.float64) + np.where(plane < _BODY_HU, lift, 0.0)
        made[rows] += noise
        body[i] = np.clip(np.rint(made), -1024, 3071)
    return body
