"""The column: vertebrae stacked on the sacrum, their joints fitted to one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from needle_sim.anatomy.numbering import USUAL, in_order
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import SpineSpec, VertebraSpec
from needle_sim.geometry.transform import Frame, Transform, rigid, unit

_Array = NDArray[np.float64]

_USUAL_LUMBAR = 5
_STEP_MM = 36.0  # from one body to the next where only some are known (texts, from memory)
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
    def lumbar(self) -> tuple[str, ...]:
        """Its lumbar vertebrae; beside these alone lie the organs and vessels of the abdomen."""
        return tuple(level for level in self.levels if level.startswith("L"))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Neighbours, upper and lower: no vertebra is missing between their bodies."""
        return tuple(two for two in pairwise(self.levels) if self._gap_mm(*two) < _NEXT_MM)

    def station_mm(self, name: str) -> tuple[_Array, VertebraSpec]:
        """Middle (3,) of a body by the name that it has among five lumbar vertebrae, patient; and
        the sizes there.

        Where there are four or six, the five stations are spread evenly over them: soft parts end
        at the sacrum and at the ribs, however many vertebrae lie between.
        """
        lumbar = self.lumbar
        if not name.startswith("L") or len(lumbar) == _USUAL_LUMBAR or name == lumbar[0]:
            return self.bodies[name].matrix[:3, 3], self.vertebrae[name]
        at = (int(name[1:]) - 1) * (len(lumbar) - 1) / (_USUAL_LUMBAR - 1)
        first, share = int(at), at - int(at)
        two = [self.bodies[one].matrix[:3, 3] for one in (lumbar[first], lumbar[-1])]
        if first + 1 < len(lumbar):
            two[1] = self.bodies[lumbar[first + 1]].matrix[:3, 3]
        nearest = lumbar[min(round(at), len(lumbar) - 1)]
        return (1.0 - share) * two[0] + share * two[1], self.vertebrae[nearest]

    def height_mm(self, name: str) -> float:
        """Patient z of a station (`station_mm`), and about where it would lie beside a column that
        has none of its region."""
        if name in self.bodies or (name.startswith("L") and self.lumbar):
            return float(self.station_mm(name)[0][2])
        usual = [one for one in self.levels if one in USUAL]
        near = min(usual, key=lambda one: abs(USUAL.index(one) - USUAL.index(name)))
        apart = USUAL.index(near) - USUAL.index(name)
        return float(self.bodies[near].matrix[2, 3] + _STEP_MM * apart)

    def left_at(self, z_mm: _Array) -> _Array:
        """Direction to the left (N, 3) of what runs along the vertebrae, at heights (N,)."""
        bodies = [self.bodies[level].matrix for level in reversed(self.levels)]
        heights = np.array([one[2, 3] for one in bodies])
        left = np.stack([one[:3, 0] for one in bodies], axis=1)
        return unit(np.stack([np.interp(z_mm, heights, one) for one in left], axis=-1))

    def _gap_mm(self, upper: str, lower: str) -> float:
        away = self.bodies[upper].matrix[:3, 3] - self.bodies[lower].matrix[:3, 3]
        halves = 0.5 * (self.vertebrae[upper].height_mm + self.vertebrae[lower].height_mm)
        return float(np.linalg.norm(away)) - halves


def column(spine: SpineSpec) -> Column:
    """Stack the vertebrae from the sacrum up, disc by disc, about the origin of the spine.

    The sacrum lies straight; lordosis, leaning to a side and turning add up over it, each shared
    evenly by both halves of a disc.
    """
    specs, levels = spine.vertebrae, spine.levels
    tilt = spine.sacrum["slope_deg"] - _endplate_tilt_deg(specs["S1"])
    turn, centre = np.eye(3), np.zeros(3)
    placed = {"S1": (_axes(tilt), centre)}
    for above, here in zip(levels[-2::-1], levels[:0:-1], strict=True):
        spec, axes = specs[here], placed[here][0]
        turn, tilt = _turned(turn, spec), tilt - spec.lordosis_above_deg
        axes_above = _axes(tilt) @ turn
        forward = axes @ unit([0.0, -1.0, -spec.wedge_slope])
        centre = (
            centre
            + 0.5 * spec.height_mm * axes[:, 2]
            + spec.disc_above_mm * unit(axes[:, 2] + axes_above[:, 2])
            + 0.5 * specs[above].height_mm * axes_above[:, 2]
            + spec.slip_above_mm * forward
        )
        placed[above] = axes_above, centre
    origin = placed[spine.origin][1]
    bodies = {
        level: rigid(axes, at - origin, source=Frame(level)) for level, (axes, at) in placed.items()
    }
    return Column(joined(Column(specs, bodies)), bodies)


def joined(column: Column) -> dict[str, VertebraSpec]:
    """The vertebrae with each inferior joint moved to the superior faces of the bone below."""
    specs, bodies = column.vertebrae, column.bodies
    found = dict(specs)
    for above, below in column.pairs:
        step = bodies[above].inverse() @ bodies[below]
        found[above] = meeting(specs[above], specs[below], step)
    return found


def meeting(spec: VertebraSpec, lower: VertebraSpec, step: Transform) -> VertebraSpec:
    """The sizes of a vertebra with its inferior joints at the superior faces of the one below.

    Parameters
    ----------
    spec, lower : VertebraSpec
        The two.
    step : Transform
        From the body frame of the lower one to that of the upper one.
    """
    places = []
    for side in SIDES:
        post = Posts(lower, side)
        at = step.apply(post.facet + 0.5 * spec.joint_gap_mm * post.facet_normal)
        drop = -0.5 * spec.height_mm - at[2]
        places.append(np.array([post.sign * at[0], at[1] - spec.back_mm, drop]))
    right, left = places
    across, up = step.turn([1.0, 0.0, 0.0]), step.turn(Posts(lower, "left").sap_up)
    pitch = np.arctan2(-up[1], up[2])
    back = np.array([0.0, np.cos(pitch), np.sin(pitch)])
    twist = np.degrees(np.arctan2(across @ back, across @ np.cross(back, up)))
    (spread, setback, drop), more = 0.5 * (left + right), left - right
    return dataclasses.replace(
        spec,
        iap_angle_deg=lower.facet_angle_deg,
        iap_tropism_deg=float(lower.tropism_deg - 2.0 * twist),
        iap_pitch_deg=float(np.degrees(pitch)),
        iap_lean_deg=float(np.degrees(np.arcsin(np.clip(up[0], -1.0, 1.0)))),
        iap_spread_mm=float(spread),
        iap_setback_mm=float(setback),
        iap_drop_mm=float(drop),
        iap_spread_left_more_mm=float(more[0]),
        iap_setback_left_more_mm=float(more[1]),
        iap_drop_left_more_mm=float(more[2]),
    )


def _endplate_tilt_deg(spec: VertebraSpec) -> float:
    """How far the upper endplate faces forward of the body's own plane."""
    return float(np.degrees(np.arctan(spec.wedge_slope)))


def _turned(turn: _Array, spec: VertebraSpec) -> _Array:
    """How the body above is turned out of the median plane (3, 3).

    ``turn`` is that of the vertebra below the disc, whose sizes are ``spec``; both are seen from
    the body as it would lie in the median plane.
    """
    beside = np.radians([0.0, spec.coronal_above_deg, spec.axial_above_deg])
    if not beside.any() and np.array_equal(turn, np.eye(3)):
        return turn  # a straight column stays so to the last digit
    lordosis = Rotation.from_rotvec([np.radians(-spec.lordosis_above_deg), 0.0, 0.0])
    bend = Rotation.from_rotvec(beside)
    return np.asarray((lordosis.inv() * Rotation.from_matrix(turn) * lordosis * bend).as_matrix())


def _axes(tilt_deg: float) -> _Array:
    """Columns +x, +y and +z of a body whose upper side faces forward by the tilt."""
    angle = np.radians(tilt_deg)
    up = np.array([0.0, -np.sin(angle), np.cos(angle)])
    return np.stack([np.array([1.0, 0.0, 0.0]), np.cross(up, [1.0, 0.0, 0.0]), up], axis=1)
