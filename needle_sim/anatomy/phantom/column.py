"""The column: vertebrae stacked on the sacrum, their joints fitted to one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import LEVELS, SpineSpec, VertebraSpec
from needle_sim.geometry.transform import Frame, Transform, rigid

_CENTRE = "L3"  # its body's centre is the origin of the patient


@dataclass(frozen=True, slots=True)
class Column:
    """Vertebrae in place.

    Parameters
    ----------
    vertebrae : mapping of str to VertebraSpec
        L1 to L5 and S1, the inferior joints fitted to the bone below.
    bodies : mapping of str to Transform
        ``patient_from_body`` of each.
    """

    vertebrae: Mapping[str, VertebraSpec]
    bodies: Mapping[str, Transform]

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertebrae", MappingProxyType(dict(self.vertebrae)))
        object.__setattr__(self, "bodies", MappingProxyType(dict(self.bodies)))


def column(spine: SpineSpec) -> Column:
    """Stack the vertebrae from the sacrum up, disc by disc; the body of L3 is the origin."""
    specs = spine.vertebrae
    tilt = {"S1": spine.sacrum["slope_deg"] - _endplate_tilt_deg(specs["S1"])}
    centre = {"S1": np.zeros(3)}
    for above, here in zip(LEVELS[-2::-1], LEVELS[:0:-1], strict=True):
        tilt[above] = tilt[here] - specs[here].lordosis_above_deg
        up_here, up_above = _up(tilt[here]), _up(tilt[above])
        between = _up(0.5 * (tilt[here] + tilt[above]))
        centre[above] = (
            centre[here]
            + 0.5 * specs[here].height_mm * up_here
            + specs[here].disc_above_mm * between
            + 0.5 * specs[above].height_mm * up_above
        )
    bodies = {
        level: rigid(_axes(tilt[level]), centre[level] - centre[_CENTRE], source=Frame(level))
        for level in LEVELS
    }
    return Column(joined(specs, bodies), bodies)


def joined(
    specs: Mapping[str, VertebraSpec], bodies: Mapping[str, Transform]
) -> dict[str, VertebraSpec]:
    """The same vertebrae with each inferior joint moved to the superior face of the bone below."""
    found = dict(specs)
    for above, below in pairwise(LEVELS):
        if above not in specs or below not in specs:
            continue
        spec, lower = specs[above], Posts(specs[below], "left")
        step = bodies[above].inverse() @ bodies[below]
        joint = step.apply(lower.facet + 0.5 * spec.joint_gap_mm * lower.facet_normal)
        up = step.turn([0.0, 0.0, 1.0])
        found[above] = dataclasses.replace(
            spec,
            iap_angle_deg=lower.spec.facet_angle_deg,
            iap_tropism_deg=lower.spec.tropism_deg,
            iap_pitch_deg=float(np.degrees(np.arctan2(-up[1], up[2]))),
            iap_spread_mm=float(abs(joint[0])),
            iap_setback_mm=float(joint[1] - spec.back_mm),
            iap_drop_mm=float(-0.5 * spec.height_mm - joint[2]),
        )
    return found


def _endplate_tilt_deg(spec: VertebraSpec) -> float:
    """How far the upper endplate faces forward of the body's own plane."""
    return float(np.degrees(np.arctan(spec.wedge_slope)))


def _up(tilt_deg: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    angle = np.radians(tilt_deg)
    return np.array([0.0, -np.sin(angle), np.cos(angle)])


def _axes(tilt_deg: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Columns +x, +y and +z of a body whose upper side faces forward by the tilt."""
    up = _up(tilt_deg)
    return np.stack([np.array([1.0, 0.0, 0.0]), np.cross(up, [1.0, 0.0, 0.0]), up], axis=1)
