"""`VertebraSpec`: the sizes of one vertebra."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from needle_sim.errors import InputError
from needle_sim.presets import nearest

SIGNED = frozenset(
    {"pedicle_rise_mm", "facet_rise_mm", "neck_flare_mm", "dish_mm", "waist_mm", "iap_drop_mm"}
    | {"flavum_left_more_mm", "nucleus_back_mm", "slip_above_mm", "arch_back_mm"}
    | {"neck_fill_mm"}
    | {f"iap_{way}_left_more_mm" for way in ("spread", "setback", "drop")}
)
"""Lengths that may be negative."""
MAY_BE_ZERO = frozenset({"disc_hollow_mm", "rib_length_mm", "pars_gap_mm"})
"""Lengths of what need not be there."""


@dataclass(frozen=True, slots=True)
class VertebraSpec:
    """The sizes of one vertebra (and of S1 as far as it is like one).

    Millimetres and degrees. The superior joint is described by its face on this vertebra
    (``facet_*``, ``sap_*``), the inferior one by the middle of the joint space (``iap_*``), which
    `needle_sim.anatomy.phantom.column.column` takes from the vertebra below.

    Parameters
    ----------
    upper_width_mm, upper_depth_mm, lower_width_mm, lower_depth_mm : float
        Endplates.
    anterior_height_mm, posterior_height_mm : float
        Of the body.
    waist_mm, dish_mm : float
        How far the side wall draws in, and the middle of an endplate lies under its rim.
    pedicle_width_mm, pedicle_height_mm, pedicle_length_mm : float
        At the isthmus; length from the posterior wall of the body to the articular pillar.
    pedicle_transverse_deg, pedicle_sagittal_deg : float
        Axis backwards and outwards in the axial plane, and upwards.
    pedicle_rise_mm : float
        Its axis above the centre of the body.
    canal_width_mm, canal_depth_mm : float
        Between the pedicles, and from posterior wall to lamina.
    lamina_height_mm, lamina_thickness_mm, lamina_slope_deg, lamina_drop_mm : float
        The upper edge lies ventral by the slope; the middle lies under the centre of the body.
    facet_angle_deg, tropism_deg : float
        Superior face from the sagittal plane, over 90 where it looks outwards; left minus right.
    facet_tilt_deg : float
        How far the superior face leans forward, so that it looks up.
    facet_spread_mm, facet_setback_mm, facet_rise_mm : float
        Centre of the face from the midline, behind the posterior wall, above the upper endplate.
    sap_height_mm, sap_width_mm, sap_thickness_mm, mamillary_mm : float
        Superior articular process.
    neck_drop_mm, neck_flare_mm, neck_length_mm, neck_radius_mm : float
        Lateral neck of the process: below the face's centre, out of the process's lateral face.
    neck_lateral_deg, neck_caudal_deg : float
        Direction of the neck: from parasagittal, and from the plane of the endplates.
    neck_fill_mm : float
        How much shallower its groove is than process and root would have it: 0 in a phantom, found
        by a fit to labels.
    accessory_mm : float
        Width of the accessory process.
    iap_angle_deg, iap_tropism_deg, iap_pitch_deg, iap_lean_deg : float
        Joint below: from the sagittal plane, left minus right, turned about the transverse axis,
        and its upper end to the left.
    iap_spread_mm, iap_setback_mm, iap_drop_mm : float
        Middle of the joint space: from the midline, behind the posterior wall, below the body; the
        mean of both sides.
    iap_spread_left_more_mm, iap_setback_left_more_mm, iap_drop_left_more_mm : float
        Of these, left minus right: not 0 where the two vertebrae are turned against each other.
    iap_height_mm, iap_width_mm, iap_thickness_mm, joint_gap_mm : float
        Inferior articular process and the joint space before it.
    tp_span_mm, tp_height_mm, tp_thickness_mm, tp_upsweep_deg, tp_backsweep_deg : float
        Transverse processes, span from tip to tip.
    spinous_length_mm, spinous_height_mm, spinous_thickness_mm, spinous_slope_deg : float
        Spinous process, length from the posterior wall of the body.
    disc_above_mm, lordosis_above_deg : float
        Height of the disc above at its middle; angle between the bodies above and here.
    coronal_above_deg, axial_above_deg : float
        How far the body above leans to the left on this one, and turns its front to the left.
    slip_above_mm : float
        How far the body above has slipped forward on this one, along its endplate.
    arch_back_mm, pars_gap_mm : float
        How far the arch behind the isthmus lies behind its place, and how wide the defect is that
        parts it from the rest; 0 where the isthmus is whole.
    foramen_height_mm, root_mm, ganglion_mm, root_takeoff_deg, root_ventral_mm : float
        Foramen below the pedicle; diameters of the exiting root; its descent from the horizontal;
        how far it turns ventrally outside.
    rib_length_mm, rib_fall_deg : float
        Bony rib along its curve, 0 where there is none, and how steeply it falls.
    medial_branch_mm : float
        Diameter of the medial branch (on S1 the L5 dorsal ramus) that crosses this bone.
    shell_mm, endplate_mm, cortex_mm : float
        Compact bone of the body's side wall, of its endplates, and of arch and processes.
    trabecular_hu : float
        Mean CT number of the spongy bone at 120 kV.
    nucleus_share, nucleus_back_mm : float
        Of the disc above: width and depth of the nucleus over those of the disc; how far behind the
        disc's middle it lies.
    disc_hollow_mm : float
        How far the back of the disc above is hollow.
    epidural_ventral_mm : float
        Space between the disc above and the sac.
    epidural_dorsal_mm : float
        Ventral face of the flavum behind the canal's wall at the upper border of this lamina.
    flavum_mm, flavum_left_more_mm : float
        Thickness of the ligamentum flavum between this lamina and the next; left minus right.
    """

    upper_width_mm: float
    upper_depth_mm: float
    lower_width_mm: float
    lower_depth_mm: float
    anterior_height_mm: float
    posterior_height_mm: float
    waist_mm: float
    dish_mm: float
    pedicle_width_mm: float
    pedicle_height_mm: float
    pedicle_length_mm: float
    pedicle_transverse_deg: float
    pedicle_sagittal_deg: float
    pedicle_rise_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    lamina_height_mm: float
    lamina_thickness_mm: float
    lamina_slope_deg: float
    lamina_drop_mm: float
    facet_angle_deg: float
    tropism_deg: float
    facet_spread_mm: float
    facet_setback_mm: float
    facet_rise_mm: float
    sap_height_mm: float
    sap_width_mm: float
    sap_thickness_mm: float
    mamillary_mm: float
    neck_drop_mm: float
    neck_flare_mm: float
    neck_length_mm: float
    neck_radius_mm: float
    neck_lateral_deg: float
    neck_caudal_deg: float
    accessory_mm: float
    iap_height_mm: float
    iap_width_mm: float
    iap_thickness_mm: float
    joint_gap_mm: float
    tp_span_mm: float
    tp_height_mm: float
    tp_thickness_mm: float
    tp_upsweep_deg: float
    tp_backsweep_deg: float
    spinous_length_mm: float
    spinous_height_mm: float
    spinous_thickness_mm: float
    spinous_slope_deg: float
    disc_above_mm: float
    lordosis_above_deg: float
    foramen_height_mm: float
    root_mm: float
    ganglion_mm: float
    root_takeoff_deg: float
    root_ventral_mm: float
    medial_branch_mm: float = 1.0
    shell_mm: float = 0.5
    endplate_mm: float = 0.5
    cortex_mm: float = 1.4
    trabecular_hu: float = 200.0
    nucleus_share: float = 0.61
    nucleus_back_mm: float = 1.5
    disc_hollow_mm: float = 1.8
    epidural_ventral_mm: float = 1.0
    epidural_dorsal_mm: float = 2.8
    flavum_mm: float = 3.5
    flavum_left_more_mm: float = 0.0
    iap_angle_deg: float = 45.0
    iap_tropism_deg: float = 0.0
    iap_pitch_deg: float = 8.0
    iap_spread_mm: float = 16.0
    iap_setback_mm: float = 17.0
    iap_drop_mm: float = 10.0
    facet_tilt_deg: float = 0.0
    rib_length_mm: float = 0.0
    rib_fall_deg: float = 25.0
    coronal_above_deg: float = 0.0
    axial_above_deg: float = 0.0
    slip_above_mm: float = 0.0
    arch_back_mm: float = 0.0
    pars_gap_mm: float = 0.0
    iap_lean_deg: float = 0.0
    iap_spread_left_more_mm: float = 0.0
    iap_setback_left_more_mm: float = 0.0
    iap_drop_left_more_mm: float = 0.0
    neck_fill_mm: float = 0.0

    def __post_init__(self) -> None:
        for name in FIELDS:
            value = getattr(self, name)
            if not np.isfinite(value):
                raise InputError(f"{name} must be finite, got {value}")
            if name.endswith("_mm") and name not in SIGNED | MAY_BE_ZERO and not value > 0:
                raise InputError(f"{name} must be positive, got {value:g}")
        least = 0.6 * min(self.upper_width_mm, self.lower_width_mm)
        if not self.canal_width_mm < least + self.pedicle_width_mm:
            raise InputError(
                f"canal_width_mm must be below {least + self.pedicle_width_mm:.1f}, so that the "
                f"pedicles meet the body; got {self.canal_width_mm:g}"
            )

    @property
    def height_mm(self) -> float:
        """Of the body in its middle, rim to rim."""
        return 0.5 * (self.anterior_height_mm + self.posterior_height_mm)

    @property
    def back_mm(self) -> float:
        """Posterior wall of the body behind its centre."""
        return 0.25 * (self.upper_depth_mm + self.lower_depth_mm)

    @property
    def arch_mm(self) -> float:
        """Ventral face of the arch in the midline behind the centre of the body."""
        return self.back_mm + self.canal_depth_mm + self.arch_back_mm

    @property
    def spinous_mm(self) -> float:
        """Tip of the spinous process behind the centre of the body."""
        return self.back_mm + self.spinous_length_mm + self.arch_back_mm

    @property
    def wedge_slope(self) -> float:
        """Rise of the upper endplate (and fall of the lower) per millimetre towards the back."""
        depth = 0.5 * (self.upper_depth_mm + self.lower_depth_mm)
        return 0.5 * (self.posterior_height_mm - self.anterior_height_mm) / depth

    def scaled(self, factor: float | Mapping[str, float]) -> VertebraSpec:
        """A copy with lengths times ``factor``, or with single fields times their factors."""
        if not isinstance(factor, Mapping):
            factor = {name: factor for name in FIELDS if name.endswith("_mm")}
        for name in factor:
            if name not in FIELDS:
                raise InputError(f"no size is called {name!r}{nearest(name, FIELDS)}")
        changed = {name: getattr(self, name) * value for name, value in factor.items()}
        return dataclasses.replace(self, **changed)


FIELDS: tuple[str, ...] = tuple(field.name for field in dataclasses.fields(VertebraSpec))
"""Sizes of a vertebra by name."""
FITTED: tuple[str, ...] = tuple(
    f"iap_{name}"
    for name in (
        *("angle_deg", "tropism_deg", "pitch_deg", "lean_deg"),
        *("spread_mm", "setback_mm", "drop_mm"),
        *("spread_left_more_mm", "setback_left_more_mm", "drop_left_more_mm"),
    )
)
"""Of these, the places of the joint below: they follow from the vertebra below."""
MEASURED: tuple[str, ...] = tuple(name for name in FIELDS if name not in FITTED)
"""The others, which a phantom file gives."""
OPTIONAL: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "coronal_above_deg": (-25.0, 25.0),
        "axial_above_deg": (-20.0, 20.0),
        "slip_above_mm": (-15.0, 30.0),
        "arch_back_mm": (0.0, 30.0),
        "pars_gap_mm": (0.0, 8.0),
        "neck_fill_mm": (-3.0, 8.0),
    }
)
"""Of these, what a phantom file may leave out, since it is 0 in a straight and whole spine; with
the range that is taken (proposed)."""
