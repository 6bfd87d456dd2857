"""Compact and spongy bone of a column: how thick the one, how dense the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.sizes import VertebraSpec
from needle_sim.anatomy.phantom.voxelise import Shade
from needle_sim.geometry.transform import Transform

_RIM_MM = 3.5  # under the rim of an endplate its shell goes over into that of the side
_FADE_MM = 1.5
# What lies around the middle of an endplate, 0.7 of its diameter (Wang 2012,
# doi:10.1007/s00586-012-2415-8), has 32.5 % more attenuation (Segami 2021, PubMed 34705863): taken
# as thickness, about a mean over the face that is the stated one.
_MIDDLE, _MORE = 0.7, 0.325
_SWELL = 0.16  # of the thickness, SD: no endplate is even (proposed)
_BEHIND_MM = 6.0  # from a little before the posterior wall to the arch's cortex


def cortex(name: str, column: Column) -> Shade:
    """Thickness of the compact bone (P,) at points (P, 3) of a named bone, patient.

    Of a vertebra thin on the body, thick behind it; the sacrum's for the bones of the pelvis.
    """
    if name not in column.levels[:-1]:
        thick = column.vertebrae["S1"].cortex_mm
        return lambda points: np.full(len(points), thick)
    return body_cortex(column.vertebrae[name], column.bodies[name])


def body_cortex(spec: VertebraSpec, body: Transform) -> Shade:
    """Of one vertebra: endplates, side wall, then arch and processes."""
    back = body.inverse()

    def thickness(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y, z = back.apply(points).T
        under = 0.5 * spec.height_mm + spec.wedge_slope * y - np.abs(z)
        end = np.clip((_RIM_MM - under) / _FADE_MM, 0.0, 1.0)
        thin, near = np.full(len(z), spec.shell_mm), end > 0.0
        plate = spec.endplate_mm * _uneven(spec, x[near], y[near], z[near])
        thin[near] += (plate - spec.shell_mm) * end[near]
        share = np.clip((y - spec.back_mm + 1.0) / _BEHIND_MM, 0.0, 1.0)
        return np.asarray(thin + (spec.cortex_mm - thin) * share)

    return thickness


def _uneven(
    spec: VertebraSpec, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Thickness of an endplate over its mean at places (P,) on it, body frame."""
    wide = 0.25 * (spec.upper_width_mm + spec.lower_width_mm)
    deep = 0.25 * (spec.upper_depth_mm + spec.lower_depth_mm)
    around = np.hypot(x / wide, (y - spec.back_mm + deep) / deep)
    outer = np.clip((around - _MIDDLE) / 0.2 + 0.5, 0.0, 1.0)
    middle = 1.0 / (1.0 + _MORE * (1.0 - _MIDDLE**2))
    swell = np.sin(0.43 * x + 0.09 * z) * np.cos(0.37 * y - 0.11 * z)
    return np.asarray(middle * (1.0 + _MORE * outer) * (1.0 + 2.0 * _SWELL * swell))


def spongy_hu(name: str, column: Column) -> float:
    """Mean CT number inside a named bone; the sacrum's for the bones of the pelvis."""
    level = name.split(maxsplit=1)[0]  # of a rib: its vertebra
    return column.vertebrae[level if level in column.vertebrae else "S1"].trabecular_hu
