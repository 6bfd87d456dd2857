"""The tissue that a nerve, vessel, ligament or joint is made of, by its kind and name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Space, Structure

STRUCTURE_TISSUES: Mapping[str, str] = MappingProxyType(
    {
        "dura": "csf",  # the sac; its membrane is thinner than a voxel
        "vessel": "blood",
        "cord": "cord",
        "root": "root",
        "ganglion": "ganglion",
        "medial_branch": "medial_branch",
        "lateral_branch": "lateral_branch",
        "sympathetic": "sympathetic_chain",
        "cauda_equina": "cauda_equina",
    }
)
"""By kind; what is not here is nerve."""

SPACE_TISSUES: Mapping[str, str] = MappingProxyType(
    {
        "canal": "epidural_fat",
        "foramen": "epidural_fat",
        "hiatus": "epidural_fat",
        "facet_joint": "facet_joint",
        "sacroiliac_joint": "sacroiliac_joint",
        "disc": "annulus",
        "flavum": "ligamentum_flavum",
        "ligament": "sacrococcygeal_ligament",
    }
)
"""By kind; a disc holds its nucleus too."""

_VESSELS = (  # the first word that a vessel's name holds
    ("aorta", "aorta"),
    ("cava", "ivc"),
    ("segmental", "segmental_vessel"),
    ("lumbar", "segmental_vessel"),
    ("intercostal", "segmental_vessel"),
    ("radiculomedullary", "radiculomedullary_artery"),
)

METAL = "titanium"
"""What a bone is made of that is named a screw or a rod."""
_HARDWARE = (" screw", " rod")


def is_metal(bone: str) -> bool:
    """Whether a named bone of an `Anatomy` is an implant."""
    return bone.endswith(_HARDWARE)


def obstacle(bone: str) -> str:
    """What a named bone is called where it blocks a path."""
    return f"{'metal, ' if is_metal(bone) else 'bone of '}{bone}"


def tissue_of_structure(structure: Structure) -> str:
    """Name of the tissue inside a structure; a vessel's by its name, else blood."""
    tissue = STRUCTURE_TISSUES.get(structure.kind, "nerve")
    if tissue == "blood":
        return next((found for word, found in _VESSELS if word in structure.name), tissue)
    return tissue


def tissue_of_space(space: Space) -> str:
    """Name of the tissue that fills most of a space."""
    return SPACE_TISSUES[space.kind]
