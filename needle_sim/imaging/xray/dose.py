"""What a picture costs: air kerma at the reference point, kerma-area product, exposure control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam, kerma_ugy_mas
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import bins, transmitted

REFERENCE_TO_ISOCENTRE_MM = 150.0
"""The patient entrance reference point lies 15 cm from the isocentre towards the focal spot
(IEC 60601-2-43)."""

_LEAST_WHOLE = 0.05  # share of the middle quarter that whole rays must have to be measured alone


def reference_kerma_mgy(beam: Beam, carm: CArm) -> float:
    """Air kerma of one picture at the patient entrance reference point, mGy; no backscatter."""
    distance_mm = carm.source_isocentre_mm - REFERENCE_TO_ISOCENTRE_MM
    if not distance_mm > 0:
        raise InputError(
            "the reference point lies behind the focal spot: source_isocentre_mm must be over "
            f"{REFERENCE_TO_ISOCENTRE_MM:g}, got {carm.source_isocentre_mm}"
        )
    return kerma_ugy_mas(beam) * beam.mas * (1000.0 / distance_mm) ** 2 * 1e-3


def kerma_area_ugy_m2(beam: Beam, carm: CArm) -> float:
    """Kerma-area product of one picture, µGy m2; the field is the detector, uncollimated."""
    rows, columns = carm.shape
    # kerma falls and the field grows with the square of the distance: take both at 1 m
    side_m = carm.pixel_mm / carm.source_detector_mm
    return kerma_ugy_mas(beam) * beam.mas * rows * columns * side_m**2


def set_exposure(
    paths: PathLengths,
    beam: Beam,
    *,
    detector: Detector | None = None,
    most_mas: float = 200.0,
) -> Beam:
    """The beam with the tube current that gives the middle of the detector its target signal.

    As exposure control does, from the middle quarter of the field; the median of the primary signal
    there, so that raw beam beside or below the patient does not count. Rays that the end of the
    volume cuts are left out; where hardly any other is there, the body is taken to go on.
    """
    carm = paths.carm
    panel = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    names = tuple(COMPOSITION[name] for name in paths.continued().mass_g_cm2)
    rows, columns = carm.shape
    quarter = slice(rows // 4, rows - rows // 4), slice(columns // 4, columns - columns // 4)
    middle, _ = transmitted(paths.continued(), bins(beam, carm, panel, names), part=quarter)
    whole = ~paths.cut[quarter]
    if whole.mean() >= _LEAST_WHOLE:
        middle = middle[whole]
    signal_kev_mm2 = float(np.median(middle)) / carm.pixel_mm**2
    mas = beam.mas * panel.target_kev_mm2 / signal_kev_mm2 if signal_kev_mm2 > 0 else np.inf
    if not mas <= most_mas:
        raise InputError(
            f"exposure control needs {mas:.3g} mAs, over {most_mas:g}; raise kvp above {beam.kvp:g}"
        )
    return replace(beam, mas=float(mas))
