"""`Probe`: an ultrasound transducer and the lines that it scans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Frame

PROBE = Frame("probe")
"""Origin in the middle of the face on the skin, +z into the body, +x towards the marker."""

PIXEL = Frame("pixel")
"""(row, column, mm out of the plane) of a sonogram; the centre of the first pixel is 0, 0."""

MOST_LINES = 2048


@dataclass(frozen=True, slots=True)
class Probe:
    """A curved or linear array.

    Parameters
    ----------
    name : str
    kind : "curved" or "linear"
    frequency_mhz : float, MHz
        Centre of the band.
    elements : int
    pitch_mm : float, mm
        From element to element along the face.
    radius_mm : float, mm
        Of the face; 0 for a linear array.
    elevation_mm, elevation_focus_mm : float, mm
        Height of the elements and depth at which their lens focuses.
    focus_mm : float, mm
        Depth of the transmit focus.
    bandwidth : float
        Two-way -6 dB bandwidth over the centre frequency.
    depth_mm : float, mm
        Depth of the picture unless asked otherwise.
    lines : int
        Scan lines of the picture unless asked otherwise.
    aperture : int
        Elements that transmit a line, under a Hann window.
    f_number : float
        Depth over receiving aperture, dynamic, under a Hann window, up to ``aperture`` elements.
    """

    name: str
    kind: Literal["curved", "linear"]
    frequency_mhz: float
    elements: int
    pitch_mm: float
    radius_mm: float
    elevation_mm: float
    elevation_focus_mm: float
    focus_mm: float
    bandwidth: float
    depth_mm: float
    lines: int = 256
    aperture: int = 64
    f_number: float = 2.0

    def __post_init__(self) -> None:
        limits = {
            "frequency_mhz": (0.5, 30.0),
            "pitch_mm": (0.05, 2.0),
            "elevation_mm": (0.5, 50.0),
            "elevation_focus_mm": (1.0, 300.0),
            "focus_mm": (1.0, 300.0),
            "bandwidth": (0.1, 1.5),
            "depth_mm": (10.0, 300.0),
            "f_number": (0.5, 10.0),
            "elements": (8, 1024),
            "lines": (8, MOST_LINES),
            "aperture": (4, self.elements),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} of a probe must be {low:g} to {high:g}, got {value}")
        if self.kind == "linear" and self.radius_mm != 0:
            raise InputError(f"a linear array has radius_mm 0, got {self.radius_mm}")
        if self.kind == "curved" and not 5 <= self.radius_mm <= 200:
            raise InputError(f"a curved array has radius_mm 5 to 200, got {self.radius_mm}")
        if self.field_deg >= 170:
            raise InputError(
                f"{self.elements} elements of {self.pitch_mm} mm span {self.field_deg:.0f} degrees "
                f"of a radius of {self.radius_mm} mm, at most 170 can be drawn"
            )

    @classmethod
    def preset(cls, name: str) -> Probe:
        """A shipped probe by name; ``needle-sim list probes`` shows them."""
        table = presets.table("probes", name)
        presets.numbers(table, f"probes.toml: {name}.")
        return presets.into(cls, {**table, "name": name}, where=f"probes.toml: {name}")

    @property
    def footprint_mm(self) -> float:
        """Length of the face along the array, straight from end to end, mm."""
        arc = self.elements * self.pitch_mm
        if self.kind == "linear":
            return arc
        return float(2 * self.radius_mm * np.sin(0.5 * arc / self.radius_mm))

    @property
    def field_deg(self) -> float:
        """Angle between the outer lines; 0 for a linear array."""
        if self.kind == "linear":
            return 0.0
        return float(np.degrees(self.elements * self.pitch_mm / self.radius_mm))

    @property
    def wavelength_mm(self) -> float:
        """At 1540 m/s, the speed that a machine assumes."""
        return SPEED_MM_US / self.frequency_mhz

    def rays(self, lines: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Start and unit direction (L, 3) of each line in the probe's frame, first at the marker.

        The outer lines lie half a line inside the ends of the face.
        """
        across = 0.5 - (np.arange(lines) + 0.5) / lines
        starts, along = np.zeros((lines, 3)), np.zeros((lines, 3))
        if self.kind == "linear":
            starts[:, 0] = across * self.footprint_mm
            along[:, 2] = 1.0
            return starts, along
        angle = across * np.radians(self.field_deg)
        along[:, 0], along[:, 2] = np.sin(angle), np.cos(angle)
        starts[:] = self.radius_mm * (along - [0.0, 0.0, 1.0])
        return starts, along

    def spacing_mm(self, lines: int, depth_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance (D,) between neighbouring lines at depths (D,) below the face."""
        pitch = self.elements * self.pitch_mm / lines
        if self.kind == "linear":
            return np.full(np.shape(depth_mm), pitch)
        return np.asarray(pitch * (1.0 + np.asarray(depth_mm) / self.radius_mm))


SPEED_MM_US = 1.54
"""Speed of sound in soft tissue that machines assume, mm/µs (1540 m/s)."""
