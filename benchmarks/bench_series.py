"""`load_series` beside a pydicom loop and SimpleITK, on written series and on a real CT."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.pair import Pair, Size
from benchmarks.reference.series import Series, pydicom_series, simpleitk_series
from needle_sim.volume.dicom import load_series
from needle_sim.volume.volume import Volume
from tests.conftest import LIDC, real_folder
from tests.volume.ct_files import CtFiles

PEERS = {"pydicom loop": pydicom_series, "SimpleITK": simpleitk_series}


def difference(ours: Volume, theirs: Series) -> float:
    """Largest difference in HU, or in the place of a voxel in µm, whichever is more."""
    hu, patient_from_voxel = theirs
    if ours.array.shape != hu.shape:
        return float("inf")
    corner = np.array([*ours.array.shape, 1.0])
    off_mm = (ours.patient_from_voxel.matrix - patient_from_voxel) @ corner
    off_hu = np.abs(ours.array.astype(np.float32) - hu).max()
    return float(max(off_hu, 1e3 * np.abs(off_mm).max()))


def pairs(size: Size) -> Iterator[Pair]:
    for shape in size.pick(smoke=[(24, 256, 256)], full=[(120, 512, 512)]):
        with TemporaryDirectory() as folder:
            CtFiles(_torso_hu(shape)).write(Path(folder))
            told = "{} written slices of {} x {}".format(*shape)
            yield from _both(Path(folder), told, size)
    lidc = real_folder(LIDC)
    if size.full and lidc is not None:
        yield from _both(lidc / "dicom", "LIDC-IDRI-0001, 133 slices of 512 x 512", size)


def _both(folder: Path, told: str, size: Size) -> Iterator[Pair]:
    for name, peer in PEERS.items():
        yield Pair(
            name=f"{told}; {name}",
            ours=partial(load_series, folder),
            reference=partial(peer, folder),
            accuracy=difference,
            limit=1.0,
            rounds=3 if size.full else None,
            unit="HU or µm",
        )


def _torso_hu(shape: tuple[int, int, int]) -> np.ndarray:
    """A round body with noise in it, so that slices are no easy bytes."""
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    body = (x / 0.9) ** 2 + (y / 0.7) ** 2 < 1
    noise = np.random.default_rng(0).normal(0, 20, shape)
    return np.where(body, 40 + 30 * z + noise, -1000.0).round()
