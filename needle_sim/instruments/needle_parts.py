"""`parts_of`: a needle as convex parts: hub, insulation, shaft with its bevel, bore."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.transform import unit
from needle_sim.instruments.part import VOID, Part, part
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool import Tool
from needle_sim.instruments.way import Way

Floats = NDArray[np.float64]

SHAFT = "steel"
INSULATION = "ptfe"
INSULATION_MM = 0.05
"""Thickness of the sleeve of an RF cannula (proposed); its active tip is bare."""

INTO_HUB_MM = 10.0
"""So deep in its hub a shaft ends, at the bottom of the socket (proposed)."""

_HUB_MM = 100.0  # longer than any hub
_HUB_FITS_MM = 2.0  # a thicker shaft has a wider hub


def parts_of(placed: PlacedNeedle) -> list[Part]:
    """The parts of a needle; a later one takes the place of an earlier one.

    An empty bore is a void: tissue gives way to it as to the steel around it.
    """
    needle = placed.needle
    points = placed.shaft_mm
    points = points[
        np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9])
    ]
    way = Way(points, placed.trajectory.depth_mm)
    rear = needle.length_mm + INTO_HUB_MM
    found = _hub(placed, points[0], unit(points[0] - points[1]))
    if needle.active_tip_mm > 0:
        sleeve = needle.outer_mm + 2 * INSULATION_MM
        bodies = way.cones(needle.active_tip_mm, needle.length_mm, (sleeve, sleeve))
        found += [part(body, INSULATION, in_tissue=inside) for body, inside in bodies]
    bevel = _bevel(placed) if needle.bevel_deg < 90 else None
    stuff = [(needle.outer_mm, SHAFT)]
    if needle.inner_mm > 0 and not placed.stylet:
        stuff.append((needle.inner_mm, VOID))
    for diameter, material in stuff:
        bodies = way.cones(0.0, rear, (diameter, diameter), bevel=bevel)
        found += [part(body, material, in_tissue=inside) for body, inside in bodies]
    return found


def _bevel(placed: PlacedNeedle) -> tuple[Floats, Floats]:
    """Normal and a point of the plane that cuts the tip; the point of the needle is on its wall."""
    needle, axis = placed.needle, placed.trajectory.axis
    angle, clock = np.deg2rad(needle.bevel_deg), np.deg2rad(placed.bevel_clock_deg)
    frame = placed.trajectory.patient_from_needle
    face = frame.turn([np.sin(clock), np.cos(clock), 0.0])
    normal = np.sin(angle) * axis + np.cos(angle) * face
    return normal, placed.trajectory.tip_mm - 0.5 * needle.outer_mm * face


def _hub(placed: PlacedNeedle, at_mm: Floats, outward: Floats) -> list[Part]:
    """The hub behind the rear end of the shaft, and the cap of a stylet in it."""
    wider = max(1.0, placed.needle.outer_mm / _HUB_FITS_MM)
    way = Way(np.stack([at_mm + _HUB_MM * outward, at_mm]), 0.0)
    names = ("needle_hub", "stylet_cap") if placed.stylet else ("needle_hub",)
    return [one for name in names for s in _wide(name, wider).stretches for one in way.parts(s)]


@cache
def _wide(name: str, wider: float) -> Tool:
    tool = Tool.preset(name)
    return Tool(
        tuple(
            replace(one, diameter_mm=(one.diameter_mm[0] * wider, one.diameter_mm[1] * wider))
            for one in tool.stretches
        ),
        tool.length_mm,
    )
