"""One lumbar vertebra from its sizes: shape, landmarks and nerves in the body frame.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Side
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.errors import InputError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Row, Tube, bar, drum, trace_mm
from needle_sim.geometry.transform import unit

Point = NDArray[np.float64]
SIDES: tuple[Side, Side] = ("right", "left")
NERVE_OFF_MM = 0.7
"""Centreline of the medial branch off the bone; it lies on the periosteum (TRAN22)."""
_UP = np.array([0.0, 0.0, 1.0])
_GROOVE_MM = 1.7
_GROOVE_AXIS_MM = 1.5
_GROOVE_BACK_MM = 45.0


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
        return self.at(-np.cos(angle), np.sin(angle), 0.0)

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
        """Along the face, lateral and dorsal."""
        return np.cross(self.facet_normal, _UP) * self.sign

    @property
    def iap_up(self) -> Point:
        """Cranial along the joint below, which follows the vertebra below."""
        pitch = np.radians(self.spec.iap_pitch_deg)
        return np.array([0.0, -np.sin(pitch), np.cos(pitch)])

    @property
    def iap_normal(self) -> Point:
        """Unit vector from the joint below into the inferior articular process."""
        angle = np.radians(self.spec.iap_angle_deg + self.sign * 0.5 * self.spec.iap_tropism_deg)
        pitch = np.radians(self.spec.iap_pitch_deg)
        back = np.sin(angle)
        return self.at(-np.cos(angle), back * np.cos(pitch), back * np.sin(pitch))

    @property
    def iap_across(self) -> Point:
        """Along the face of the joint below, lateral and dorsal."""
        return np.cross(self.iap_normal, self.iap_up) * self.sign

    @property
    def joint_below(self) -> Point:
        """Middle of the space of the facet joint below."""
        spec = self.spec
        return self.at(
            spec.iap_spread_mm,
            spec.back_mm + spec.iap_setback_mm,
            -0.5 * spec.height_mm - spec.iap_drop_mm,
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
        return np.cross(self.needle_axis, self.neck_out) * self.sign

    @property
    def neck(self) -> Point:
        """Middle of the lateral neck, on the lateral face of the process."""
        spec = self.spec
        face = self.facet - spec.sap_thickness_mm * self.facet_normal
        return np.asarray(face - spec.neck_drop_mm * _UP + spec.neck_flare_mm * self.neck_out)

    @property
    def groove_out(self) -> Point:
        """Out of the groove, between `neck_out` and `neck_over`."""
        return unit(0.75 * self.neck_out + 0.66 * self.neck_over)

    def neck_point(self, share: float) -> Point:
        """Along the neck, 0 at its dorsal end and 1 at its ventral end."""
        return np.asarray(self.neck + (share - 0.5) * self.spec.neck_length_mm * self.needle_axis)

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
        root = self.neck_point(0.75) - across * (reach + 0.4)
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
    def lamina_foot(self) -> Point:
        """Lateral end of the lamina, behind the pedicle."""
        spec = self.spec
        return self.at(
            0.5 * spec.canal_width_mm + 1.5,
            spec.back_mm + 0.78 * spec.canal_depth_mm + 0.5 * spec.lamina_thickness_mm,
            -0.45 * spec.lamina_drop_mm,
        )

    @property
    def lamina_top(self) -> Point:
        """Where the laminae meet in the midline."""
        spec = self.spec
        depth = spec.back_mm + spec.canal_depth_mm + 0.5 * spec.lamina_thickness_mm
        return np.array([0.0, depth, -spec.lamina_drop_mm])


def side_sign(side: str) -> float:
    """+1 for left, -1 for right; `InputError` for anything else."""
    if side not in SIDES:
        raise InputError(f"side must be left or right, got {side!r}")
    return 1.0 if side == "left" else -1.0


def vertebra_shape(spec: VertebraSpec) -> Implicit:
    """The bone of a vertebra in its body frame."""
    left, right = Posts(spec, "left"), Posts(spec, "right")
    rows = [_body(spec)]
    for part in (_pedicle, _lamina, _pars, _inferior_process):
        rows += [*part(left), *part(right)]
    rows += [*_spinous_process(spec), *_canal(spec), _joint_cut(left), _joint_cut(right)]
    for part in (superior_process, _transverse_process):
        rows += [*part(left), *part(right)]
    rows += [*_canal(spec, narrower_mm=0.0), groove(left), groove(right)]
    return Implicit.of(rows)


def _body(spec: VertebraSpec) -> Row:
    return drum(
        (spec.upper_width_mm, spec.upper_depth_mm),
        (spec.lower_width_mm, spec.lower_depth_mm),
        (spec.anterior_height_mm, spec.posterior_height_mm),
        waist_mm=spec.waist_mm,
        dish_mm=spec.dish_mm,
        round_mm=2.0,
    )


def _pedicle(post: Posts) -> Iterator[Row]:
    spec, axis = post.spec, post.pedicle_axis
    half = 0.5 * spec.pedicle_width_mm, 0.5 * spec.pedicle_height_mm
    across = np.cross(axis, _UP)
    front = post.pedicle - axis * (0.5 * spec.pedicle_length_mm + 5.0)
    wide = half[0] + 1.2, half[1] + 1.0
    yield bar(front, post.pedicle, wide, end_radii_mm=half, across=across, cap_mm=3.0, blend_mm=2.0)
    back = post.pedicle + axis * (0.5 * spec.pedicle_length_mm)
    small = half[0], 0.8 * half[1]
    yield bar(post.pedicle, back, half, end_radii_mm=small, across=across, cap_mm=3.0, blend_mm=0.5)


def _lamina(post: Posts) -> Iterator[Row]:
    spec = post.spec
    slope = np.radians(spec.lamina_slope_deg)
    across = np.array([0.0, -np.sin(slope), np.cos(slope)])
    half = 0.5 * spec.lamina_height_mm, 0.5 * spec.lamina_thickness_mm
    yield bar(
        post.lamina_foot,
        post.lamina_top,
        (0.85 * half[0], half[1]),
        end_radii_mm=half,
        across=across,
        cap_mm=3.0,
        blend_mm=2.5,
    )


def _pars(post: Posts) -> Iterator[Row]:
    """Arch from the pedicle to the lamina, and the isthmus down to the inferior process."""
    spec = post.spec
    start = post.pedicle + post.pedicle_axis * (0.5 * spec.pedicle_length_mm - 0.5)
    thick = 0.5 * spec.lamina_thickness_mm
    yield bar(
        start,
        post.lamina_foot + np.array([0.0, 0.5, 1.0]),
        (0.36 * spec.pedicle_height_mm, 1.25 * thick),
        end_radii_mm=(0.4 * spec.lamina_height_mm, thick),
        across=_UP,
        cap_mm=2.5,
        blend_mm=2.0,
    )
    top = post.pedicle + post.pedicle_axis * (0.5 * spec.pedicle_length_mm + 1.0)
    top = top + np.array([0.0, 0.0, 0.1 * spec.pedicle_height_mm])
    half = 0.42 * spec.iap_width_mm, 0.5 * spec.lamina_thickness_mm
    yield bar(
        top,
        post.lamina_foot + np.array([0.0, 1.0, -2.0]),
        (0.5 * half[0] + 2.0, half[1]),
        end_radii_mm=half,
        across=post.at(1.0, 0.3, 0.0),
        cap_mm=3.0,
        blend_mm=2.5,
    )


def _inferior_process(post: Posts) -> Iterator[Row]:
    spec = post.spec
    half = 0.5 * spec.iap_width_mm, 0.5 * spec.iap_thickness_mm
    low = post.iap - post.iap_up * (0.5 * spec.iap_height_mm - 3.0)
    high = post.iap + post.iap_up * (0.5 * spec.iap_height_mm)
    yield bar(
        high,
        low,
        (0.95 * half[0], 1.1 * half[1]),
        end_radii_mm=(0.75 * half[0], 0.9 * half[1]),
        across=post.iap_across,
        cap_mm=3.0,
        squared=True,
        blend_mm=2.5,
    )
    yield bar(
        post.lamina_foot - _UP * 3.0,
        high,
        (0.85 * half[0], 0.5 * spec.lamina_thickness_mm),
        end_radii_mm=(0.9 * half[0], half[1]),
        across=post.iap_across,
        cap_mm=3.0,
        blend_mm=2.5,
    )


def _spinous_process(spec: VertebraSpec) -> Iterator[Row]:
    root = Posts(spec, "left").lamina_top
    run = spec.back_mm + spec.spinous_length_mm - root[1] - 2.0
    slope = np.tan(np.radians(spec.spinous_slope_deg))
    middle = root + np.array([0.0, 0.55 * run, -0.55 * run * slope])
    tip = root + np.array([0.0, run, -run * slope])
    half = 0.5 * spec.spinous_height_mm, 0.5 * spec.spinous_thickness_mm
    yield bar(
        root,
        middle,
        (0.95 * half[0], 1.2 * half[1]),
        end_radii_mm=(0.85 * half[0], 0.8 * half[1]),
        across=_UP,
        cap_mm=2.0,
        blend_mm=3.0,
    )
    yield bar(
        middle,
        tip,
        (0.85 * half[0], 0.8 * half[1]),
        end_radii_mm=(half[0], 1.15 * half[1]),
        across=_UP,
        cap_mm=2.0,
        blend_mm=1.5,
    )


def _canal(spec: VertebraSpec, *, narrower_mm: float = 0.0) -> Iterator[Row]:
    centre = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
    half = 0.5 * spec.canal_width_mm - narrower_mm, 0.5 * spec.canal_depth_mm - narrower_mm
    yield bar(
        centre - 60 * _UP, centre + 60 * _UP, half, across=(1.0, 0.0, 0.0), blend_mm=1.0, step="cut"
    )


def _joint_cut(post: Posts) -> Row:
    """Room for the superior process of the vertebra below, and the joint space."""
    spec = post.spec
    deep = 0.5 * (spec.iap_thickness_mm + 3.0)
    face = post.joint_below + (0.5 * spec.joint_gap_mm - 0.2) * post.iap_normal
    top = face - deep * post.iap_normal + post.iap_up * (0.5 * spec.iap_height_mm + 1.5)
    return bar(
        top,
        top - 40.0 * post.iap_up,
        (0.62 * spec.iap_width_mm + 2.0, deep),
        across=post.iap_across,
        cap_mm=2.0,
        squared=True,
        blend_mm=0.8,
        step="cut",
    )


def superior_process(post: Posts) -> Iterator[Row]:
    spec, across = post.spec, post.sap_across
    half = 0.5 * spec.sap_width_mm, 0.5 * spec.sap_thickness_mm
    low = post.sap - _UP * (0.5 * spec.sap_height_mm)
    high = post.sap + _UP * (0.5 * spec.sap_height_mm - 3.5)
    yield bar(
        low,
        high,
        (0.9 * half[0], 1.12 * half[1]),
        end_radii_mm=(0.78 * half[0], 0.8 * half[1]),
        across=across,
        cap_mm=3.5,
        squared=True,
        blend_mm=2.0,
    )
    radius = spec.neck_radius_mm  # the neck: its lateral face runs along the nerve
    inside = -(radius + 0.2) * post.neck_out
    yield bar(
        post.neck_point(0.0) + inside,
        post.neck_point(1.0) + inside,
        (radius, radius),
        cap_mm=2.5,
        across=post.neck_out,
        blend_mm=2.5,
    )
    mamillary = post.sap + across * (half[0] - 0.8) - _UP * (0.15 * spec.sap_height_mm)
    size = 0.5 * spec.mamillary_mm
    yield bar(
        mamillary - _UP * 2.0, mamillary + _UP * 2.0, (size, size), across=across, blend_mm=2.0
    )


def _transverse_process(post: Posts) -> Iterator[Row]:
    root, tip, (half_height, half_thick) = post.tp_root, post.tp_tip, post.tp_half
    middle = 0.45 * root + 0.55 * tip
    start = root - post.at(5.0, 0.0, 0.0)
    slim = 0.82 * half_height, 0.85 * half_thick
    yield bar(start, middle, (half_height, half_thick), end_radii_mm=slim, across=_UP, blend_mm=2.0)
    end = 0.8 * half_height, 0.75 * half_thick
    yield bar(middle, tip, slim, end_radii_mm=end, across=_UP, blend_mm=1.0, cap_mm=post.tp_cap_mm)
    size = 0.5 * post.spec.accessory_mm
    below = size + _GROOVE_MM + 0.3
    accessory = post.neck_point(-0.2) - below * post.neck_over + post.at(0.5, 0.0, 0.0)
    yield bar(accessory, accessory, (size, size), across=(1.0, 0.0, 0.0), blend_mm=2.5)


def groove(post: Posts) -> Row:
    """The groove of the medial branch, and beyond it the free way of a needle laid along it."""
    axis = post.neck + _GROOVE_AXIS_MM * post.groove_out
    front = axis + (0.5 * post.spec.neck_length_mm + 2.0) * post.needle_axis
    back = axis - _GROOVE_BACK_MM * post.needle_axis
    half = _GROOVE_MM, _GROOVE_MM
    return bar(front, back, half, across=post.neck_out, blend_mm=0.8, step="cut")


def on_bone(post: Posts, bone: Implicit, near_mm: Point, *, off_mm: float) -> Point:
    """The place (3,) over the neck's groove that lies ``off_mm`` from the bone, next to a point."""
    return trace_mm(
        bone, near_mm + _GROOVE_AXIS_MM * post.groove_out, -post.groove_out, off_mm=off_mm
    )


def medial_branch_path(
    spec: VertebraSpec, side: Side, *, bone: Implicit | None = None
) -> NDArray[np.float64]:
    """Medial branch of the level above where it crosses this vertebra (N, 3), body frame.

    From the foramen over the upper border of the root of the transverse process, along the lateral
    neck of the superior articular process, then medially through the mamillo-accessory notch onto
    the lamina. Course: Shuang (2015), Medicine 94(52) e2367; Tran (2022), rapm-2022-103653; the
    neck's direction follows the parallel electrodes of P14 and CAMP.
    """
    post, bone = Posts(spec, side), bone or vertebra_shape(spec)
    neck = [on_bone(post, bone, post.neck_point(s), off_mm=NERVE_OFF_MM) for s in (1, 0.5, 0)]
    start = post.at(
        abs(neck[0][0]) - 1.5, spec.back_mm + 3.5, 0.5 * spec.height_mm + 0.6 * spec.disc_above_mm
    )
    lead = neck[0] + 0.35 * (start - neck[0]) + 1.2 * post.needle_axis
    between, lamina = notch(post, bone, NERVE_OFF_MM), _on_lamina(post, bone)
    corners = np.stack([start, lead, *neck, between, lamina])
    return off_bone(_rounded(corners), bone)


def off_bone(path_mm: Point, bone: Implicit) -> Point:
    """A path (N, 3) moved out of the bone to where a nerve can lie on it."""
    path = path_mm
    for n in range(12):
        if n % 3 == 0:  # neighbours that were pushed apart must not cut through a ridge
            path = resample(path, 0.5)
        short = np.maximum(0.85 * NERVE_OFF_MM - bone.distance_mm(path), 0.0)
        path = path + short[:, None] * bone.gradient(path)
    return path


def notch(post: Posts, bone: Implicit, off_mm: float) -> Point:
    """Between mamillary and accessory process, behind the neck's dorsal end."""
    near = post.neck_point(-0.22) - post.at(1.8, 0.0, 0.0)
    out = unit(0.3 * post.neck_out + 0.6 * post.neck_over + np.array([0.0, 0.6, 0.0]))
    return trace_mm(bone, near + 10.0 * out, -out, off_mm=off_mm)


def _on_lamina(post: Posts, bone: Implicit) -> Point:
    foot = post.lamina_foot
    start = np.array([0.72 * foot[0], foot[1] + 25.0, post.neck_point(0.0)[2] - 9.0])
    return trace_mm(bone, start, np.array([0.0, -1.0, 0.0]), off_mm=NERVE_OFF_MM)


def _rounded(corners: Point) -> Point:
    """A polyline with its corners cut twice (Chaikin), ends kept, at most 0.5 mm a step."""
    path = corners
    for _ in range(2):
        first = 0.8 * path[:-1] + 0.2 * path[1:]
        second = 0.2 * path[:-1] + 0.8 * path[1:]
        inner = np.stack([first, second], axis=1).reshape(-1, 3)
        path = np.concatenate([path[:1], inner[1:-1], path[-1:]])
    return resample(path, 0.5)


def root_path(spec: VertebraSpec, side: Side) -> Tube:
    """The exiting root of this level, body frame: sac, under the pedicle, foramen, ventral ramus.

    Diameters as measured on MRI (KHAS23), the widest place is the ganglion (SILV15); it descends
    at the take-off angle of SILV15.
    """
    post, radius = Posts(spec, side), 0.5 * spec.root_mm
    pedicle, half = post.pedicle, 0.5 * spec.pedicle_height_mm
    ganglion_radius = 0.5 * spec.ganglion_mm
    under = pedicle - _UP * (half + ganglion_radius + 1.5)
    under[1] = spec.back_mm + ganglion_radius - 0.5
    medial = 0.5 * spec.canal_width_mm - radius - 2.0
    drop = np.tan(np.radians(spec.root_takeoff_deg))
    middle = spec.back_mm + 0.5 * spec.canal_depth_mm
    below = post.at(0.5 * spec.canal_width_mm + 0.5, 0.5 * (middle + under[1]), under[2] - 0.5)
    axilla = post.at(medial - 1.0, middle, below[2] + drop * 0.7 * (abs(below[0]) - medial + 1.0))
    start = axilla + post.at(-3.0, 0.0, 3.0 * drop + 6.0)
    ganglion = under + post.at(1.0, 0.0, 0.0)
    outside = ganglion + post.at(8.0, -0.3 * spec.root_ventral_mm, -6.0)
    ramus = outside + post.at(7.0, -spec.root_ventral_mm, -11.0)
    far = ramus + post.at(3.0, -0.8 * spec.root_ventral_mm, -18.0)
    points = np.stack([start, axilla, below, ganglion, outside, ramus, far])
    radii = np.array([0.6, 0.85, 1.0, 0.0, 1.0, 1.1, 1.1]) * radius
    radii[3] = ganglion_radius
    return Tube(points, radii)


def vertebra_landmarks(
    spec: VertebraSpec, *, bone: Implicit | None = None
) -> dict[str, NDArray[np.float64]]:
    """Named bony landmarks (3,) in the body frame; those of a side start with its name."""
    bone = bone or vertebra_shape(spec)
    found = _median(spec, bone)
    for side in SIDES:
        for name, point in _of_side(Posts(spec, side), bone).items():
            found[f"{side} {name}"] = point
    return found


def endplate_landmarks(spec: VertebraSpec) -> dict[str, Point]:
    """Rims and centres of both endplates, body frame."""
    found = {}
    half, tilt = 0.5 * spec.height_mm, spec.wedge_slope
    for name, sign, (width, depth) in (
        ("superior", 1.0, (spec.upper_width_mm, spec.upper_depth_mm)),
        ("inferior", -1.0, (spec.lower_width_mm, spec.lower_depth_mm)),
    ):
        for place, x, y in (
            ("anterior", 0.0, -0.5 * depth),
            ("posterior", 0.0, 0.5 * depth),
            ("left", 0.5 * width, 0.0),
            ("right", -0.5 * width, 0.0),
            ("centre", 0.0, 0.0),
        ):
            dish = spec.dish_mm if place == "centre" else 0.0
            z = sign * (half + tilt * y - dish)
            found[f"{name}_endplate_{place}"] = np.array([x, y, z])
    return found


def _median(spec: VertebraSpec, bone: Implicit) -> dict[str, Point]:
    found = {"canal_centre": np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])}
    found.update(endplate_landmarks(spec))
    root = Posts(spec, "left").lamina_top
    run = spec.back_mm + spec.spinous_length_mm - root[1]
    slope = np.tan(np.radians(spec.spinous_slope_deg))
    far = root + np.array([0.0, run + 20.0, -run * slope])
    found["spinous_tip"] = trace_mm(bone, far, [0.0, -1.0, 0.0], off_mm=0.0)
    low = root - np.array([0.0, 0.0, 0.5 * spec.lamina_height_mm + 25.0])
    found["lamina_lower_edge"] = trace_mm(bone, low, _UP, off_mm=0.0)
    return found


def _of_side(post: Posts, bone: Implicit) -> dict[str, Point]:
    spec = post.spec
    above, out = 40.0 * _UP, post.at(1.0, 0.0, 0.0)
    tp_top = post.tp_root + post.at(2.0, 0.0, 0.0)
    under = post.pedicle - _UP * (0.5 * spec.pedicle_height_mm)
    foramen = under - _UP * (0.35 * spec.foramen_height_mm)
    return superior_process_landmarks(post, bone) | {
        "iap_tip": trace_mm(bone, post.iap - above, _UP, off_mm=0.0),
        "tp_root_upper": trace_mm(bone, tp_top + above, -_UP, off_mm=0.0),
        "tp_tip": trace_mm(bone, post.tp_tip + 40.0 * out, -out, off_mm=0.0),
        "joint_below_centre": post.joint_below,
        "pedicle_centre": post.pedicle,
        "pedicle_6_oclock": under,
        "foramen_centre": foramen,
    }


def superior_process_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Tip, face and neck of the superior articular process, and the notch behind it."""
    return {
        "sap_tip": trace_mm(bone, post.sap + 40.0 * _UP, -_UP, off_mm=0.0),
        "facet_centre": post.facet,
        "sap_tp_junction": on_bone(post, bone, post.neck_point(0.75), off_mm=0.0),
        "mamillo_accessory_notch": notch(post, bone, 0.0),
        "sap_neck_ventral": on_bone(post, bone, post.neck_point(1.0), off_mm=0.0),
        "sap_neck_dorsal": on_bone(post, bone, post.neck_point(0.0), off_mm=0.0),
    }
