"""A sonogram without physics: grey that grows to one side, in the field of a shipped probe."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from needle_sim.geometry.transform import rigid, unit
from needle_sim.imaging.ultrasound.probe import PROBE, Probe

LEFT, POSTERIOR, HEAD = np.eye(3)
PIXEL_MM = 0.5


def a_sonogram(marker=HEAD, *, name="curved_3p5mhz", depth_mm=80.0, needles=(), **settings):
    """Brightest at the marker's side; the probe lies on the back at (10, 80, 5) mm."""
    probe = Probe.preset(name)
    half = np.radians(probe.field_deg / 2)
    radius = probe.radius_mm
    wide = (radius + depth_mm) * np.sin(half) if radius else probe.footprint_mm / 2
    above = radius * (1 - np.cos(half))
    rows, columns = int((depth_mm + above) / PIXEL_MM) + 2, 2 * int(wide / PIXEL_MM) + 1
    origin = (float(round(above / PIXEL_MM)), (columns - 1) / 2)
    x = ((origin[1] - np.arange(columns)) * PIXEL_MM)[None, :]
    z = ((np.arange(rows) - origin[0]) * PIXEL_MM)[:, None]
    away, angle = np.hypot(x, z + radius) - radius, np.arctan2(x, z + radius)
    if radius:
        sector = (away >= 0) & (away <= depth_mm) & (np.abs(angle) <= half)
    else:
        sector = (z >= 0) & (z <= depth_mm) & (np.abs(x) <= wide)
    axes = np.stack([unit(marker), np.cross(-POSTERIOR, unit(marker)), -POSTERIOR], axis=1)
    made = {
        "array": (sector * (0.5 + 0.4 * x / wide)).astype(np.float32),
        "sector": sector,
        "pixel_mm": PIXEL_MM,
        "origin_px": origin,
        "probe": probe,
        "patient_from_probe": rigid(axes, [10.0, 80.0, 5.0], source=PROBE),
        "depth_mm": depth_mm,
        "gain_db": 0.0,
        "dynamic_range_db": 60.0,
        "truth": {"needles": tuple(needles)},
    }
    return SimpleNamespace(**{**made, **settings})
