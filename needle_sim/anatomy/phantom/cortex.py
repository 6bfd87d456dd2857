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
        _, y, z = back.apply(points).T
        under = 0.5 * spec.height_mm + spec.wedge_slope * y - np.abs(z)
        end = np.clip((_RIM_MM - under) / _FADE_MM, 0.0, 1.0)
        thin = spec.shell_mm + (spec.endplate_mm - spec.shell_mm) * end
        share = np.clip((y - spec.back_mm + 1.0) / _BEHIND_MM, 0.0, 1.0)
        return np.asarray(thin + (spec.cortex_mm - thin) * share)

    return thickness


def spongy_hu(name: str, column: Column) -> float:
    """Mean CT number inside a named bone; the sacrum's for the bones of the pelvis."""
    level = name.split(maxsplit=1)[0]  # of a rib: its vertebra
    return column.vertebrae[level if level in column.vertebrae else "S1"].trabecular_hu
