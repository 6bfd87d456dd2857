"""A CT series by a plain pydicom loop, as one would write it in a notebook, and by SimpleITK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

Series = tuple[NDArray[Any], NDArray[np.float64]]
"""HU (I, J, K) and the map (4, 4) from slice, row, column to patient LPS."""


def pydicom_series(folder: Path) -> Series:
    """Every file read, sorted along the normal, scaled and stacked; nothing is checked."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    row, column = np.reshape([float(x) for x in slices[0].ImageOrientationPatient], (2, 3))
    normal = np.cross(row, column)
    slices.sort(key=lambda one: float(normal @ np.array(one.ImagePositionPatient, dtype=float)))
    hu = np.stack(
        [one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept) for one in slices]
    )
    places = np.array([one.ImagePositionPatient for one in slices], dtype=float)
    down, across = (float(x) for x in slices[0].PixelSpacing)
    patient_from_voxel = np.eye(4)
    patient_from_voxel[:3, 0] = (places[-1] - places[0]) / (len(places) - 1)
    patient_from_voxel[:3, 1] = column * down
    patient_from_voxel[:3, 2] = row * across
    patient_from_voxel[:3, 3] = places[0]
    return hu.astype(np.int16), patient_from_voxel


def simpleitk_series(folder: Path) -> Series:
    """The series reader of SimpleITK (GDCM), on one thread."""
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    axes = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    patient_from_voxel = np.eye(4)
    patient_from_voxel[:3, :3] = axes[:, ::-1]
    patient_from_voxel[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image), patient_from_voxel
