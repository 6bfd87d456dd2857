"""`Posts`: the points and directions of one side of a vertebra that shape and nerves share.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, trace_mm
from needle_sim.geometry.transform import cross, unit

Point = NDArray[np.float64]
SIDES: tuple[Side, Side] = ("right", "left")
NERVE_OFF_MM = 0.7
"""Centreline of the medial branch off the bone; it lies on the periosteum (TRAN22)."""
GROOVE_MM = 1.7
"""Radius of the groove between neck and transverse process (proposed)."""
GROOVE_AXIS_MM = 1.5
_SAGITTAL_DEG, _TURN_DEG, _EDGE_SHARE = 55.0, 25.0, 0.42
"""Over this angle the lateral side of a superior process is its edge and no longer its back."""
_DEEP_MM, _FINE_MM, _BESIDE_MM, _STEPS = 6.0, 0.05, 1.0, 6
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Posts:
    """The points and directions of one side that shape, landmarks and nerves share."""

    spec: VertebraSpec
    side: Side

    @property
    def sign(self) -> float:
        """+1 on the left, -1 on the right."""
        return side_sign(self.side)

    def at(self, lateral_mm: float, y_mm: float, z_mm: float) -> Point:
        """A point given by its distance from the midline on this side."""
        return np.array([self.sign * lateral_mm, y_mm, z_mm])

    @property
    def pedicle_axis(self) -> Point:
        """Unit vector backwards and outwards along the pedicle."""
        across, up = np.radians([self.spec.pedicle_transverse_deg, self.spec.pedicle_sagittal_deg])
        return unit(self.at(np.sin(across), np.cos(across), np.tan(up)))

    @property
    def pedicle(self) -> Point:
        """Centre of the isthmus of the pedicle."""
        spec = self.spec
        slant = np.cos(np.radians(spec.pedicle_transverse_deg))
        lateral = 0.5 * (spec.canal_width_mm + spec.pedicle_width_mm / slant)
        return self.at(lateral, spec.back_mm + 0.5 * spec.pedicle_length_mm, spec.pedicle_rise_mm)

    @property
    def facet_normal(self) -> Point:
        """Unit vector out of the superior articular face: medial and dorsal."""
        angle = np.radians(self.spec.facet_angle_deg + self.sign * 0.5 * self.spec.tropism_deg)
        tilt = np.radians(self.spec.facet_tilt_deg)
        back = np.sin(angle)
        return self.at(-np.cos(angle), back * np.cos(tilt), back * np.sin(tilt))

    @property
    def sap_up(self) -> Point:
        """Cranial along the superior articular face."""
        tilt = np.radians(self.spec.facet_tilt_deg)
        return np.array([0.0, -np.sin(tilt), np.cos(tilt)])

    @property
    def facet(self) -> Point:
        """Centre of the superior articular face."""
        spec = self.spec
        return self.at(
            spec.facet_spread_mm,
            spec.back_mm + spec.facet_setback_mm,
            0.5 * spec.height_mm + spec.facet_rise_mm,
        )

    @property
    def sap(self) -> Point:
        """Middle of the superior articular process."""
        return np.asarray(self.facet - 0.5 * self.spec.sap_thickness_mm * self.facet_normal)

    @property
    def sap_across(self) -> Point:
        """Along the face, lateral and dorsal (or ventral, where the face looks outwards)."""
        return cross(self.facet_normal, self.sap_up) * self.sign

    @property
    def iap_up(self) -> Point:
        """Cranial along the joint below, which follows the vertebra below."""
        pitch, lean = np.radians([self.spec.iap_pitch_deg, self.spec.iap_lean_deg])
        return np.array([np.sin(lean), -np.sin(pitch) * np.cos(lean), np.cos(pitch) * np.cos(lean)])

    @property
    def iap_normal(self) -> Point:
        """Unit vector from the joint below into the inferior articular process."""
        angle = np.radians(self.spec.iap_angle_deg + self.sign * 0.5 * self.spec.iap_tropism_deg)
        pitch, lean = np.radians([self.spec.iap_pitch_deg, self.spec.iap_lean_deg])
        back, inwards = np.sin(angle), -self.sign * np.cos(angle)
        return np.array(
            [
                inwards * np.cos(lean),
                back * np.cos(pitch) + inwards * np.sin(lean) * np.sin(pitch),
                back * np.sin(pitch) - inwards * np.sin(lean) * np.cos(pitch),
            ]
        )

    @property
    def iap_across(self) -> Point:
        """Along the face of the joint below, lateral and dorsal."""
        return cross(self.iap_normal, self.iap_up) * self.sign

    @property
    def joint_below(self) -> Point:
        """Middle of the space of the facet joint below."""
        spec, half = self.spec, 0.5 * self.sign
        return self.at(
            spec.iap_spread_mm + half * spec.iap_spread_left_more_mm,
            spec.back_mm + spec.iap_setback_mm + half * spec.iap_setback_left_more_mm,
            -0.5 * spec.height_mm - spec.iap_drop_mm - half * spec.iap_drop_left_more_mm,
        )

    @property
    def iap(self) -> Point:
        """Middle of the inferior articular process, abreast of its face."""
        depth = 0.5 * (self.spec.joint_gap_mm + self.spec.iap_thickness_mm)
        return np.asarray(self.joint_below + depth * self.iap_normal)

    @property
    def needle_axis(self) -> Point:
        """Direction of the neck, as an electrode travels: medial, ventral and cranial."""
        lateral, caudal = np.radians([self.spec.neck_lateral_deg, self.spec.neck_caudal_deg])
        level = np.cos(caudal)
        return self.at(-level * np.sin(lateral), -level * np.cos(lateral), np.sin(caudal))

    @property
    def neck_out(self) -> Point:
        """Away from the neck: lateral, perpendicular to `needle_axis`."""
        axis = self.needle_axis
        lateral = self.at(1.0, 0.0, 0.0)
        return unit(lateral - axis * float(lateral @ axis))

    @property
    def neck_over(self) -> Point:
        """Out of the groove between neck and transverse process: dorsal and cranial."""
        return cross(self.needle_axis, self.neck_out) * self.sign

    @property
    def coronal(self) -> float:
        """0 where the joint above stands as in a lumbar spine, 1 where it looks backwards."""
        return coronal_share(self.spec.facet_angle_deg)

    @property
    def neck(self) -> Point:
        """Middle of the lateral neck, on the lateral face of the process."""
        spec = self.spec
        side = -0.5 * spec.sap_thickness_mm * self.facet_normal
        coronal = self.coronal
        edge = _EDGE_SHARE * spec.sap_width_mm * self.sap_across
        face = self.sap + (1.0 - coronal) * side + coronal * edge
        return np.asarray(face - spec.neck_drop_mm * UP + spec.neck_flare_mm * self.neck_out)

    @property
    def groove_out(self) -> Point:
        """Out of the groove, between `neck_out` and `neck_over`."""
        return unit(0.75 * self.neck_out + 0.66 * self.neck_over)

    def neck_point(self, share: float) -> Point:
        """Along the neck, 0 at its dorsal end and 1 at its ventral end."""
        along = (share - 0.5) * self.spec.neck_length_mm
        floor = self.neck + self.spec.neck_fill_mm * self.groove_out
        return np.asarray(floor + along * self.needle_axis)

    @property
    def tp_half(self) -> tuple[float, float]:
        """Half height and half thickness of the root of the transverse process."""
        return 0.5 * self.spec.tp_height_mm, 0.5 * self.spec.tp_thickness_mm

    @property
    def tp_root(self) -> Point:
        """Axis of the transverse process at its root, so far below that the neck's line is free."""
        half_height, half_thick = self.tp_half
        across = unit(np.array([0.0, self.neck_over[1], self.neck_over[2]]))
        reach = np.hypot(half_thick * across[1], half_height * across[2])
        neck = self.neck + 0.25 * self.spec.neck_length_mm * self.needle_axis
        root = neck - across * (reach + 0.4)
        return np.asarray(root + self.at(1.0, 0.0, 0.0))

    @property
    def tp_cap_mm(self) -> float:
        """How far the rounded end stands out beyond the axis."""
        return 0.1 + 0.75 * self.tp_half[1]

    @property
    def tp_tip(self) -> Point:
        """Axis of the transverse process at its end."""
        root = self.tp_root
        run = 0.5 * self.spec.tp_span_mm - self.tp_cap_mm - abs(root[0])
        back, up = np.tan(np.radians([self.spec.tp_backsweep_deg, self.spec.tp_upsweep_deg]))
        return np.asarray(root + self.at(run, run * back, run * up))

    @property
    def mamillary(self) -> Point:
        """Middle of the mamillary process, on the back of the superior one."""
        spec = self.spec
        beside = (0.5 * spec.sap_width_mm - 0.8) * self.sap_across
        return np.asarray(self.sap + beside - 0.15 * spec.sap_height_mm * UP)

    @property
    def accessory(self) -> Point:
        """Middle of the accessory process, under the groove at the root of the transverse one."""
        below = 0.5 * self.spec.accessory_mm + GROOVE_MM + 0.3
        return np.asarray(self.neck_point(-0.2) - below * self.neck_over + self.at(0.5, 0.0, 0.0))

    @property
    def lamina_foot(self) -> Point:
        """Lateral end of the lamina, behind the pedicle."""
        spec = self.spec
        return self.at(
            0.5 * spec.canal_width_mm + 1.5,
            spec.arch_mm - 0.22 * spec.canal_depth_mm + 0.5 * spec.lamina_thickness_mm,
            -0.45 * spec.lamina_drop_mm,
        )

    @property
    def lamina_top(self) -> Point:
        """Where the laminae meet in the midline."""
        spec = self.spec
        depth = spec.arch_mm + 0.5 * spec.lamina_thickness_mm
        return np.array([0.0, depth, -spec.lamina_drop_mm])


def coronal_share(facet_angle_deg: float) -> float:
    """0 for a joint that stands as in a lumbar spine, 1 for one that looks backwards."""
    return float(np.clip((facet_angle_deg - _SAGITTAL_DEG) / _TURN_DEG, 0.0, 1.0))


def side_sign(side: str) -> float:
    """+1 for left, -1 for right; `InputError` for anything else."""
    if side not in SIDES:
        raise InputError(f"side must be left or right, got {side!r}")
    return 1.0 if side == "left" else -1.0


def on_bone(post: Posts, bone: Implicit, near_mm: Point, *, off_mm: float) -> Point:
    """The place (3,) over the neck's groove that lies ``off_mm`` from the bone, next to a point.

    Where the bone ends just beside the groove, the place nearest to it.
    """
    start = near_mm + GROOVE_AXIS_MM * post.groove_out
    try:
        return trace_mm(bone, start, -post.groove_out, off_mm=off_mm)
    except InputError:
        line = start - np.arange(0.0, _DEEP_MM, _FINE_MM)[:, None] * post.groove_out
        away = bone.distance_mm(line)
        if away.min() > off_mm + _BESIDE_MM:
            raise
        at = line[int(away.argmin())][None]
        for _ in range(_STEPS):
            at = at - (bone.distance_mm(at) - off_mm)[:, None] * bone.gradient(at)
        return np.asarray(at[0])


def notch(post: Posts, bone: Implicit, off_mm: float) -> Point:
    """Between mamillary and accessory process, behind the neck's dorsal end."""
    near = post.neck_point(-0.22) - post.at(1.8, 0.0, 0.0)
    out = unit(0.3 * post.neck_out + 0.6 * post.neck_over + np.array([0.0, 0.6, 0.0]))
    return trace_mm(bone, near + 10.0 * out, -out, off_mm=off_mm)
