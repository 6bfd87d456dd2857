"""What several benchmarks read: a written CT series, and the real one where it is there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.volume.ct_files import CtFiles

ROOT = Path(__file__).resolve().parent.parent


def lidc() -> Path | None:
    """The DICOM folder of LIDC-IDRI-0001, in ``NEEDLE_SIM_DATA``, else in ``.data``."""
    said = os.environ.get("NEEDLE_SIM_DATA")
    for root in ([ROOT / said] if said else []) + [ROOT / ".data"]:
        if (root / "lidc_0001" / "dicom").is_dir():
            return root / "lidc_0001" / "dicom"
    return None


def write_series(shape: tuple[int, int, int], folder: Path) -> None:
    """One CT file a slice."""
    CtFiles(_torso_hu(shape)).write(folder)


def _torso_hu(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """A round body with noise in it, so that slices are no easy bytes."""
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    body = (x / 0.9) ** 2 + (y / 0.7) ** 2 < 1
    noise = np.random.default_rng(0).normal(0, 20, shape)
    return np.where(body, 40 + 30 * z + noise, -1000.0).round()
