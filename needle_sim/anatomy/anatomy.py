"""`Anatomy`: a patient as the other rooms see one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.finding import Ailment, why_gone
from needle_sim.anatomy.named_tissue import METAL, is_metal, tissue_of_structure
from needle_sim.anatomy.tissue import Tissue, bone_labels, label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.geometry.transform import Transform
from needle_sim.presets import nearest
from needle_sim.shown import Shown
from needle_sim.volume.volume import Note, Volume

if TYPE_CHECKING:
    from needle_sim.anatomy.posing.posture import Posture
    from needle_sim.anatomy.target import Target

StructureKind = Literal[
    "medial_branch",
    "lateral_branch",
    "root",
    "ganglion",
    "sympathetic",
    "dura",
    "cauda_equina",
    "cord",
    "vessel",
]
Provenance = Literal["measured", "inferred", "constructed"]
Side = Literal["left", "right"]
SpaceKind = Literal[
    "canal",
    "foramen",
    "hiatus",
    "facet_joint",
    "sacroiliac_joint",
    "disc",
    "flavum",
    "ligament",
]


_BONY, _SOLID = ("trabecular_bone", "cortical_bone"), (METAL, METAL)


class Bone(Protocol):
    """A bone with an exact surface, in the patient."""

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of patient points (P, 3) from the surface, negative inside."""
        ...

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) in the patient."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A nerve, vessel or sac as a union of round tubes.

    Parameters
    ----------
    name : str
        ``"L4 right medial branch"``, ``"L4 right root"``, ``"dura"``, ``"aorta"``.
    kind : str
        One of `StructureKind`.
    tubes : tuple of Tube
        Patient LPS, mm.
    provenance : str
        *measured* in the images, *inferred* by a fit, or *constructed* with a phantom.
    """

    name: str
    kind: StructureKind
    tubes: tuple[Tube, ...]
    provenance: Provenance

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) in the patient."""
        around = [(t.points_mm, t.radius_mm.max()) for t in self.tubes]
        low = np.min([points.min(axis=0) - radius for points, radius in around], axis=0)
        high = np.max([points.max(axis=0) + radius for points, radius in around], axis=0)
        return np.stack([low, high])

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3) from the surface, negative inside."""
        return distance_to_tubes_mm(points_mm, self.tubes)


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A place that a fluid can fill, or the ligament before it, with an exact surface.

    Parameters
    ----------
    name : str
        ``"canal"``, ``"L3 right foramen"`` (of the root that leaves it), ``"L3-L4 disc"``,
        ``"L3-L4 right facet_joint"``, ``"L3-L4 flavum"``, ``"right sacroiliac_joint"``,
        ``"sacral hiatus"``, ``"sacrococcygeal_ligament"``.
    kind : str
        Canal, foramina and hiatus hold the epidural space; dural sac, roots and vessels in them are
        structures of their own.
    shape : Bone
        Signed distance and box, in the patient.
    provenance : str
        As for `Structure`.
    """

    name: str
    kind: SpaceKind
    shape: Bone
    provenance: Provenance


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Anatomy(Shown):
    """A patient: pictures, tissues, bodies, landmarks and what must not be hit.

    Parameters
    ----------
    name : str
        Phantom name, or what the CT is called.
    ct : Volume
        In HU.
    labels : Volume
        On the grid of ``ct``; the numbers index `needle_sim.anatomy.tissue.tissues`.
    bodies : mapping of str to Transform
        ``patient_from_body`` of each vertebra: origin in the centre of the body, +x left, +y
        posterior, +z cranial, normal to the mean of its endplates.
    landmarks_mm : mapping of str to (3,) array
        ``"L5 right sap_tip"``, ``"L5 superior_endplate_anterior"``, in the patient.
    structures : mapping of str to Structure
        By name.
    bones : mapping of str to Bone
        Bones with an exact surface; the voxels of ``labels`` hold the others too.
    spaces : mapping of str to Space
        Canal, foramina, hiatus, joints, discs, flava and the sacrococcygeal ligament by name.
    notes : tuple of Note
        What was inferred, reduced or left out.
    inset : Volume or None
        In HU: the spine on a finer grid, set into ``ct`` for X-ray pictures.
    pathology : tuple of Ailment
        What was built into a phantom; `needle_sim.findings` measures it.
    posture : Posture or None
        How the patient lies, where `needle_sim.posed` has moved it.
    """

    name: str
    ct: Volume
    labels: Volume
    bodies: Mapping[str, Transform] = field(default_factory=dict)
    landmarks_mm: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    structures: Mapping[str, Structure] = field(default_factory=dict)
    bones: Mapping[str, Bone] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)
    fit_rms_mm: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    inset: Volume | None = None
    pathology: tuple[Ailment, ...] = ()
    posture: Posture | None = None

    def __repr__(self) -> str:
        return (
            f"Anatomy({self.name!r}, vertebrae {', '.join(self.bodies) or 'unknown'}, "
            f"{len(self.structures)} structures, {len(self.spaces)} spaces, "
            f"labels {' x '.join(map(str, self.labels.shape))})"
        )

    def __post_init__(self) -> None:
        if self.labels.shape != self.ct.shape:
            raise InputError(f"labels {self.labels.shape} do not lie on the CT {self.ct.shape}")
        for name in ("bodies", "landmarks_mm", "structures", "bones", "spaces", "fit_rms_mm"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def tissues(self) -> tuple[Tissue, ...]:
        """What the labels mean, in label order."""
        return tissues()

    @property
    def hazards_known(self) -> bool:
        """False where nothing but voxels is known (a bare CT)."""
        return any(one.kind == "dura" for one in self.structures.values())

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "name": self.name,
            "CT": " x ".join(str(n) for n in self.ct.shape),
            "vertebrae": ", ".join(self.bodies) or "none",
            "structures": str(len(self.structures)),
            "notes": "; ".join(str(note) for note in self.notes) or "none",
        }

    def body(self, vertebra: str) -> Transform:
        """``patient_from_body`` of a vertebra; `InputError` names those there are."""
        if vertebra not in self.bodies:
            raise InputError(
                f"{self.name} has no vertebra {vertebra}{nearest(vertebra, self.bodies)}"
            )
        return self.bodies[vertebra]

    def landmark(self, name: str) -> NDArray[np.float64]:
        """A landmark (3,) in the patient, mm."""
        if name not in self.landmarks_mm:
            level = name.partition(" ")[0]
            near = [one for one in self.landmarks_mm if one.partition(" ")[0] == level]
            why = why_gone(self.pathology, name) or nearest(name, near or self.landmarks_mm)
            raise InputError(f"{self.name} has no landmark {name!r}{why}")
        return self.landmarks_mm[name]

    def target(self, name: str) -> Target:
        """The target of a shipped procedure by name, e.g. ``"L4 right medial branch"``.

        Where a view of the procedure says the way in, ``approach`` is straight ventral.
        """
        from needle_sim.anatomy.shipped_targets import named_target

        return named_target(self, name)

    def ventral(self, vertebra: str) -> NDArray[np.float64] | None:
        """Unit direction (3,) to the front of a vertebra; None where it is unknown."""
        if vertebra not in self.bodies:
            return None
        return self.bodies[vertebra].turn([0.0, -1.0, 0.0])

    def in_voxel_bone(self, points_mm: ArrayLike) -> NDArray[np.bool_]:
        """True (P,) where the voxels at points (P, 3) are bone, whatever exact surfaces say."""
        found = self.labels.sample(points_mm, outside=0)
        return np.isin(found, bone_labels())

    def hazards_known_at(self, point_mm: ArrayLike) -> bool:
        """True where the sac runs past a point (3,) and a root lies within 40 mm of it."""
        point = np.asarray(point_mm, dtype=np.float64)
        sacs = [one for one in self.structures.values() if one.kind == "dura"]
        roots = [one for one in self.structures.values() if one.kind == "root"]
        heights = [tube.points_mm[:, 2] for one in sacs for tube in one.tubes]
        past = any(z.min() - 10.0 <= point[2] <= z.max() + 10.0 for z in heights)
        return past and any(one.distance_mm(point[None])[0] < 40.0 for one in roots)

    def voxel_labels(self, points_mm: ArrayLike) -> NDArray[np.uint16]:
        """Labels (P,) of the voxels at points (P, 3), air outside the volume.

        Voxel bone just outside an exact bone is partial volume, and taken for muscle.
        """
        points = np.ascontiguousarray(points_mm, dtype=np.float64)
        found = self.labels.sample(points, outside=0).astype(np.uint16)
        found[(found != 0) & self._voxel_bone_overruled(points, found)] = label("muscle")
        return found

    def tissue_labels(self, points_mm: ArrayLike) -> NDArray[np.uint16]:
        """Labels (P,) of points (P, 3): voxels first, then exact bones, sac and roots over them.

        Outside the volume is air. Bone within 1 mm of its surface is cortical (the laminae and
        articular processes are 1-2 mm thick there; from memory).
        """
        points = np.ascontiguousarray(points_mm, dtype=np.float64)
        found = self.voxel_labels(points)
        for name, bone in self.bones.items():
            near = _in_box(points, bone.box_mm)
            depth = bone.distance_mm(points[near])
            inner, outer = _SOLID if is_metal(name) else _BONY
            found[near[depth < 0]] = label(inner)
            found[near[(depth < 0) & (depth > -1.0)]] = label(outer)
        for structure in self.structures.values():
            near = _in_box(points, structure.box_mm)
            inside = near[structure.distance_mm(points[near]) < 0]
            found[inside] = label(tissue_of_structure(structure))
        return found

    def _voxel_bone_overruled(
        self, points: NDArray[np.float64], found: NDArray[np.uint16]
    ) -> NDArray[np.bool_]:
        """Voxel bone just outside an exact bone: partial volume of a coarse grid, not bone."""
        bony = np.flatnonzero(np.isin(found, bone_labels()))
        margin = float(self.labels.spacing_mm.max())
        overruled = np.zeros(len(points), dtype=bool)
        for bone in self.bones.values():
            near = bony[_in_box(points[bony], bone.box_mm + np.array([[-margin], [margin]]))]
            depth = bone.distance_mm(points[near])
            overruled[near] |= (depth >= 0) & (depth < margin)
        return overruled


def _in_box(points: NDArray[np.float64], box_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which (N,) of points (P, 3) lie in a box (2, 3)."""
    return np.flatnonzero(((points >= box_mm[0]) & (points <= box_mm[1])).all(axis=1))
