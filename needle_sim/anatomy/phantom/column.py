"""The column: vertebrae stacked on the sacrum, their joints fitted to one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from needle_sim.anatomy.numbering import in_order
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import SpineSpec, VertebraSpec
from needle_sim.geometry.transform import Frame, Transform, rigid

_NEXT_MM = 26.0  # neighbours leave at most this between their bodies (proposed)


@dataclass(frozen=True, slots=True)
class Column:
    """Vertebrae in place.

    Parameters
    ----------
    vertebrae : mapping of str to VertebraSpec
        From the top, the inferior joints fitted to the bone below.
    bodies : mapping of str to Transform
        ``patient_from_body`` of each.
    """

    vertebrae: Mapping[str, VertebraSpec]
    bodies: Mapping[str, Transform]

    def __post_init__(self) -> None:
        for name in ("vertebrae", "bodies"):
            given = getattr(self, name)
            ordered = {level: given[level] for level in in_order(given)}
            object.__setattr__(self, name, MappingProxyType(ordered))

    @property
    def levels(self) -> tuple[str, ...]:
        """Vertebrae from the top."""
        return tuple(self.vertebrae)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Neighbours, upper and lower: no vertebra is missing between their bodies."""
        return tuple(two for two in pairwise(self.levels) if self._gap_mm(*two) < _NEXT_MM)

    def _gap_mm(self, upper: str, lower: str) -> float:
        away = self.bodies[upper].matrix[:3, 3] - self.bodies[lower].matrix[:3, 3]
        halves = 0.5 * (self.vertebrae[upper].height_mm + self.vertebrae[lower].height_mm)
        return float(np.linalg.norm(away)) - halves


def column(spine: SpineSpec) -> Column:
    """Stack the vertebrae from the sacrum up, disc by disc, about the origin of the spine."""
    specs, levels = spine.vertebrae, spine.levels
    tilt = {"S1": spine.sacrum["slope_deg"] - _endplate_tilt_deg(specs["S1"])}
    centre = {"S1": np.zeros(3)}
    for above, here in zip(levels[-2::-1], levels[:0:-1], strict=True):
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
        level: rigid(_axes(tilt[level]), centre[level] - centre[spine.origin], source=Frame(level))
        for level in levels
    }
    return Column(joined(Column(specs, bodies)), bodies)


def joined(column: Column) -> dict[str, VertebraSpec]:
    """The vertebrae with each inferior joint moved to the superior face of the bone below."""
    specs, bodies = column.vertebrae, column.bodies
    found = dict(specs)
    for above, below in column.pairs:
        spec, lower = specs[above], Posts(specs[below], "left")
        step = bodies[above].inverse() @ bodies[below]
        joint = step.apply(lower.facet + 0.5 * spec.joint_gap_mm * lower.facet_normal)
        up = step.turn(lower.sap_up)
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
