"""The phantom's sacrum, posed and shaped to a labelled one; what matters is S1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.evidence import band, evidence_of
from needle_sim.anatomy.label_joints import LabelJoint
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.sacrum import WALL_BELOW_MM, sacrum_shape
from needle_sim.anatomy.phantom.spec import VertebraSpec, spine_spec, spreads
from needle_sim.anatomy.shape_fit import BoneModel, Sizes, shaped, solved
from needle_sim.anatomy.surface import LabelSurface
from needle_sim.anatomy.vertebra_fit import (
    AVERAGE,
    LOOSE,
    NONE,
    VertebraFit,
    joint_anchors,
    joint_evidence,
    loosened,
    surface_rms_mm,
)
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Frame, Transform, rigid, unit

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]

FITTED = (
    *("upper_width_mm", "upper_depth_mm", "lower_width_mm", "lower_depth_mm"),
    *("anterior_height_mm", "posterior_height_mm"),
    *("facet_angle_deg", "facet_spread_mm", "facet_setback_mm", "facet_rise_mm", "tropism_deg"),
    *("sap_height_mm", "sap_width_mm", "sap_thickness_mm"),
    "neck_drop_mm",
)
"""Sizes of S1 that are fitted."""

FITTED_SACRAL = (
    *("length_mm", "width_mm", "curve_deg", "table_deg", "wall_below_mm"),
    *("ala_ventral_mm", "ala_back_mm", "ala_up_mm", "ala_dorsal_mm", "foramen_mm"),
)
"""Sizes of the whole sacrum that are fitted."""

OWN_SD = {
    **{"upper_width_mm": 3.0, "upper_depth_mm": 1.5, "table_deg": 10.0, "ala_ventral_mm": 4.0},
    **{"ala_back_mm": 3.0, "ala_up_mm": 3.0, "ala_dorsal_mm": 4.0, "foramen_mm": 1.5},
    **{"wall_below_mm": 6.0, "curve_deg": 12.0, "tail_deg": 20.0, "tail_mm": 8.0},
    "neck_drop_mm": 4.0,
    **{"sap_height_mm": 1.0, "sap_width_mm": 1.0, "sap_thickness_mm": 0.6},
    **{"facet_setback_mm": 4.0, "facet_rise_mm": 5.0},
}
"""Spreads wider than those of the phantom's population: its S1 is a model choice, and the endplate
leans on the sacrum's axis by 10 degrees more or less from one patient to the next (proposed)."""

S1_MM = (40.0, 15.0)
"""The fit is judged so far from the midline, and down to here below the middle of S1, about the
level of its disc to S2: what lies beyond is no part of a lumbar procedure."""

FILL, _FILL_SD_MM = "neck_fill_mm", 5.0
"""Fitted once the rest of S1 stands, so that it does not turn the joint (proposed)."""

LOWER = ("tail_deg", "tail_mm")
"""Sizes that are fitted to the whole label once S1 stands."""

_SEEN_MM = (36.0, 30.0)  # the part that S1 is fitted to
_WHOLE_MM = 50.0  # a label that reaches so far below the middle of S1 is not that of S1 alone

_FACING_MM, _FACING = 25.0, 0.7
_BESIDE_MM, _FLAT = 25.0, 0.9
_LEAST = 12


@cache
def average_sacrum() -> tuple[VertebraSpec, Mapping[str, float], Mapping[str, float]]:
    """The mean S1, the mean sizes of the sacrum, and how far each fitted size may leave them."""
    path = presets.folder("phantoms") / f"{AVERAGE}.toml"
    file, spine = presets.read_toml(path), spine_spec(AVERAGE)
    own = spreads(AVERAGE, "S1")
    usual = {name: own[name] for name in FITTED if name in own}
    usual |= {name: float(file["sacrum"].get(name, {}).get("sd", 0.0)) for name in FITTED_SACRAL}
    names = (*FITTED, *FITTED_SACRAL)
    spread = {name: OWN_SD.get(name, LOOSE * usual.get(name, 0.0)) for name in names}
    sacral = {
        **dict.fromkeys((*FITTED_SACRAL, *LOWER), 0.0),
        **spine.sacrum,
        "wall_below_mm": WALL_BELOW_MM,
    }
    return column(spine).vertebrae["S1"], sacral, MappingProxyType(spread)


def fit_sacrum(
    surface: LabelSurface, *, start: Transform, above: Mapping[str, LabelJoint] = NONE
) -> VertebraFit:
    """Pose and sizes of the parametric sacrum at a labelled one; see `shape_fit.solved`.

    First S1, by the part down to S2; then, where the label goes on, what lies below in the pose
    found. ``rms_mm`` is that of S1.

    Parameters
    ----------
    surface : LabelSurface
        Of the labelled sacrum, or of S1 alone.
    start : Transform
        ``patient_from_body`` of S1 to start from, as of `start_sacrum`.
    above : mapping of str to LabelJoint
        The joints with L5 by side, where the labels show them.
    """
    spec, sacral, usual = average_sacrum()
    spread = loosened(spec, usual, above, NONE)

    def parts(sizes: Sizes) -> tuple[VertebraSpec, dict[str, float]]:
        own = {name: sizes[name] for name in (*FITTED, FILL) if name in sizes}
        return replace(spec, **own), {name: sizes.get(name, mean) for name, mean in sacral.items()}

    model = BoneModel(
        {name: getattr(spec, name, sacral.get(name, 0.0)) for name in spread},
        spread,
        lambda sizes: sacrum_shape(*parts(sizes)),
        lambda sizes: joint_anchors(parts(sizes)[0], above, NONE),
    )
    seen, near = _part(surface, start, _SEEN_MM), band(surface)
    anchors = joint_evidence(spec, above, NONE, start)
    evidence = evidence_of(seen, near[_within(near, start, _SEEN_MM)], *anchors)
    sizes, placed = solved(model, evidence, start)

    def more(mean: Sizes, spread: Sizes) -> BoneModel:
        return BoneModel(
            mean,
            spread,
            lambda found: sacrum_shape(*parts({**sizes, **found})),
            lambda _: np.zeros((0, 3)),
        )

    groove = more({FILL: 0.0}, {FILL: _FILL_SD_MM})
    sizes = {**sizes, **shaped(groove, evidence.loose(), placed)}
    if _reaches_mm(surface, placed) > _WHOLE_MM:
        lower = more(*({name: one[name] for name in LOWER} for one in (sacral, OWN_SD)))
        whole = evidence_of(surface, near, *joint_evidence(spec, NONE, NONE, placed))
        sizes = {**sizes, **shaped(lower, whole, placed)}
    shape = sacrum_shape(*parts(sizes)).moved(placed)
    upper = near[_within(near, placed, S1_MM)]
    rms = surface_rms_mm(_part(surface, placed, S1_MM), shape, upper)
    found, sacrum = parts(sizes)
    return VertebraFit(found, placed, shape, rms, MappingProxyType(sacrum))


def start_sacrum(surface: LabelSurface, last: LabelSurface) -> Transform:
    """``patient_from_body`` of S1 to start from: its endplate is what faces the core of L5.

    Parameters
    ----------
    surface, last : LabelSurface
        Of the sacrum, and of L5.

    Raises
    ------
    InputError
        The labels do not face each other.
    """
    core = last.core_mm()
    towards = core - surface.points_mm
    away = np.linalg.norm(towards, axis=1)
    facing = (surface.normals * towards).sum(axis=1) / away
    beside = np.abs(towards[:, 0])
    near = last.distance_mm(surface.points_mm) < _FACING_MM
    plate = near & (facing > _FACING) & (beside < _BESIDE_MM)
    if plate.sum() < _LEAST:
        raise InputError(
            "S1 cannot be fitted: the labels of sacrum and L5 do not face each other within "
            f"{_FACING_MM:.0f} mm; give labels of this scan, or a level above"
        )
    normal = unit(surface.normals[plate].mean(axis=0))
    for _ in range(3):  # the borders of the canal and of the articular processes face elsewhere
        flat = plate & (surface.normals @ normal > _FLAT)
        normal = unit(surface.normals[flat].mean(axis=0))
    spec, _, _ = average_sacrum()
    left = np.array([1.0, 0.0, 0.0])
    left = unit(left - normal * float(left @ normal))
    centre = surface.points_mm[flat].mean(axis=0) - 0.5 * spec.height_mm * normal
    return rigid(
        np.stack([left, np.cross(normal, left), normal], axis=1), centre, source=Frame("S1")
    )


def _reaches_mm(surface: LabelSurface, pose: Transform) -> float:
    """How far a label reaches below the middle of S1."""
    return -float(pose.inverse().apply(surface.points_mm)[:, 2].min())


def _within(points_mm: Points, pose: Transform, reach_mm: tuple[float, float]) -> Mask:
    """True (P,) at most so far beside the midline and below the middle of S1."""
    at = pose.inverse().apply(points_mm)
    return np.asarray((np.abs(at[:, 0]) < reach_mm[0]) & (at[:, 2] > -reach_mm[1]))


def _part(surface: LabelSurface, pose: Transform, reach_mm: tuple[float, float]) -> LabelSurface:
    kept = _within(surface.points_mm, pose, reach_mm)
    return replace(surface, points_mm=surface.points_mm[kept], normals=surface.normals[kept])
