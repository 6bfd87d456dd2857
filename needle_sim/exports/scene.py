"""`save_slicer`: a patient, and what was done there, as files that 3D Slicer opens as they are."""

from __future__ import annotations

from pathlib import Path

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.exports.anatomy_files import file_name
from needle_sim.exports.markups import save_line, save_points
from needle_sim.exports.mesh import (
    bone_mesh,
    lesion_mesh,
    needle_mesh,
    save_stl,
    save_vtp,
    structure_mesh,
)
from needle_sim.exports.nifti import save_nifti
from needle_sim.exports.segmentation import save_segmentation
from needle_sim.rehearsal.run import Run

_ABOUT_MM = 90.0  # bones and nerves farther from the target than this are left out


def save_slicer(run: Run, folder: Path) -> list[Path]:
    """Write CT, labels, landmarks, needle and meshes of a run.

    ``ct.nii.gz``, ``labels.seg.nrrd``, ``landmarks.mrk.json``, ``target.mrk.json``; with a needle
    ``plan.mrk.json`` and ``needle.mrk.json``; ``meshes/`` of bones, nerves, vessels and the needle
    (VTP), and of the lesion at 60 °C (VTP and STL). Patient LPS, mm; same bytes each time.

    Raises
    ------
    MissingExtraError
        scikit-image is not there (extra ``mesh``).
    """
    anatomy, meshes = run.anatomy, folder / "meshes"
    meshes.mkdir(parents=True, exist_ok=True)
    names = {number: tissue.name for number, tissue in enumerate(anatomy.tissues)}
    made = [
        save_nifti(anatomy.ct, folder / "ct.nii.gz"),
        save_segmentation(anatomy.labels, folder / "labels.seg.nrrd", names),
        save_points({"target": run.target.centre_mm}, folder / "target.mrk.json"),
    ]
    if anatomy.landmarks_mm:
        made.append(save_points(anatomy.landmarks_mm, folder / "landmarks.mrk.json"))
    if run.plan is not None:
        made.append(save_line(run.plan.placed.trajectory, folder / "plan.mrk.json", name="plan"))
    if run.placed is not None:
        made.append(save_line(run.placed.trajectory, folder / "needle.mrk.json"))
        made.append(save_vtp(needle_mesh(run.placed), meshes / "needle.vtp"))
    made += _around(anatomy, run, meshes)
    if run.history is not None and run.lesion is not None and run.lesion.tissue_max_c > 60.0:
        lesion = lesion_mesh(run.history)
        made.append(save_vtp(lesion, meshes / "lesion_60c.vtp"))
        made.append(save_stl(lesion, meshes / "lesion_60c.stl"))
    return made


def _around(anatomy: Anatomy, run: Run, meshes: Path) -> list[Path]:
    """Bones, nerves and vessels near the target."""
    centre, made = run.target.centre_mm, []
    for name, bone in anatomy.bones.items():
        low, high = bone.box_mm
        if ((centre > low - _ABOUT_MM) & (centre < high + _ABOUT_MM)).all():
            made.append(save_vtp(bone_mesh(bone), meshes / f"{file_name(name)}.vtp"))
    for name, one in anatomy.structures.items():
        if one.distance_mm(centre[None])[0] < _ABOUT_MM:
            made.append(save_vtp(structure_mesh(one), meshes / f"{file_name(name)}.vtp"))
    return made
