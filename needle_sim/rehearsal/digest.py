"""Digests that tie a log to one patient and one recipe."""

from __future__ import annotations

import hashlib
import weakref
from importlib import metadata

import msgspec
import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.log import Header

_known: list[tuple[weakref.ref[Anatomy], str]] = []
_LENGTH = 16


def anatomy_digest(anatomy: Anatomy) -> str:
    """Of the CT, its labels, and where each vertebra and nerve lies; kept while it lives."""
    for one, found in _known:
        if one() is anatomy:
            return found
    digest = hashlib.sha256()
    for volume in (anatomy.ct, anatomy.labels):
        digest.update(str((volume.array.shape, volume.array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(volume.array).data)
        digest.update(np.ascontiguousarray(volume.patient_from_voxel.matrix).tobytes())
    for name, body in sorted(anatomy.bodies.items()):
        digest.update(name.encode() + body.matrix.tobytes())
    for name, one_structure in sorted(anatomy.structures.items()):
        digest.update(name.encode())
        for tube in one_structure.tubes:
            digest.update(tube.points_mm.tobytes() + tube.radius_mm.tobytes())
    made = digest.hexdigest()[:_LENGTH]
    _known.append((weakref.ref(anatomy), made))
    del _known[:-8]
    return made


def procedure_digest(recipe: Procedure) -> str:
    """Of all that a recipe says."""
    return hashlib.sha256(msgspec.json.encode(recipe, order="sorted")).hexdigest()[:_LENGTH]


def header_of(
    anatomy: Anatomy,
    recipe: Procedure,
    level: str,
    side: str,
    seed: int,
    *,
    pictures: bool,
    phantom_seed: int | None,
) -> Header:
    """The first line of a log: who is treated by which recipe, by digest."""
    return Header(
        patient=anatomy.name,
        patient_digest=anatomy_digest(anatomy),
        procedure=recipe.name,
        procedure_digest=procedure_digest(recipe),
        level=level,
        side=side,
        variant=recipe.variant,
        seed=seed,
        pictures=pictures,
        phantom_seed=phantom_seed,
        version=metadata.version("needle_sim"),
    )
