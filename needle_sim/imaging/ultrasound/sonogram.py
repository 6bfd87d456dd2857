"""`Sonogram`: one ultrasound picture, and where its pixels lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.probe import PIXEL, PROBE, Probe
from needle_sim.shown import Pictured

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

ROWS = 560
"""About the rows of a picture; its pixels are square."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where scan lines fall on a picture.

    Parameters
    ----------
    pixel_mm : float
    origin_px : (row, column)
        Of the middle of the probe's face.
    at_line, at_sample : (R, C) float32 arrays
        Fractional line and sample of each pixel; the line is -1 outside the sector.
    """

    pixel_mm: float
    origin_px: tuple[float, float]
    at_line: Image
    at_sample: Image


@dataclass(frozen=True, slots=True, eq=False)
class Sonogram(Pictured):
    """One B-mode picture; the marker's side (+x of the probe) is at the left, the skin at the top.

    Parameters
    ----------
    array : (R, C) float32 array
        0 (black) to 1 (white) after log compression; 0 outside the sector.
    sector : (R, C) array of bool
    pixel_mm : float
    origin_px : (row, column)
        Of the middle of the probe's face.
    lines_db : (L, S) float32 array, dB
        Envelope along the scan lines against a perfect mirror, with gain and TGC.
    probe, patient_from_probe, depth_mm
        How it was taken.
    truth : mapping
        ``"labels"`` (R, C) uint16 tissue in the plane; ``"bone"``, ``"shadow"`` (R, C) bool: inside
        bone, and where bone or air in the way leaves less than a tenth (in amplitude) to see by;
        ``"surface_mm"`` (L,): depth of the first bone on each line, inf where there is none;
        ``"cut"`` (R, C) bool: off the scene, where its rim is taken to go on; ``"needles"``: a
        tuple of dicts, one a needle: ``tip_px`` (2,), row and column, ``polyline_px`` (N, 2) hub
        first, ``tip_out_of_plane_mm``, ``in_plane``, ``angle_deg`` (between the last stretch and
        the picture's plane).
    gain_db, dynamic_range_db : float, dB
        As asked.
    """

    array: Image
    sector: NDArray[np.bool_]
    pixel_mm: float
    origin_px: tuple[float, float]
    lines_db: Image
    probe: Probe
    patient_from_probe: Transform
    depth_mm: float
    truth: Mapping[str, Any]
    gain_db: float = 0.0
    dynamic_range_db: float = 60.0

    def __post_init__(self) -> None:
        if self.array.shape != self.sector.shape or self.array.dtype != np.float32:
            raise InputError(
                f"a picture of float32 with its sector is wanted, got {self.array.shape} "
                f"{self.array.dtype} and {self.sector.shape}"
            )
        for array in (self.array, self.sector, self.lines_db):
            array.flags.writeable = False
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))

    @property
    def patient_from_pixel(self) -> Transform:
        """From (row, column, mm along the probe's +y) to patient LPS, mm."""
        matrix = np.zeros((4, 4))
        matrix[2, 0], matrix[0, 1], matrix[1, 2] = self.pixel_mm, -self.pixel_mm, 1.0
        matrix[2, 3] = -self.origin_px[0] * self.pixel_mm
        matrix[0, 3] = self.origin_px[1] * self.pixel_mm
        matrix[3, 3] = 1.0
        return self.patient_from_probe @ Transform(matrix, target=PROBE, source=PIXEL)

    def facts(self) -> dict[str, str]:
        """Probe and picture, for a notebook."""
        return {
            "probe": f"{self.probe.name}, {self.probe.frequency_mhz:g} MHz",
            "rows x columns": " x ".join(str(side) for side in self.array.shape),
            "depth, mm": f"{self.depth_mm:g}",
            "pixel, mm": f"{self.pixel_mm:.3g}",
            "needles": str(len(self.truth.get("needles", ()))),
        }


@lru_cache(maxsize=8)
def layout(probe: Probe, lines: int, samples: int, depth_mm: float) -> Layout:
    """The picture of a probe: the sector from face to depth, a row of black above it."""
    step_mm = depth_mm / samples
    half = np.radians(0.5 * probe.field_deg)
    top = probe.radius_mm * (np.cos(half) - 1.0)  # z of the ends of a curved face
    pixel = (depth_mm - top) / (ROWS - 4)
    if probe.kind == "linear":
        wide = 0.5 * probe.footprint_mm
    else:
        wide = (probe.radius_mm + depth_mm) * np.sin(half)
    side = int(np.ceil(wide / pixel)) + 2
    origin = (2.0 - top / pixel, float(side))
    z = (np.arange(ROWS) - origin[0])[:, None] * pixel
    x = (origin[1] - np.arange(2 * side + 1))[None, :] * pixel
    if probe.kind == "linear":
        across, depth = np.broadcast_to(x / probe.footprint_mm, (ROWS, x.size)), z + 0.0 * x
    else:
        across = np.arctan2(x, z + probe.radius_mm) / np.radians(probe.field_deg)
        depth = np.hypot(x, z + probe.radius_mm) - probe.radius_mm
    inside = (np.abs(across) <= 0.5) & (depth >= 0) & (depth <= depth_mm)
    line = np.clip((0.5 - across) * lines - 0.5, 0.0, lines - 1.0)
    sample = np.clip(depth / step_mm - 0.5, 0.0, samples - 1.0)
    at_line = np.where(inside, line, -1.0).astype(np.float32)
    at_sample = sample.astype(np.float32)
    for array in (at_line, at_sample):
        array.flags.writeable = False
    return Layout(float(pixel), origin, at_line, at_sample)
