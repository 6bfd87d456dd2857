"""`spaces_of`: canal, foramina, joints, discs and ligaments of vertebrae in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from needle_sim.anatomy.anatomy import Bone, Provenance, Space, SpaceKind
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.disc import disc_rows, hollow_rows
from needle_sim.anatomy.phantom.foramen import foramen_rows
from needle_sim.anatomy.phantom.hiatus import hiatus_rows, ligament_rows
from needle_sim.anatomy.phantom.interlaminar import (
    Interspace,
    canal_rows,
    flavum_rows,
    interspaces,
)
from needle_sim.anatomy.phantom.joint import joint_rows
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacroiliac import Between
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Transform

_Found = Iterator[tuple[str, SpaceKind, Bone]]


def spaces_of(
    specs: Mapping[str, VertebraSpec],
    bodies: Mapping[str, Transform],
    sacrum: Mapping[str, float] | None = None,
    *,
    bones: Mapping[str, Implicit] | None = None,
    provenance: Provenance = "inferred",
) -> dict[str, Space]:
    """The spaces of a spine by name, in the patient.

    Discs, facet joints, flava and foramina are those between neighbours that are both there; the
    canal runs along all vertebrae, the hiatus ends it. Sacroiliac joints lie between bones that are
    given.

    Parameters
    ----------
    specs, bodies : mapping of str to VertebraSpec and Transform
        Sizes and ``patient_from_body`` by level, L1 to S1 or some of them.
    sacrum : mapping of str to float, optional
        Sizes of the sacrum; needed with S1.
    bones : mapping of str to Implicit, optional
        In the patient, by level and ``"left ilium"``; vertebrae are made from the sizes where they
        are not given.
    provenance : str
        ``"constructed"`` for a phantom.

    Raises
    ------
    InputError
        S1 is there without ``sacrum``.
    """
    column = Column(specs, bodies)
    found: list[tuple[str, SpaceKind, Bone]] = []
    walls = dict(bones or {})
    for one in interspaces(column, sacrum):
        for level in (one.upper, one.lower):
            if level not in walls:
                walls[level] = _bone(column, level, sacrum)
        found += _between(one, walls)
    found.append(("canal", "canal", Implicit.of(canal_rows(column, sacrum))))
    if sacrum is not None and "S1" in specs:
        found += _below(specs["S1"], sacrum, bodies["S1"])
        for side in SIDES:
            if f"{side} ilium" in walls and "S1" in walls:
                joint = Between(walls["S1"], walls[f"{side} ilium"])
                found.append((f"{side} sacroiliac_joint", "sacroiliac_joint", joint))
    order = get_args(SpaceKind)
    return {
        name: Space(name, kind, shape, provenance)
        for name, kind, shape in sorted(found, key=lambda one: order.index(one[1]))
    }


def _below(spec: VertebraSpec, sacrum: Mapping[str, float], body: Transform) -> _Found:
    """Hiatus and sacrococcygeal ligament."""
    yield "sacral hiatus", "hiatus", Implicit.of(hiatus_rows(spec, sacrum)).moved(body)
    closing = Implicit.of(ligament_rows(spec, sacrum)).moved(body)
    yield "sacrococcygeal_ligament", "ligament", closing


def _between(space: Interspace, bones: Mapping[str, Implicit]) -> _Found:
    """Disc, flavum, joints and foramina of two neighbours."""
    column, upper, lower = space.column, space.upper, space.lower
    name, body = f"{upper}-{lower}", column.bodies[upper]
    annulus, _ = disc_rows(column, upper, lower)
    disc = Implicit.of([annulus, *hollow_rows(annulus, column.vertebrae[lower].disc_hollow_mm)])
    yield f"{name} disc", "disc", disc
    yield f"{name} flavum", "flavum", Implicit.of(flavum_rows(space))
    for side in SIDES:
        joint = Implicit.of(joint_rows(Posts(column.vertebrae[upper], side))).moved(body)
        yield f"{name} {side} facet_joint", "facet_joint", joint
        walls = (bones[upper], bones[lower], disc, joint)
        yield f"{upper} {side} foramen", "foramen", Implicit.of(foramen_rows(space, side, walls))


def _bone(column: Column, level: str, sacrum: Mapping[str, float] | None) -> Implicit:
    spec = column.vertebrae[level]
    own = sacrum_shape(spec, sacrum) if level == "S1" and sacrum else vertebra_shape(spec)
    return own.moved(column.bodies[level])
