"""Pictures with what they show as COCO detection and keypoint data: plain JSON for learning.

Rows and columns are counted from 0 at the middle of the first pixel, x is the column. Masks are
uncompressed run lengths, down the columns first, as pycocotools reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.landmarks import OF_A_RIB, landmark_names, sacral_landmark_names
from needle_sim.errors import InputError
from needle_sim.imaging.xray.angles import positioner_angles
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.truth import OUTSIDE, Mask, Truth, visible

SCHEMA = "needle_sim.dataset/1"
_RIBBED = tuple(f"{side} {name}" for side in ("right", "left") for name in OF_A_RIB)
_KEYPOINTS: dict[str, tuple[str, ...]] = {
    "vertebra": (*landmark_names(), *_RIBBED),
    "sacrum": sacral_landmark_names(),
    "needle": ("hub", "tip"),
}
KINDS = (
    *("vertebra", "sacrum", "coccyx", "ilium", "rib", "needle", "tool", "target"),
    *("medial_branch", "lateral_branch", "root", "ganglion", "sympathetic", "dura"),
    *("cauda_equina", "cord", "vessel"),
)
"""Names of categories; their numbers count from 1 in this order."""

_NUMBER = {name: number for number, name in enumerate(KINDS, start=1)}


def categories() -> list[dict[str, Any]]:
    """Every category, with the names of its keypoints where it has any."""
    found = []
    for name, number in _NUMBER.items():
        one: dict[str, Any] = {"id": number, "name": name, "supercategory": "anatomy"}
        if name in ("needle", "tool"):
            one["supercategory"] = "instrument"
        if name in _KEYPOINTS:
            line = [[1, 2]] if name == "needle" else []
            one |= {"keypoints": list(_KEYPOINTS[name]), "skeleton": line}
        found.append(one)
    return found


def image_entry(shot: Radiograph, known: Truth, *, number: int, **more: Any) -> dict[str, Any]:
    """What COCO wants of a picture, and how it was taken: pose, beam and dose.

    ``more`` are further entries, such as ``file_name``.
    """
    carm, (rows, columns) = shot.carm, shot.array.shape
    primary, secondary = positioner_angles(carm)
    camera = {
        "projection": known.projection.tolist(),
        "source_mm": known.source_mm.tolist(),
        "isocentre_mm": list(carm.isocentre_mm),
        "orbital_deg": carm.orbital_deg,
        "tilt_deg": carm.tilt_deg,
        "positioner_primary_deg": primary,
        "positioner_secondary_deg": secondary,
        "source_isocentre_mm": carm.source_isocentre_mm,
        "source_detector_mm": carm.source_detector_mm,
        "pixel_mm": carm.pixel_mm,
        "bent": shot.intensifier is not None,
    }
    beam = {"kvp": shot.beam.kvp, "mas": shot.beam.mas}
    dose = {"kap_ugy_m2": float(shot.kap_ugy_m2), "kerma_mgy": float(shot.kerma_mgy)}
    size = {"id": number, "width": columns, "height": rows}
    return {**size, **more, "camera": camera, "beam": beam, "dose": dose}


def annotated(
    shot: Radiograph,
    known: Truth,
    *,
    image: int,
    first: int,
    lines_mm: Mapping[str, NDArray[np.float64]] | None = None,
) -> list[dict[str, Any]]:
    """An annotation for each mask of a picture.

    Parameters
    ----------
    image, first : int
        Numbers of the picture and of the first annotation.
    lines_mm : mapping of name to (N, 3) array, optional
        Axes of instruments in the patient, hub first, kept beside their polylines.
    """
    found = []
    for number, mask in enumerate(known.masks.values(), start=first):
        one = _of_mask(mask, known, image=image, number=number)
        if mask.kind in ("needle", "tool"):
            line = known.instruments_px[mask.name]
            one["polyline"] = line[:, ::-1].tolist()
            if lines_mm is not None and mask.name in lines_mm:
                one["polyline_mm"] = np.asarray(lines_mm[mask.name]).tolist()
        if mask.kind in _KEYPOINTS:
            names, at, seen = _points(mask, known, shot)
            one["keypoints"] = _keypoints(mask.kind, names, at, seen)
            one["num_keypoints"] = sum(v > 0 for v in one["keypoints"][2::3])
        found.append(one)
    return found


def run_lengths(bits: NDArray[np.bool_]) -> dict[str, Any]:
    """A mask (R, C) as COCO's uncompressed run lengths, zeros first, down the columns."""
    flat = np.asarray(bits, dtype=np.bool_).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    if flat.size and flat[0]:
        counts = [0, *counts]
    return {"counts": counts, "size": list(bits.shape)}


def mask_of(segmentation: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask (R, C) of run lengths: `run_lengths` undone."""
    rows, columns = segmentation["size"]
    counts = np.asarray(segmentation["counts"], dtype=np.int64)
    if (counts < 0).any() or counts.sum() != rows * columns:
        raise InputError(
            f"run lengths add up to {int(counts.sum())}, a picture of {rows} x {columns} has "
            f"{rows * columns} pixels"
        )
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape((rows, columns), order="F")


def document(
    images: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], **info: Any
) -> dict[str, Any]:
    """The whole file, of what `image_entry` and `annotated` gave."""
    told = {
        "schema": SCHEMA,
        "description": "Simulated fluoroscopy of the spine by needle_sim; not for clinical use",
        "visibility": "0 beside the picture, 1 on it where no beam comes through, 2 in the field; "
        "bone hides nothing from X-rays",
        "pixels": "x column, y row, 0 at the middle of the first pixel; boxes begin at a pixel",
        **info,
    }
    return {
        "info": told,
        "licenses": [],
        "images": [dict(one) for one in images],
        "annotations": [dict(one) for one in found],
        "categories": categories(),
    }


def _of_mask(mask: Mask, known: Truth, *, image: int, number: int) -> dict[str, Any]:
    rows, columns = mask.inside.shape
    return {
        "id": number,
        "image_id": image,
        "category_id": _NUMBER[mask.kind],
        "name": mask.name,
        "iscrowd": 0,
        "area": int(mask.inside.sum()),
        "bbox": [mask.corner[1], mask.corner[0], columns, rows],
        "segmentation": run_lengths(mask.over(known.carm.shape)),
    }


def _points(
    mask: Mask, known: Truth, shot: Radiograph
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.uint8]]:
    """Names, places and visibility of the keypoints of a mask."""
    if mask.kind == "needle":
        ends = known.instruments_px[mask.name][[0, -1]]
        field = shot.truth.get("collimation")
        detector = None if shot.intensifier is None else _bending(shot)
        seen = visible(ends, known.carm, detector=detector, collimation=field)
        return ("hub", "tip"), ends, seen
    own = [n for n, one in enumerate(known.landmarks) if one.startswith(f"{mask.name} ")]
    names = tuple(known.landmarks[n].removeprefix(f"{mask.name} ") for n in own)
    return names, known.landmarks_px[own], known.visibility[own]


def _bending(shot: Radiograph) -> Any:
    from dataclasses import replace

    from needle_sim.imaging.xray.detector import Detector

    return replace(Detector.preset("image_intensifier"), intensifier=shot.intensifier)


def _keypoints(
    kind: str, names: Sequence[str], at: NDArray[np.float64], seen: NDArray[np.uint8]
) -> list[float]:
    """``x, y, v`` of every keypoint of a category; 0, 0, 0 for what is not there."""
    of = {name: (xy, int(v)) for name, xy, v in zip(names, at[:, ::-1], seen, strict=True)}
    flat: list[float] = []
    for name in _KEYPOINTS[kind]:
        (x, y), v = of.get(name, ((0.0, 0.0), OUTSIDE))
        flat += [0.0, 0.0, OUTSIDE] if v == OUTSIDE else [float(x), float(y), v]
    return flat
