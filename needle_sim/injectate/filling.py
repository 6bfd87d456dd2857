"""`filled` and `carried`: which room an injection fills, by the compartment of the tip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import Compartment
from needle_sim.injectate import epidural, joint, loose, nucleus, texture
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.column import Column, column
from needle_sim.injectate.front import Front, Room, front
from needle_sim.injectate.stream import Stream, stream
from needle_sim.injectate.vessel import Vessel


def carried(vessel: Vessel, agent: Agent, volume_ml: float, step_mm: float) -> Stream:
    """What a vessel takes of an injection, on a lattice of a step."""
    return stream(
        vessel.path_mm,
        vessel.radius_mm,
        flow_ml_s=vessel.flow_ml_s,
        rate_ml_s=vessel.into * agent.rate_ml_s,
        duration_s=volume_ml / agent.rate_ml_s,
        step_mm=step_mm,
        branches=vessel.branches,
    )


def filled(
    anatomy: Anatomy,
    found: Compartment,
    tip: NDArray[np.float64],
    bevel: NDArray[np.float64],
    volume_ml: float,
    rng: np.random.Generator | None,
) -> tuple[Front | Column, tuple[str, ...]]:
    """What stays of a volume given at a tip (3,), and notes on it in words."""
    drawn = texture.drawn(rng)
    notes: tuple[str, ...] = ()
    room: Room
    if found.kind == "intrathecal":
        return column(anatomy, anatomy.structures[found.name], tip), ()
    if found.kind == "epidural":
        room = epidural.epidural_room(anatomy, tip, bevel, volume_ml, drawn)
    elif found.kind == "intra_articular":
        room = joint.joint_room(anatomy, anatomy.spaces[found.name], drawn)
        if volume_ml > joint.JOINT_ML:
            notes = (_over(volume_ml, joint.JOINT_ML, "the capsule leaks backwards"),)
    elif found.kind == "intradiscal":
        room, lumps = nucleus.disc_room(anatomy, anatomy.spaces[found.name], drawn)
        notes = (f"the nucleus fills in {lumps}",)
        if volume_ml > nucleus.NUCLEUS_ML:
            over = _over(volume_ml, nucleus.NUCLEUS_ML, "it is pressed into the annulus")
            notes = (*notes, over)
    elif found.kind == "nerve":
        room = loose.nerve_room(anatomy.structures[found.name], tip, drawn)
        notes = ("high resistance: the tip lies in a nerve",)
    else:
        room = loose.muscle_room(anatomy, tip, bevel, volume_ml, drawn)
    fluid = front(room, tip, bevel, volume_ml)
    if volume_ml > fluid.capacity_ml:
        beyond = volume_ml - fluid.capacity_ml
        notes = (*notes, f"{beyond:.2g} mL runs on beyond the field")
    return fluid, notes


def _over(volume_ml: float, capacity_ml: float, words: str) -> str:
    return f"{volume_ml:.3g} mL is over the {capacity_ml:g} mL it holds: {words}"
