"""`load_series` beside SimpleITK's series reader (GDCM), on a written series and on a real CT."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.cases import lidc, write_series
from benchmarks.peers.row import Row, compare, say
from benchmarks.reference.series import pydicom_series, simpleitk_series
from needle_sim.jit import set_threads
from needle_sim.volume.dicom import load_series
from needle_sim.volume.volume import AIR_HU

SHAPE = (120, 512, 512)


def rows() -> Iterator[Row]:
    set_threads(1)
    with TemporaryDirectory() as folder:
        write_series(SHAPE, Path(folder))
        yield _compared(Path(folder), "{} written slices of {} x {}".format(*SHAPE))
    real = lidc()
    if real is not None:
        yield _compared(real, "LIDC-IDRI-0001, 133 slices of 512 x 512")


def _compared(folder: Path, told: str) -> Row:
    expected, _ = pydicom_series(folder)
    return compare(
        "simpleitk",
        told,
        ours=partial(load_series, folder),
        theirs=partial(simpleitk_series, folder),
        ours_error=lambda found: _off(found.array, expected),
        theirs_error=lambda found: _off(found[0], expected),
        what="HU, largest",
        rounds=3,
        remark="ours also checks order, spacing and orientation of every slice",
    )


def _off(hu: np.ndarray, expected: np.ndarray) -> float:
    # padding around the field lies below air; ours makes it air
    lifted, wanted = (np.maximum(one.astype(np.float32), AIR_HU) for one in (hu, expected))
    return float(np.abs(lifted - wanted).max())


if __name__ == "__main__":
    say(rows())
