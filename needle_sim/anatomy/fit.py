"""A real CT as an `Anatomy`: parametric vertebrae fitted to labelled bone, with what they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.beside_fits import beside_fits, inferred_note
from needle_sim.anatomy.inferred import landmarks_of, structures_of
from needle_sim.anatomy.joined import joined
from needle_sim.anatomy.label_checks import check_labels
from needle_sim.anatomy.label_joints import LabelJoint, label_joints
from needle_sim.anatomy.label_wall import LabelWall
from needle_sim.anatomy.labelled import (
    LABELLED,
    VERTEBRAE,
    LabelledSpine,
    in_reach,
    near_point,
    on_grid,
)
from needle_sim.anatomy.metal import metal_notes
from needle_sim.anatomy.on_bone import check_on_bone
from needle_sim.anatomy.sacrum_fit import fit_sacrum, start_sacrum
from needle_sim.anatomy.skin import find_patient, without_table
from needle_sim.anatomy.spaces import spaces_of
from needle_sim.anatomy.surface import LabelSurface, label_surface
from needle_sim.anatomy.vertebra_fit import NONE, VertebraFit, average, fit_vertebra, start_poses
from needle_sim.anatomy.vessels import vessels
from needle_sim.anatomy.voxel_tissue import tissues_of_ct
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.progress import Progress, silent
from needle_sim.volume.volume import Note, Volume

GOOD_RMS_MM = 2.0
"""Surface RMS of a published active-shape fit to CT vertebrae: 2.0 (SD 0.5) mm, PMC8650759."""

REFUSED_RMS_MM = 3.5
"""Three standard deviations above it: the model is not this bone."""

_WORKERS = 2
_VESSELS_BEYOND_MM = 100.0


def anatomy_from_ct(
    ct: Volume,
    labels: Volume | None,
    *,
    vertebrae: Sequence[str] | None = None,
    near_mm: ArrayLike | None = None,
    name: str = "ct",
    progress: Progress = silent,
) -> Anatomy:
    """What the other rooms need to know of a patient, from a CT and a label map.

    The table is taken away and each voxel gets a tissue. The parametric vertebra is fitted to the
    labelled ones wanted and to their neighbours, the parametric sacrum where S1 is among them;
    medial branches, roots, the dural sac and the spaces are carried over with the fit, as
    *inferred*; great vessels come from their labels, as *measured*.

    Parameters
    ----------
    ct : Volume
        In HU, slices about axial.
    labels : Volume or None
        Numbers of `needle_sim.volume.labels.LABEL_NAMES`, on any grid that overlaps the CT.
        ``None``: voxel tissues only, and no hazards are known.
    vertebrae : sequence of str, optional
        The vertebrae that a procedure needs, of T10 to S1; by default every one that the labels
        hold whole, or nearly so.
    near_mm : (3,) array_like, optional
        A point in the patient, LPS: without ``vertebrae``, the labelled one nearest to it and its
        neighbours are fitted. With none within 60 mm, tissues are known and hazards are not.
    name : str
        What the CT is called in reports.
    progress : Progress
        Told the steps done.

    Returns
    -------
    Anatomy
        ``fit_rms_mm`` holds the surface RMS of each fitted vertebra.

    Raises
    ------
    InputError
        A vertebra is missing, cut or fits badly, its label does not lie on bone in this CT, or
        the labels make no spine (`needle_sim.anatomy.label_checks.check_labels`).
    """
    if ct.quantity != "hu":
        raise InputError(f"the CT must be in HU, got a volume of {ct.quantity!r}")
    wanted: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    if labels is not None:
        labels = on_grid(labels, ct)
        checked, spine = check_labels(ct, labels), LabelledSpine.of(labels)
        if vertebrae is None and near_mm is not None:
            wanted, notes = near_point(spine, near_mm)
        else:
            wanted, notes = in_reach(spine, vertebrae)
        notes = (*notes, *checked, *check_on_bone(ct, labels, wanted))
    steps = 2 + len(wanted)
    patient, skin_notes = find_patient(ct)
    notes = (*notes, *metal_notes(ct, labels, patient))
    progress(1, steps)
    tissue = tissues_of_ct(ct, labels, patient)
    bare = Anatomy(name, without_table(ct, patient), tissue, notes=(*ct.notes, *skin_notes, *notes))
    progress(2, steps)
    if labels is None:
        text = "no labels: nerves, dura and vessels are unknown, bone is known by HU alone"
        return replace(bare, notes=(*bare.notes, Note("", "", "", text)))
    if not wanted:
        return replace(bare, notes=(*bare.notes, *labels.notes))
    surfaces = {one: label_surface(labels, VERTEBRAE[one], ct) for one in wanted}
    starts = _starts(surfaces, spine, ct)
    joints = _joints(surfaces, starts, spine, ct)
    found = _fits(surfaces, starts, joints, spine, progress)
    fits, refused = trusted(found, surfaces, vertebrae or ())
    return _with_fits(replace(bare, notes=(*bare.notes, *refused)), fits, surfaces, labels)


def trusted(
    fits: Mapping[str, VertebraFit], surfaces: Mapping[str, LabelSurface], asked: Sequence[str]
) -> tuple[dict[str, VertebraFit], tuple[Note, ...]]:
    """The fits joined to one another, without those that are bad, and notes on these.

    Raises
    ------
    InputError
        A vertebra that was asked for fits badly, or none fits.
    """
    found = joined(fits, surfaces)
    bad = {name: fit.rms_mm for name, fit in found.items() if fit.rms_mm > REFUSED_RMS_MM}
    if not bad:
        return found, ()
    said = ", ".join(f"{name} {rms:.1f} mm" for name, rms in bad.items())
    if set(bad) & set(asked) or len(bad) == len(found):
        raise InputError(
            f"the fit is refused: surface RMS of {said} (at most {REFUSED_RMS_MM} mm); correct the "
            "labels there, or take other levels"
        )
    text = f"refused, more than {REFUSED_RMS_MM} mm: known from voxels only"
    kept = {name: fit for name, fit in fits.items() if name not in bad}
    return joined(kept, surfaces), (Note("", "surface RMS", said, text),)


def _starts(
    surfaces: Mapping[str, LabelSurface], spine: LabelledSpine, ct: Volume
) -> dict[str, Transform]:
    """About where each one lies; S1 lies below L5 (or what is there in its place), whether that is
    fitted or not."""
    found = start_poses({name: one for name, one in surfaces.items() if name != "S1"})
    if "S1" in surfaces:
        last = surfaces.get(spine.last) or label_surface(spine.labels, VERTEBRAE[spine.last], ct)
        found["S1"] = start_sacrum(surfaces["S1"], last)
    return found


def _joints(
    surfaces: Mapping[str, LabelSurface],
    starts: Mapping[str, Transform],
    spine: LabelledSpine,
    ct: Volume,
) -> dict[str, Mapping[str, LabelJoint]]:
    """Facet joints by the bone below, also those with a labelled neighbour that is not fitted."""
    found: dict[str, Mapping[str, LabelJoint]] = {}
    for upper, lower in pairwise(spine.column):
        pose = starts.get(lower, starts.get(upper))
        if pose is None or not {upper, lower} <= set(spine.cuts):
            continue
        above, below = (
            surfaces.get(one) or label_surface(spine.labels, LABELLED[one], ct)
            for one in (upper, lower)
        )
        found[lower] = label_joints(above, below, pose)
    return found


def _fits(
    surfaces: Mapping[str, LabelSurface],
    starts: Mapping[str, Transform],
    joints: Mapping[str, Mapping[str, LabelJoint]],
    spine: LabelledSpine,
    progress: Progress,
) -> dict[str, VertebraFit]:
    """The parametric bones fitted to the surfaces, two at a time; the order does not matter."""
    lower = dict(pairwise(spine.column))

    def one(name: str) -> VertebraFit:
        surface, start, above = surfaces[name], starts[name], joints.get(name, NONE)
        if name == "S1":
            return fit_sacrum(surface, start=start, above=above)
        below = joints.get(lower[name], NONE)
        mean = average(spine.model(name))
        return fit_vertebra(surface, *mean, start=start, above=above, below=below)

    found = {}
    with ThreadPoolExecutor(_WORKERS) as pool:
        for name, fit in zip(surfaces, pool.map(one, surfaces), strict=True):
            found[name] = fit
            progress(2 + len(found), 2 + len(surfaces))
    return found


def _with_fits(
    bare: Anatomy,
    fits: Mapping[str, VertebraFit],
    surfaces: Mapping[str, LabelSurface],
    labels: Volume,
) -> Anatomy:
    heights = [float(fit.patient_from_body.matrix[2, 3]) for fit in fits.values()]
    low, high = min(heights) - _VESSELS_BEYOND_MM, max(heights) + _VESSELS_BEYOND_MM
    specs = {vertebra: fit.spec for vertebra, fit in fits.items()}
    bodies = {vertebra: fit.patient_from_body for vertebra, fit in fits.items()}
    bones = {vertebra: fit.shape for vertebra, fit in fits.items()}
    sacrum = fits["S1"].sacrum if "S1" in fits else None
    walls = {one: LabelWall.of(surfaces[one]) for one in fits}
    named, seen = structures_of(fits, walls), vessels(labels, low, high, tuple(bones.values()))
    return replace(
        bare,
        bodies=bodies,
        landmarks_mm=landmarks_of(fits),
        structures={**named, **beside_fits(fits, named, walls, seen.get("aorta")), **seen},
        bones=bones,
        spaces=spaces_of(specs, bodies, sacrum, bones=bones, provenance="inferred"),
        fit_rms_mm={vertebra: fit.rms_mm for vertebra, fit in fits.items()},
        notes=(
            *bare.notes,
            *labels.notes,
            *_fit_notes(fits, surfaces),
            inferred_note(fits, tuple(seen)),
        ),
    )


def _fit_notes(
    fits: Mapping[str, VertebraFit], surfaces: Mapping[str, LabelSurface]
) -> tuple[Note, ...]:
    rms = ", ".join(f"{vertebra} {fit.rms_mm:.2f} mm" for vertebra, fit in fits.items())
    text = "nerves, dura and landmarks are inferred from vertebrae fitted to the labels"
    notes = [Note("", "surface RMS", rms, text)]
    offset = float(np.mean([one.label_from_edge_mm for one in surfaces.values()]))
    text = "mean offset of the labels' border from the edge of bone in the CT, corrected"
    notes.append(Note("", "", f"{offset:+.2f} mm, positive is too large", text))
    for vertebra, fit in fits.items():
        if fit.rms_mm > GOOD_RMS_MM:
            text = f"the fit of {vertebra} is worse than {GOOD_RMS_MM:.1f} mm: check it by eye"
            notes.append(Note("", "surface RMS", f"{fit.rms_mm:.1f} mm", text))
    return tuple(notes)
