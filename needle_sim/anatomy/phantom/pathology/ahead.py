"""What a spine leaves of the dural sac at a disc, before it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.landmarks import placed
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.nerves import dural_sac
from needle_sim.anatomy.phantom.pathology.draft import grown
from needle_sim.anatomy.phantom.pathology.kind import Pathology
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks, vertebra_shape
from needle_sim.geometry.shapes import Implicit

if TYPE_CHECKING:
    from needle_sim.anatomy.phantom.spec import SpineSpec

Landmarks = dict[str, NDArray[np.float64]]
"""Places (3,) in the patient by name."""

_NARROWING = (
    "spondylolisthesis",
    "spondylolysis",
    "compression_fracture",
    "scoliosis",
    "disc_degeneration",
    "facet_arthrosis",
    "facet_tropism",
    "flavum_hypertrophy",
)


def narrows(one: Pathology, level: str) -> bool:
    """Whether a pathology can take room of the sac at a disc: of the two vertebrae, or of many."""
    if one.kind not in _NARROWING:
        return False
    named = set(str(getattr(one, "level", "")).split("-")) - {""}
    return not named or bool(named & set(level.split("-")))


def at_disc(spine: SpineSpec, level: str) -> tuple[Column, dict[str, Implicit], Landmarks]:
    """The column, its bones in the patient, and the landmarks of the two vertebrae at a disc."""
    stack = column(spine)
    own = _own(stack, spine)
    landmarks: Landmarks = {}
    for one in level.split("-"):
        spec = stack.vertebrae[one]
        if one == "S1":
            found = sacrum_landmarks(spec, spine.sacrum, own[one])
        else:
            found = vertebra_landmarks(spec, bone=own[one])
        landmarks.update(placed(one, found, stack.bodies[one]))
    return stack, {one: own[one].moved(body) for one, body in stack.bodies.items()}, landmarks


def sac_mm2(spine: SpineSpec, level: str) -> float:
    """Area of the dural sac in the plane of a disc, by the sizes of a spine."""
    stack, _, landmarks = at_disc(spine, level)
    tubes = dural_sac(stack, _own(stack, spine), spine.sacrum).tubes
    sac = Structure("dura", "dura", tubes, "constructed")
    return area_mm2(sac, disc_plane(landmarks, level))


def _own(stack: Column, spine: SpineSpec) -> dict[str, Implicit]:
    """The bones in their body frames, with what grows on them."""
    own = {one: vertebra_shape(stack.vertebrae[one]) for one in stack.levels[:-1]}
    own["S1"] = sacrum_shape(stack.vertebrae["S1"], spine.sacrum)
    return grown(own, stack, spine.pathology)
