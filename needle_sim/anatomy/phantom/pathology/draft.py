"""`Draft`: a phantom before it is painted, and the pathology that is built into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Space, Structure
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.pathology.kind import Pathology
from needle_sim.anatomy.phantom.spec import SpineSpec
from needle_sim.anatomy.phantom.voxelise import Layer, Shape
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """Shapes of a phantom, in the patient.

    Parameters
    ----------
    spine : SpineSpec
        With the sizes that the pathology gives it.
    stack : Column
        Its vertebrae in place.
    bones, spaces, structures, landmarks_mm : mapping
        As an `Anatomy` has them.
    before : tuple of Layer
        Painted over the soft parts of the spine and under nerves and bones.
    tints : tuple of (Shape, float)
        Places that take another HU once the bones are there, and keep their tissue.
    after : tuple of Layer
        Painted over everything.
    """

    spine: SpineSpec
    stack: Column
    bones: Mapping[str, Implicit]
    spaces: Mapping[str, Space]
    structures: Mapping[str, Structure]
    landmarks_mm: Mapping[str, NDArray[np.float64]]
    before: tuple[Layer, ...] = ()
    tints: tuple[tuple[Shape, float], ...] = ()
    after: tuple[Layer, ...] = ()

    def altered(self) -> Draft:
        """With what each pathology changes, in the order of the spine's list."""
        found = self
        for one in self.spine.pathology:
            found = one.altered(found)
        return found

    def without(self, *names: str) -> Draft:
        """Without these spaces."""
        kept = {name: one for name, one in self.spaces.items() if name not in names}
        return replace(self, spaces=kept)


def afflicted(spine: SpineSpec) -> SpineSpec:
    """The sizes of a spine with its pathology, which they did not hold yet.

    In the order of `needle_sim.anatomy.phantom.pathology.kinds.KINDS`, whatever the order given.
    """
    for one in spine.pathology:
        try:
            spine = one.changed(spine)
        except InputError as error:
            raise InputError(f"{one.kind}: {error}") from error
    return spine


def grown(
    own: Mapping[str, Implicit], stack: Column, pathology: tuple[Pathology, ...]
) -> dict[str, Implicit]:
    """The vertebrae in their body frames with what grows on them or parts them."""
    for one in pathology:
        own = one.grown(own, stack)
    return dict(own)
