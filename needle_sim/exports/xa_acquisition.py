"""Technique, dose and field of an X-Ray Angiographic Image (DICOM PS3.3 C.8.7.2, C.8.7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset

from needle_sim.exports.dicom_head import number
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.collimation import outline_px

if TYPE_CHECKING:
    from needle_sim.imaging.xray.exposure import Radiograph

DGY_CM2 = 0.1
"""1 µGy m2 is 0.1 dGy cm2."""


def say_acquisition(data: Dataset, shots: Sequence[Radiograph], steps_ms: Sequence[float]) -> None:
    """Beam, pulses, dose and filters."""
    beam, carm = shots[0].beam, shots[0].carm
    ma = beam.mas / beam.pulse_ms * 1e3
    pulsed_ms = beam.pulse_ms * len(shots)
    mas = float(sum(shot.beam.mas for shot in shots))
    data.KVP = number(beam.kvp)
    data.RadiationSetting = "SC" if len(shots) > 1 else "GR"
    data.RadiationMode = "PULSED"
    data.XRayTubeCurrent = max(1, round(ma))
    data.XRayTubeCurrentInuA = number(1e3 * ma)
    data.ExposureTime = max(1, round(pulsed_ms))
    data.ExposureTimeInuS = number(1e3 * pulsed_ms)
    data.Exposure, data.ExposureInuAs = round(mas), round(1e3 * mas)
    data.AveragePulseWidth = number(beam.pulse_ms)
    kap = float(sum(shot.kap_ugy_m2 for shot in shots))
    data.ImageAndFluoroscopyAreaDoseProduct = number(DGY_CM2 * kap)
    data.EntranceDoseInmGy = number(float(sum(shot.kerma_mgy for shot in shots)))
    if thick := added_filters(beam):
        data.FilterMaterial = [name.upper()[:16] for name in thick]
        data.FilterThicknessMinimum = [number(mm) for mm in thick.values()]
        data.FilterThicknessMaximum = [number(mm) for mm in thick.values()]
    data.IntensifierSize = number(carm.pixel_mm * min(carm.shape))


def added_filters(beam: Beam) -> dict[str, float]:
    """Filters put into the beam, mm: aluminium is taken as the tube's own."""
    return {name: mm for name, mm in beam.filters_mm.items() if mm > 0 and name != "aluminium"}


def say_collimator(data: Dataset, shot: Radiograph) -> None:
    """The open field in pixels, the first row and column being 1."""
    rows, columns = shot.carm.shape
    field = shot.truth.get("collimation")
    if field is None:
        data.CollimatorShape = "RECTANGULAR"
        _edges(data, 1, columns, 1, rows)
        return
    scale = shot.carm.magnification / shot.carm.pixel_mm
    middle = (
        0.5 * (np.array(shot.carm.shape) - 1) + np.array([field.down_mm, field.across_mm]) * scale
    )
    bladed = field.width_mm is not None or field.height_mm is not None
    if field.iris_mm is not None and not bladed:
        data.CollimatorShape = "CIRCULAR"
        data.CenterOfCircularCollimator = [round(float(place)) + 1 for place in middle]
        data.RadiusOfCircularCollimator = round(0.5 * field.iris_mm * scale)
        return
    line = np.rint(outline_px(shot.carm, field)).astype(int) + 1
    if field.iris_mm is None and field.turn_deg == 0:
        data.CollimatorShape = "RECTANGULAR"
        (top, left), (bottom, right) = line.min(axis=0), line.max(axis=0)
        _edges(data, int(left), int(right), int(top), int(bottom))
        return
    data.CollimatorShape = "POLYGONAL"
    data.VerticesOfThePolygonalCollimator = [int(value) for value in line[:-1].ravel()]


def _edges(data: Dataset, left: int, right: int, top: int, bottom: int) -> None:
    data.CollimatorLeftVerticalEdge, data.CollimatorRightVerticalEdge = left, right
    data.CollimatorUpperHorizontalEdge, data.CollimatorLowerHorizontalEdge = top, bottom
