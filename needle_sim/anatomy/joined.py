"""`joined`: fitted neighbours with the inferior processes of each moved to the joints below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.evidence import band
from needle_sim.anatomy.phantom import column
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.surface import LabelSurface
from needle_sim.anatomy.vertebra_fit import VertebraFit, surface_rms_mm

Points = NDArray[np.float64]


def joined(
    fits: Mapping[str, VertebraFit], surfaces: Mapping[str, LabelSurface]
) -> dict[str, VertebraFit]:
    """The same fits, so that the two bones of each facet joint leave its cleft between them.

    The cleft is where the superior process of the bone below has it, on each side;
    ``rms_mm`` is measured anew.
    """
    found = dict(fits)
    for upper, lower in column_of(fits).pairs:
        fit = fits[upper]
        spec = meeting(fit, fits[lower])
        shape = vertebra_shape(spec).moved(fit.patient_from_body)
        rms = surface_rms_mm(surfaces[upper], shape, band(surfaces[upper]))
        found[upper] = replace(fit, spec=spec, shape=shape, rms_mm=rms)
    return found


def column_of(fits: Mapping[str, VertebraFit]) -> Column:
    """The fitted vertebrae in place."""
    return Column(
        {one: fit.spec for one, fit in fits.items()},
        {one: fit.patient_from_body for one, fit in fits.items()},
    )


def meeting(upper: VertebraFit, lower: VertebraFit) -> VertebraSpec:
    """The sizes of the upper one with its inferior joints at the superior ones of the lower."""
    step = upper.patient_from_body.inverse() @ lower.patient_from_body
    return column.meeting(upper.spec, lower.spec, step)
