"""`spaces_of`: canal, foramina, facet joints, discs and ligamenta flava of vertebrae in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from needle_sim.anatomy.anatomy import Provenance, Space
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.disc import disc_rows, hollow_rows
from needle_sim.anatomy.phantom.foramen import foramen_rows
from needle_sim.anatomy.phantom.interlaminar import (
    Interspace,
    canal_rows,
    flavum_rows,
    interspaces,
)
from needle_sim.anatomy.phantom.joint import joint_rows
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Transform

_Kind = Literal["canal", "foramen", "facet_joint", "disc", "flavum"]


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
    canal runs along all vertebrae.

    Parameters
    ----------
    specs, bodies : mapping of str to VertebraSpec and Transform
        Sizes and ``patient_from_body`` by level, L1 to S1 or some of them.
    sacrum : mapping of str to float, optional
        Sizes of the sacrum; needed with S1.
    bones : mapping of str to Implicit, optional
        In the patient, by level; made from the sizes where they are not given.
    provenance : str
        ``"constructed"`` for a phantom.

    Raises
    ------
    InputError
        S1 is there without ``sacrum``.
    """
    column = Column(specs, bodies)
    found: list[tuple[str, _Kind, Implicit]] = []
    walls = dict(bones or {})
    for one in interspaces(column, sacrum):
        for level in (one.upper, one.lower):
            if level not in walls:
                walls[level] = _bone(column, level, sacrum)
        found += _between(one, walls)
    canal: tuple[str, _Kind, Implicit] = ("canal", "canal", Implicit.of(canal_rows(column, sacrum)))
    return {
        name: Space(name, kind, shape, provenance)
        for name, kind, shape in sorted([canal, *found], key=lambda one: _ORDER.index(one[1]))
    }


_ORDER: tuple[_Kind, ...] = ("canal", "foramen", "facet_joint", "disc", "flavum")


def _between(
    space: Interspace, bones: Mapping[str, Implicit]
) -> Iterator[tuple[str, _Kind, Implicit]]:
    """Disc, flavum, joints and foramina of two neighbours."""
    column, upper, lower = space.column, space.upper, space.lower
    name, body = f"{upper}-{lower}", column.bodies[upper]
    annulus, _ = disc_rows(column, upper, lower)
    disc = Implicit.of([annulus, *hollow_rows(annulus, lower)])
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
