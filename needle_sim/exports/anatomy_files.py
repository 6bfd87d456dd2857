"""`save_anatomy`: an `Anatomy` as files that other software opens: tables, meshes, volumes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.exports.anatomy_tables import save_csv, save_tables
from needle_sim.exports.mesh import bone_mesh, check_can_contour, save_stl, structure_mesh
from needle_sim.exports.nifti import save_nifti
from needle_sim.progress import Progress, silent

MESH_STEP_MM = 0.8


def save_anatomy(
    anatomy: Anatomy,
    folder: Path,
    *,
    meshes: bool = True,
    volumes: bool = True,
    progress: Progress = silent,
) -> list[Path]:
    """Write an anatomy into a folder that exists; same bytes each time.

    ``landmarks.csv``, ``structures.csv``, ``levels.csv`` and ``anatomy.json``; with ``volumes``
    ``ct.nii.gz``, ``tissues.nii.gz`` and the names of its numbers, ``tissues.csv``; with ``meshes``
    an STL of each bone, nerve and vessel in ``meshes/``. Patient LPS, mm (a NIfTI file is RAS by
    its standard).

    Raises
    ------
    MissingExtraError
        ``meshes`` are wanted and scikit-image is not there (extra ``mesh``); before any work.
    """
    if meshes and anatomy.bones:
        check_can_contour()
    made = save_tables(anatomy, folder)
    if volumes:
        made += [
            save_nifti(anatomy.ct, folder / "ct.nii.gz"),
            save_nifti(anatomy.labels, folder / "tissues.nii.gz"),
            save_csv(list(_tissues(anatomy)), folder / "tissues.csv"),
        ]
    return made + (_meshes(anatomy, folder / "meshes", progress) if meshes else [])


def _tissues(anatomy: Anatomy) -> Iterator[dict[str, object]]:
    """Each number that is used, its tissue and its volume."""
    voxel_ml = float(np.prod(anatomy.labels.spacing_mm)) * 1e-3
    count = np.zeros(len(anatomy.tissues), dtype=np.int64)
    for part in anatomy.labels.array:
        count += np.bincount(part.ravel(), minlength=len(count))
    for number, tissue in enumerate(anatomy.tissues):
        if count[number]:
            volume = round(float(count[number]) * voxel_ml, 3)
            yield {"number": number, "name": tissue.name, "volume_ml": volume}


def _meshes(anatomy: Anatomy, folder: Path, progress: Progress) -> list[Path]:
    folder.mkdir(exist_ok=True)
    made: list[Path] = []
    total = len(anatomy.bones) + len(anatomy.structures)
    for name, bone in anatomy.bones.items():
        mesh = bone_mesh(bone, step_mm=MESH_STEP_MM)
        made.append(save_stl(mesh, folder / f"{file_name(name)}.stl"))
        progress(len(made), total)
    for name, one in anatomy.structures.items():
        made.append(save_stl(structure_mesh(one), folder / f"{file_name(name)}.stl"))
        progress(len(made), total)
    return made


def file_name(name: str) -> str:
    """The name of a structure as that of a file: letters, digits and underscores."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)
