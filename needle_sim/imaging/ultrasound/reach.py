"""How deep a picture must go to show what a view is named after, and how deep a probe hears."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from needle_sim import presets
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.acoustics import MUSCLE_DB, table_for
from needle_sim.imaging.ultrasound.blur import NOISE_DB
from needle_sim.imaging.ultrasound.probe import Probe

BELOW_MM = 10.0
"""Picture below a structure that lets it be known, with its shadow (proposed)."""


BONE_DB = 25.0
"""How far the face of a bone, aslant and rough, stands above muscle at least (proposed)."""


def penetration_mm(probe: Probe) -> float:
    """Depth in mm at which the speckle of muscle sinks into the receiver's noise.

    There and back it loses ``2 alpha f`` a length; bone, brighter, is heard somewhat deeper.
    """
    return float((MUSCLE_DB - NOISE_DB) / table_for(probe).loss_db_mm[label("muscle")])


def bone_reach_mm(probe: Probe) -> float:
    """Depth in mm at which bone sinks into the receiver's noise, under muscle."""
    return penetration_mm(probe) + BONE_DB / float(table_for(probe).loss_db_mm[label("muscle")])


def depth_mm(probe: Probe, patient_from_probe: Transform, point_mm: ArrayLike) -> float:
    """Depth of a patient point (3,) below the face, along the line that meets it."""
    x, _, z = patient_from_probe.inverse().apply(np.asarray(point_mm, dtype=np.float64))
    return float(np.hypot(x, z + probe.radius_mm) - probe.radius_mm if probe.radius_mm else z)


def depths_mm(
    probe: Probe, patient_from_probe: Transform, named: Mapping[str, ArrayLike]
) -> dict[str, float]:
    """Depth of each named patient point, mm."""
    return {words: depth_mm(probe, patient_from_probe, at) for words, at in named.items()}


def beyond_the_picture(
    probe: Probe, shown_mm: float, depths: Mapping[str, float], *, bony: bool
) -> str | None:
    """Words on what lies below a picture of a depth, and how to see it; None where all is in it.

    Parameters
    ----------
    shown_mm : float, mm
        Depth of the picture.
    depths : mapping of str to float
        Depth of what the view is named after.
    bony : bool
        It is bone, which is heard deeper than tissue.
    """
    below = {words: far for words, far in depths.items() if far > shown_mm - 0.5 * BELOW_MM}
    if not below:
        return None
    wanted = max(below.values()) + BELOW_MM
    ways = []
    if penetration_mm(probe) >= wanted - BELOW_MM:
        ways = [f"add --depth-cm {np.ceil(0.1 * wanted):.0f}"]
    else:
        ways = [f"take --probe {one}" for one in _hearing(wanted)]
        if bony and bone_reach_mm(probe) >= wanted - BELOW_MM:
            ways += [f"add --depth-cm {np.ceil(0.1 * wanted):.0f} for its bone in the noise"]
    way = " or ".join(ways) or "no shipped probe hears so deep"
    return f"too shallow: {_lies(below)}, the picture ends at {shown_mm:.0f} mm; {way}"


def beyond_hearing(probe: Probe, depths: Mapping[str, float], *, bony: bool) -> str | None:
    """Words on what lies deeper than a probe hears it; None where it hears all of it."""
    heard = bone_reach_mm(probe) if bony else penetration_mm(probe)
    below = {words: far for words, far in depths.items() if far > heard}
    if not below:
        return None
    others = [f"take --probe {one}" for one in _hearing(max(below.values()))]
    way = " or ".join(others) or "no shipped probe hears so deep"
    return (
        f"out of hearing: {_lies(below)}, at {probe.frequency_mhz:g} MHz "
        f"{'bone' if bony else 'muscle'} sinks into noise below about {heard:.0f} mm; {way}"
    )


def _lies(below: Mapping[str, float]) -> str:
    return " and ".join(f"the {words} lies {far:.0f} mm deep" for words, far in below.items())


def _hearing(depth: float) -> list[str]:
    """Shipped probes that hear muscle at a depth, mm."""
    found = {name: Probe.preset(name) for name in presets.names("probes")}
    return [name for name, one in found.items() if penetration_mm(one) >= depth]
