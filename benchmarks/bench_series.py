"""`load_series` beside a pydicom loop and SimpleITK, on written series and on a real CT."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.cases import lidc, write_series
from benchmarks.pair import Pair, Size
from benchmarks.reference.series import Series, pydicom_series, simpleitk_series
from needle_sim.volume.dicom import load_series
from needle_sim.volume.volume import AIR_HU, Volume

PEERS = {"pydicom loop": pydicom_series, "SimpleITK": simpleitk_series}


def difference(ours: Volume, theirs: Series) -> float:
    """Largest difference in HU, or in the place of a voxel in µm, whichever is more.

    Padding around the field, which lies below air, is made air by `load_series` alone.
    """
    hu, patient_from_voxel = theirs
    if ours.array.shape != hu.shape:
        return float("inf")
    corner = np.array([*ours.array.shape, 1.0])
    off_mm = (ours.patient_from_voxel.matrix - patient_from_voxel) @ corner
    off_hu = np.abs(ours.array.astype(np.float32) - np.maximum(hu, AIR_HU)).max()
    return float(max(off_hu, 1e3 * np.abs(off_mm).max()))


def pairs(size: Size) -> Iterator[Pair]:
    for shape in size.pick(smoke=[(64, 256, 256)], full=[(120, 512, 512)]):
        with TemporaryDirectory() as folder:
            write_series(shape, Path(folder))
            told = "{} written slices of {} x {}".format(*shape)
            yield from _both(Path(folder), told, size)
    real = lidc() if size.full else None
    if real is not None:
        yield from _both(real, "LIDC-IDRI-0001, 133 slices of 512 x 512", size)


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
