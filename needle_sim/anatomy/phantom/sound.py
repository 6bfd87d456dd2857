"""Whether a spine can be: no part runs into another, no pedicle is inverted, no space is closed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.margins import faults
from needle_sim.anatomy.phantom.posts import SIDES, UP, Posts
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.sizes import MEASURED, VertebraSpec
from needle_sim.anatomy.phantom.spec import SpineSpec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.shapes import Implicit

_STEP_MM = 1.2  # between the places where two bones are compared
_DEEP_MM = 0.02  # so deep in both: they overlap
_LUMEN_MM = 3.0  # the middle of the canal lies at least so far from bone
_AROUND_MM = 0.8  # of bone about the axis of a pedicle, all along it


def sound(spine: SpineSpec) -> tuple[str, ...]:
    """What cannot be about a spine by its sizes, in words; nothing where all is well.

    In closed form, for 10 000 spines a second or two: pedicles that are thin or inverted, a canal
    or a foramen that is closed, discs without height, laminae, spinous processes or joints that
    run into each other. `overlaps` looks at the shapes themselves.
    """
    sizes = {
        field: np.array([[getattr(one, field) for one in spine.vertebrae.values()]])
        for field in MEASURED
    }
    sacrum, trunk = (
        {key: np.array([value]) for key, value in part.items()}
        for part in (spine.sacrum, spine.trunk)
    )
    return faults(spine.levels, sizes, sacrum, trunk)


def overlaps(spine: SpineSpec) -> tuple[str, ...]:
    """What cannot be about a spine by its shapes: bones in one another, pedicles beside the bone,
    bone in the canal.

    Signed distances every 1.2 mm around each pair of neighbours; about half a second a spine.
    """
    stack = column(spine)
    own = {level: vertebra_shape(stack.vertebrae[level]) for level in stack.levels[:-1]}
    own["S1"] = sacrum_shape(stack.vertebrae["S1"], spine.sacrum)
    found: list[str] = []
    for level in stack.levels[:-1]:
        found += _of_one(level, stack.vertebrae[level], own[level])
    for pair in stack.pairs:
        found += _of_two(stack, pair, own)
    return tuple(found)


def _of_one(level: str, spec: VertebraSpec, bone: Implicit) -> Iterator[str]:
    """Pedicles with bone around their axis, and a canal without any."""
    for side in SIDES:
        post = Posts(spec, side)
        run = np.linspace(-0.5, 0.5, 5)[:, None] * spec.pedicle_length_mm * post.pedicle_axis
        depth = -float(bone.distance_mm(post.pedicle + run).max())
        if depth < _AROUND_MM:
            yield f"{level} {side} pedicle: {depth:.2g} mm of bone around, not {_AROUND_MM:g}"
    middle = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, 0.0])
    along = np.linspace(-0.5, 0.5, 9)[:, None] * spec.lamina_height_mm
    lumen = float(bone.distance_mm(middle + along * UP - spec.lamina_drop_mm * UP).min())
    if lumen < _LUMEN_MM:
        yield f"{level} canal: bone {lumen:.2g} mm from its middle, not {_LUMEN_MM:g}"


def _of_two(stack: Column, pair: tuple[str, str], own: dict[str, Implicit]) -> Iterator[str]:
    """The places that lie in both of two neighbours."""
    upper, lower = (own[level].moved(stack.bodies[level]) for level in pair)
    low = np.maximum(upper.box_mm[0], lower.box_mm[0])
    high = np.minimum(upper.box_mm[1], lower.box_mm[1])
    if not (low < high).all():
        return
    points = _grid(low, high)
    points = points[upper.distance_mm(points) < -_DEEP_MM]
    if len(points):
        points = points[lower.distance_mm(points) < -_DEEP_MM]
    if len(points):
        at = ", ".join(f"{value:.0f}" for value in points.mean(axis=0))
        yield f"{pair[0]} and {pair[1]}: {len(points) * _STEP_MM**3:.0f} mm3 in both, about ({at})"


def _grid(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    axes = [np.arange(a, b + _STEP_MM, _STEP_MM) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
