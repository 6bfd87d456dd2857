"""The bone of a vertebra: bars and drums put on its posts.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from needle_sim.anatomy.phantom.posts import (
    GROOVE_AXIS_MM,
    GROOVE_MM,
    UP,
    Point,
    Posts,
    coronal_share,
)
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Implicit, Row, bar, box, drum
from needle_sim.geometry.transform import cross, unit

_GROOVE_BACK_MM = 45.0
_RECESS_HALF = (0.52, 0.75)  # of the canal's: the laminae meet at an angle (proposed)
_RECESS_BELOW_MM = 2.5  # it begins under the middle of the lamina, where the canal is measured
_NECK_OVER_MM = 0.8  # the neck is at most so much thicker than the process, each side (proposed)
_RIM_MM, _UNDER_PEDICLE_MM = 3.0, 4.0  # what is cut off a rim, and from where down (proposed)
_UNDER_BONE_MM, _SOON = 30.0, 20.0
_DEFECT_SHARE, _DEFECT_HALF_MM = 0.6, 12.0  # of the isthmus's run; how far a defect reaches
_DEFECT_NORMAL = unit([0.0, 1.0, -0.9])  # it rises backwards, behind the process above (proposed)
_RECESS_MORE_DEG = 12.0  # the ventral face is steeper than the middle of the lamina (proposed)


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
    if spec.rib_length_mm > 0.0:
        rows += [_under_pars(left), _under_pars(right)]
    if spec.pars_gap_mm > 0.0:
        rows += [_defect(left), _defect(right)]
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
    across = cross(axis, UP)
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
        across=UP,
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


def _defect(post: Posts) -> Row:
    """The gap of a spondylolysis across the isthmus, from the foramen to the back."""
    start = post.pedicle + post.pedicle_axis * (0.5 * post.spec.pedicle_length_mm)
    half = _DEFECT_HALF_MM, 0.5 * post.spec.pars_gap_mm, _DEFECT_HALF_MM
    centre = start + _DEFECT_SHARE * (post.lamina_foot - start)
    axes = ((1.0, 0.0, 0.0), _DEFECT_NORMAL)
    return box(half, centre_mm=centre, axes=axes, blend_mm=0.4, step="cut")


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
        post.lamina_foot - UP * 3.0,
        high,
        (0.85 * half[0], 0.5 * spec.lamina_thickness_mm),
        end_radii_mm=(0.9 * half[0], half[1]),
        across=post.iap_across,
        cap_mm=3.0,
        blend_mm=2.5,
    )


def _spinous_process(spec: VertebraSpec) -> Iterator[Row]:
    root = Posts(spec, "left").lamina_top
    run = spec.spinous_mm - root[1] - 2.0
    slope = np.tan(np.radians(spec.spinous_slope_deg))
    middle = root + np.array([0.0, 0.55 * run, -0.55 * run * slope])
    tip = root + np.array([0.0, run, -run * slope])
    half = 0.5 * spec.spinous_height_mm, 0.5 * spec.spinous_thickness_mm
    yield bar(
        root,
        middle,
        (0.95 * half[0], 1.2 * half[1]),
        end_radii_mm=(0.85 * half[0], 0.8 * half[1]),
        across=UP,
        cap_mm=2.0,
        blend_mm=3.0,
    )
    yield bar(
        middle,
        tip,
        (0.85 * half[0], 0.8 * half[1]),
        end_radii_mm=(half[0], 1.15 * half[1]),
        across=UP,
        cap_mm=2.0,
        blend_mm=1.5,
    )


def _canal(spec: VertebraSpec, *, narrower_mm: float = 0.0) -> Iterator[Row]:
    centre = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
    half = 0.5 * spec.canal_width_mm - narrower_mm, 0.5 * spec.canal_depth_mm - narrower_mm
    across = (1.0, 0.0, 0.0)
    yield bar(centre - 60 * UP, centre + 60 * UP, half, across=across, blend_mm=1.0, step="cut")
    recess = _RECESS_HALF[0] * half[0], _RECESS_HALF[1] * half[1]
    high = -spec.lamina_drop_mm - _RECESS_BELOW_MM
    top = np.array([0.0, spec.arch_mm - recess[1], high])
    low = top + 40.0 * recess_direction(spec)
    yield bar(top, low, recess, across=across, blend_mm=1.0, step="cut")


def recess_direction(spec: VertebraSpec) -> Point:
    """Downwards along the ventral face of the lower half of the laminae, near the midline.

    It leaves the canal dorsally: the lower border of a lamina lies farther back than its upper one.
    """
    slope = np.radians(spec.lamina_slope_deg + _RECESS_MORE_DEG)
    return np.array([0.0, np.sin(slope), -np.cos(slope)])


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


def _under_pars(post: Posts) -> Row:
    """Ventral of the room of a joint that looks backwards: there the pars would end in a thin rim
    that hangs into the foramen. Under all bone where the joint below looks sideways."""
    spec = post.spec
    sideways = max(0.0, 1.0 - _SOON * coronal_share(spec.iap_angle_deg))
    deep = 0.5 * spec.joint_gap_mm - 0.2 - (spec.iap_thickness_mm + 3.0) - 0.5 * _RIM_MM
    middle = post.joint_below + deep * post.iap_normal
    high = spec.pedicle_rise_mm - 0.5 * spec.pedicle_height_mm
    high -= _UNDER_PEDICLE_MM + _UNDER_BONE_MM * sideways
    top = middle + post.iap_up * ((high - middle[2]) / post.iap_up[2])
    half = 0.62 * spec.iap_width_mm + 2.0, _RIM_MM
    low = top - 30.0 * post.iap_up
    return bar(top, low, half, across=post.iap_across, cap_mm=0.5, squared=True, step="cut")


def superior_process(post: Posts) -> Iterator[Row]:
    spec, across = post.spec, post.sap_across
    half = 0.5 * spec.sap_width_mm, 0.5 * spec.sap_thickness_mm
    low = post.sap - post.sap_up * (0.5 * spec.sap_height_mm)
    high = post.sap + post.sap_up * (0.5 * spec.sap_height_mm - 3.5)
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
    # the neck: its lateral face runs along the nerve, its back keeps out of the joint
    over = _NECK_OVER_MM * (1.0 - post.coronal)
    radius = min(spec.neck_radius_mm, 0.5 * spec.sap_thickness_mm + over)
    inside = -(radius + 0.2) * post.neck_out
    yield bar(
        post.neck_point(0.0) + inside,
        post.neck_point(1.0) + inside,
        (radius, radius),
        cap_mm=2.5,
        across=post.neck_out,
        blend_mm=2.5,
    )
    middle, size = post.mamillary, 0.5 * spec.mamillary_mm
    yield bar(middle - UP * 2.0, middle + UP * 2.0, (size, size), across=across, blend_mm=2.0)


def _transverse_process(post: Posts) -> Iterator[Row]:
    root, tip, (half_height, half_thick) = post.tp_root, post.tp_tip, post.tp_half
    middle = 0.45 * root + 0.55 * tip
    start = root - post.at(5.0, 0.0, 0.0)
    slim = 0.82 * half_height, 0.85 * half_thick
    yield bar(start, middle, (half_height, half_thick), end_radii_mm=slim, across=UP, blend_mm=2.0)
    end = 0.8 * half_height, 0.75 * half_thick
    yield bar(middle, tip, slim, end_radii_mm=end, across=UP, blend_mm=1.0, cap_mm=post.tp_cap_mm)
    knob, size = post.accessory, 0.5 * post.spec.accessory_mm
    foot = root - post.at(1.0, 0.0, 0.25 * post.spec.tp_height_mm)
    wide = 1.3 * size, 1.3 * size
    yield bar(foot, knob, wide, end_radii_mm=(size, size), across=UP, cap_mm=size, blend_mm=2.0)


def groove(post: Posts) -> Row:
    """The groove of the medial branch, and beyond it the free way of a needle laid along it."""
    axis = post.neck_point(0.5) + GROOVE_AXIS_MM * post.groove_out
    front = axis + (0.5 * post.spec.neck_length_mm + 2.0) * post.needle_axis
    back = axis - _GROOVE_BACK_MM * post.needle_axis
    half = GROOVE_MM, GROOVE_MM
    return bar(front, back, half, across=post.neck_out, blend_mm=0.8, step="cut")
