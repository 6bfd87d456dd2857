"""The curved axis of the sacrum and the body of S1 on it, in the body frame of S1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.posts import Point
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Row, drum
from needle_sim.geometry.transform import cross

_X = np.array([1.0, 0.0, 0.0])
SEGMENT_SHARES = (0.25, 0.23, 0.19, 0.17, 0.16)  # of the length, S1 to S5
_CURVE_SHARES = (0.0, -0.10, 0.15, 0.45, 1.0)  # of the curve, S1 to S5; first a little backwards


@dataclass(frozen=True, slots=True)
class Segments:
    """The curved axis of the sacrum: the ends of S1 to S5 in the median plane.

    Some sizes need not be given, and a phantom's mean has none: ``table_deg``, how far the axis
    leans back from the endplate's normal; ``tail_deg`` and ``tail_mm``, what S3 to S5 are curved
    and long beyond their share; ``ala_back_mm``, ``ala_up_mm``, ``ala_ventral_mm`` and
    ``ala_dorsal_mm``, where the alae lie abreast of S1, how far forward below and how thick;
    ``foramen_mm``, how much wider the foramina are.
    """

    spec: VertebraSpec
    sizes: Mapping[str, float]

    @property
    def ends(self) -> NDArray[np.float64]:
        """Middle of the five discs' places (6, 3), from the upper endplate of S1 down."""
        at, found = np.array([0.0, 0.0, 0.5 * self.spec.height_mm]), []
        lengths = self.sizes["length_mm"] * np.array(SEGMENT_SHARES)
        lengths[2:] += self.sizes.get("tail_mm", 0.0) / 3.0
        for length, along in zip(lengths, self.directions, strict=True):
            found.append(at)
            at = at + length * along
        return np.stack([*found, at])

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vectors down each segment (5, 3)."""
        table = self.sizes.get("table_deg", 0.0)  # the axis leans back from the endplate's normal
        curve = np.full(5, self.sizes["curve_deg"])
        curve[2:] += self.sizes.get("tail_deg", 0.0)
        angles = np.radians(curve * np.array(_CURVE_SHARES) - table)
        return np.stack([np.array([0.0, -np.sin(a), -np.cos(a)]) for a in angles])

    def dorsal(self, segment: int) -> Point:
        """Backwards, perpendicular to a segment's axis (0 is S1)."""
        return cross(_X, self.directions[segment])


def first_body(axis: Segments) -> Row:
    """The body of S1: its upper endplate as its sizes say, its walls along the sacrum's axis."""
    spec, lean = axis.spec, np.radians(axis.sizes.get("table_deg", 0.0))
    back = np.array([0.0, np.cos(lean), np.sin(lean)])
    up = cross(_X, back)
    depth = 0.5 * (spec.upper_depth_mm + spec.lower_depth_mm)
    rise = depth * np.tan(np.arctan(spec.wedge_slope) - lean)  # of the endplate along the axis
    return drum(
        (spec.upper_width_mm, spec.upper_depth_mm),
        (spec.lower_width_mm, spec.lower_depth_mm),
        (spec.height_mm - rise, spec.height_mm + rise),
        waist_mm=spec.waist_mm,
        dish_mm=spec.dish_mm,
        round_mm=2.0,
        centre_mm=0.5 * spec.height_mm * (np.array([0.0, 0.0, 1.0]) - up),
        axes=(_X, back),
    )
