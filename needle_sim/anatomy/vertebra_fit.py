"""`VertebraFit`: the parametric vertebra, posed and shaped to the surface of a labelled one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.evidence import band, evidence_of
from needle_sim.anatomy.label_joints import LabelJoint
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import VertebraSpec, spine_spec, spreads
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.shape_fit import BoneModel, Sizes, solved
from needle_sim.anatomy.surface import LabelSurface
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Frame, Transform, cross, rigid, unit

Points = NDArray[np.float64]

AVERAGE = "lumbar_normal"
"""The phantom whose sizes and spreads the fit starts from."""

LOOSE = 2.0
"""Patients differ from the phantom's mean by more than its population spreads, so many times
(proposed)."""

FITTED = (
    *("upper_width_mm", "upper_depth_mm", "lower_width_mm", "lower_depth_mm"),
    *("anterior_height_mm", "posterior_height_mm", "waist_mm"),
    *("pedicle_width_mm", "pedicle_height_mm", "pedicle_length_mm", "pedicle_rise_mm"),
    *("canal_width_mm", "canal_depth_mm"),
    *("lamina_height_mm", "lamina_thickness_mm", "lamina_drop_mm", "lamina_slope_deg"),
    *("facet_angle_deg", "facet_spread_mm", "facet_setback_mm", "facet_rise_mm", "tropism_deg"),
    *("sap_height_mm", "sap_width_mm", "sap_thickness_mm"),
    *("neck_drop_mm", "neck_fill_mm"),
    *("iap_spread_mm", "iap_setback_mm", "iap_drop_mm", "iap_height_mm"),
    *("iap_width_mm", "iap_thickness_mm"),
    *("iap_angle_deg", "iap_tropism_deg", "iap_lean_deg"),
    *("iap_spread_left_more_mm", "iap_setback_left_more_mm", "iap_drop_left_more_mm"),
    *("tp_span_mm", "tp_upsweep_deg", "tp_backsweep_deg", "tp_height_mm", "tp_thickness_mm"),
    *("spinous_length_mm", "spinous_height_mm", "spinous_thickness_mm", "spinous_slope_deg"),
)
"""Sizes that are fitted; the others stay at the mean of their level."""

_JOINT_SD = {  # the neck stays with the transverse process, wherever the joint is (proposed)
    **{"iap_spread_mm": 1.5, "iap_setback_mm": 1.5, "iap_drop_mm": 2.0, "neck_drop_mm": 1.5},
    "neck_fill_mm": 2.5,
    **{"iap_angle_deg": 5.0, "iap_tropism_deg": 5.0, "iap_lean_deg": 3.0},
    **{"iap_spread_left_more_mm": 1.5, "iap_setback_left_more_mm": 1.0},
    "iap_drop_left_more_mm": 1.0,
}
_JOINT_LOOSE = 2.5  # where the labels show a joint, its sizes are held by it (proposed)
_CENTRE_SD_MM, _ALONG_SD_MM, _LEVER_SD_MM = 0.25, 1.0, 2.5
"""Of a joint that looks backwards only the cleft is well seen: along it the middle of what faces is
off by up to 2 mm (measured on phantoms)."""
_BACKWARDS_DEG = 60.0
_LEVER_MM = 8.0  # a joint's direction is known as that of a lever of this length


_MIDLINE_MM = 10.0  # where a spinous process is looked for, to either side
_TOO_LONG_MM = 2.0  # beyond the label: more than good fits are off (proposed)

NONE: Mapping[str, LabelJoint] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class VertebraFit:
    """A fitted vertebra.

    Parameters
    ----------
    spec : VertebraSpec
        The sizes found.
    patient_from_body : Transform
        The pose found.
    shape : Implicit
        The bone in the patient.
    rms_mm : float
        Root mean square distance between the two surfaces, both ways; of a sacrum, that of S1.
    sacrum : mapping of str to float, or None
        For S1, the sizes of the whole sacrum.
    """

    spec: VertebraSpec
    patient_from_body: Transform
    shape: Implicit
    rms_mm: float
    sacrum: Mapping[str, float] | None = None


@cache
def average(vertebra: str) -> tuple[VertebraSpec, Mapping[str, float]]:
    """The mean vertebra of a level, and how far each fitted size may leave it (one SD, twice that
    of the phantom's population)."""
    usual = spreads(AVERAGE, vertebra)
    spread = {name: LOOSE * (_JOINT_SD.get(name) or usual[name]) for name in FITTED}
    return column(spine_spec(AVERAGE)).vertebrae[vertebra], MappingProxyType(spread)


def fit_vertebra(
    surface: LabelSurface,
    mean: VertebraSpec,
    spread: Mapping[str, float],
    *,
    start: Transform,
    above: Mapping[str, LabelJoint] = NONE,
    below: Mapping[str, LabelJoint] = NONE,
) -> VertebraFit:
    """Pose and sizes of the parametric vertebra at a labelled one; see `shape_fit.solved`.

    Parameters
    ----------
    surface : LabelSurface
        Of the labelled vertebra.
    mean : VertebraSpec
        The average vertebra of this level.
    spread : mapping of str to float
        Standard deviation of each size that is fitted, in the unit of that field.
    start : Transform
        ``patient_from_body`` to start from, within about 20 degrees and 15 mm.
    above, below : mapping of str to LabelJoint
        The joints with the neighbours by side, where their labels show them.
    """

    spread = loosened(mean, spread, above, below)

    def spec_of(sizes: Sizes) -> VertebraSpec:
        return replace(mean, **sizes)

    model = BoneModel(
        {name: getattr(mean, name) for name in spread},
        spread,
        lambda sizes: vertebra_shape(spec_of(sizes)),
        lambda sizes: joint_anchors(spec_of(sizes), above, below),
    )
    near = band(surface)
    anchors = joint_evidence(mean, above, below, start)
    sizes, placed = solved(model, evidence_of(surface, near, *anchors), start)
    spec = _cut_back(spec_of(sizes), surface, placed)
    shape = vertebra_shape(spec).moved(placed)
    return VertebraFit(spec, placed, shape, surface_rms_mm(surface, shape, near))


def _cut_back(spec: VertebraSpec, surface: LabelSurface, placed: Transform) -> VertebraSpec:
    """The vertebra with its spinous process no longer than the label's.

    The model's process lies in the midline and thins towards its tip. One that leans aside is met
    by a longer one, thicker where the label is, whose end stands out of the label, even of the
    skin; far from the label that costs a fit little.
    """
    local = placed.inverse().apply(surface.points_mm)
    tip = local[np.abs(local[:, 0]) < _MIDLINE_MM, 1].max(initial=0.0)
    excess = spec.back_mm + spec.spinous_length_mm - float(tip)
    if excess < _TOO_LONG_MM:
        return spec
    return replace(spec, spinous_length_mm=spec.spinous_length_mm - excess)


def loosened(
    mean: VertebraSpec,
    spread: Mapping[str, float],
    above: Mapping[str, LabelJoint],
    below: Mapping[str, LabelJoint],
) -> dict[str, float]:
    """The spreads with those of a joint's place wider, where labels show it.

    Not how far a joint that looks backwards lies from the midline: its cleft does not show that.
    """
    place = [
        *(("facet_setback", "facet_rise") if above else ()),
        *(("iap_setback", "iap_drop") if below else ()),
        *(("facet_spread",) if above and mean.facet_angle_deg < _BACKWARDS_DEG else ()),
        *(("iap_spread",) if below and mean.iap_angle_deg < _BACKWARDS_DEG else ()),
    ]
    return {
        name: sd * (_JOINT_LOOSE if name.removesuffix("_mm") in place else 1.0)
        for name, sd in spread.items()
    }


def joint_anchors(
    spec: VertebraSpec, above: Mapping[str, LabelJoint], below: Mapping[str, LabelJoint]
) -> Points:
    """Middle of each of these joints (A, 3), and a point off it along its normal, body frame."""
    found = []
    for side in SIDES:
        post = Posts(spec, side)
        if side in above:
            middle = post.facet + 0.5 * spec.joint_gap_mm * post.facet_normal
            found += [middle, middle + _LEVER_MM * post.facet_normal]
        if side in below:
            found += [post.joint_below, post.joint_below + _LEVER_MM * post.iap_normal]
    return np.stack(found) if found else np.zeros((0, 3))


def joint_evidence(
    mean: VertebraSpec,
    above: Mapping[str, LabelJoint],
    below: Mapping[str, LabelJoint],
    start: Transform,
) -> tuple[Points, Points]:
    """Where `joint_anchors` should come to lie (A, 3), patient, and what a millimetre off counts
    (A, 3, 3); along the cleft the middle of a joint that looks backwards is known less well.

    Normals are taken across the spine, as the model's are.
    """
    up, found, weight = start.matrix[:3, 2], [], []
    for side in SIDES:
        for joints, angle in ((above, mean.facet_angle_deg), (below, mean.iap_angle_deg)):
            if side in joints:
                sd = _CENTRE_SD_MM if angle < _BACKWARDS_DEG else _ALONG_SD_MM
                joint = joints[side]
                level = unit(joint.normal - up * float(joint.normal @ up))
                found += [joint.centre_mm, joint.centre_mm + _LEVER_MM * level]
                across = np.outer(joint.normal, joint.normal)
                along = np.eye(3) - across
                weight += [across / _CENTRE_SD_MM + along / sd, np.eye(3) / _LEVER_SD_MM]
    if not found:
        return np.zeros((0, 3)), np.zeros((0, 3, 3))
    return np.stack(found), np.stack(weight)


def start_poses(surfaces: Mapping[str, LabelSurface]) -> dict[str, Transform]:
    """``patient_from_body`` of each to start from: the body's middle, up along the column of
    middles.

    Back is from the body's middle towards the middle of the whole label. A vertebra alone stands
    upright.
    """
    core = {name: surface.core_mm() for name, surface in surfaces.items()}
    order = sorted(core, key=lambda name: float(core[name][2]))
    found = {}
    for here, name in enumerate(order):
        up = core[order[min(here + 1, len(order) - 1)]] - core[order[max(here - 1, 0)]]
        up = unit(up) if len(order) > 1 else np.array([0.0, 0.0, 1.0])
        part = surfaces[name].part
        middle = part.patient_from_voxel.apply(np.argwhere(part.array > 0)).mean(axis=0)
        back = middle - core[name]
        back = unit(back - up * float(back @ up))
        axes = np.stack([cross(back, up), back, up], axis=1)
        found[name] = rigid(axes, core[name], source=Frame(name))
    return {name: found[name] for name in surfaces}


def surface_rms_mm(surface: LabelSurface, shape: Implicit, near_mm: Points) -> float:
    """Root mean square surface distance in mm: label to model and model to label, equal shares.

    The model's surface is sampled by bringing those of ``near_mm`` (Q, 3) that lie within 3 mm of
    it onto it.
    """
    there = shape.distance_mm(surface.points_mm)
    on_model = near_mm[np.abs(shape.distance_mm(near_mm)) < 3.0]
    for _ in range(4):
        on_model = on_model - shape.distance_mm(on_model)[:, None] * shape.gradient(on_model)
    on_model = on_model[np.abs(shape.distance_mm(on_model)) < 0.1]
    on_model = on_model[surface.part.contains(on_model)]  # beyond the volume nothing is labelled
    back = surface.distance_mm(on_model)
    return float(np.sqrt(0.5 * (np.mean(there**2) + np.mean(back**2))))
