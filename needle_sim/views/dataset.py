"""`write_dataset`: simulated pictures with all that is known of them, for learning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.exports import coco
from needle_sim.imaging.xray.brightness import Technique, set_brightness
from needle_sim.imaging.xray.carm import CArm, aimed
from needle_sim.imaging.xray.chords import line_mm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.imaging.xray.shadows.outlines import filled
from needle_sim.imaging.xray.truth import truth_of
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.sightline import towards_detector, turned_as_said
from needle_sim.progress import Progress, silent
from needle_sim.views.display import Display

MOST_PICTURES = 100_000
POSES = ("AP", "right oblique 25", "left oblique 25", "left lateral", "right lateral")
"""Views that are drawn from by default; each is then turned by some degrees."""

_TURN_DEG, _TILT_DEG = 8.0, 12.0  # standard deviations about a view
_MOST_TILT_DEG = 40.0
_BESIDE_MM = 12.0  # of the isocentre about a vertebra
_NEEDLE = "quincke_22g_90mm"
_ASLANT_DEG = 25.0  # of a needle about the way from behind
_INSERTED_MM = (30.0, 85.0)
_GOALS = ("facet_centre", "sap_tp_junction", "pedicle_6_oclock", "lamina_upper_edge")
_WHITE = 65535
_MANY = 4  # vertebrae: of more the upper two are only seen beside others


def write_dataset(
    anatomy: Anatomy,
    folder: Path,
    *,
    count: int,
    seed: int,
    device: str = "mobile_flat_panel",
    poses: Sequence[str] = POSES,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write pictures of a patient as PNG, and what they show as COCO JSON.

    Each picture is drawn from its own part of the seed: the first ten of a thousand are those of
    ten. Needles are straight, aimed at landmarks and not planned.

    Parameters
    ----------
    folder : Path
        There, without what is written: ``images/000001.png`` (8 bit, as on a screen, never
        flipped), ``images_16/000001.png`` (16 bit, detector signal, linear) and ``coco.json``.
    count, seed : int
    device : str
        Of ``carms.toml``.
    poses : sequence of str
        Views as an operator says them; one is drawn for each picture, and turned a little.

    Returns
    -------
    dict
        What ``coco.json`` holds.
    """
    _check(anatomy, folder, count, seed, poses)
    patient, solids = prepare(anatomy.ct, inset=anatomy.inset), filled(anatomy)
    detector = Detector.preset(device)
    for name in ("images", "images_16"):
        (folder / name).mkdir()
    images: list[Mapping[str, Any]] = []
    found: list[Mapping[str, Any]] = []
    for number in range(1, count + 1):
        rng = np.random.default_rng([seed, number])
        level = drawn_level(anatomy, rng)
        carm, said = drawn_pose(anatomy, level, device, poses, rng)
        needle = drawn_needle(anatomy, level, rng)
        shot, technique = _taken(patient, carm, detector, needle, rng, device)
        known = truth_of(anatomy, carm, needles=[needle], detector=detector, solids=solids)
        files = _save(shot, folder, number)
        reached = {"technique_reached": technique.reached, "technique_limit": technique.limit}
        said_of = {**files, **reached, "view": said}
        images.append(coco.image_entry(shot, known, number=number, **said_of))
        lines = {"needle 1": line_mm(needle)}
        more = {"image": number, "first": len(found) + 1, "lines_mm": lines}
        found += coco.annotated(shot, known, **more)  # type: ignore[arg-type]
        progress(number, count)
    info = {"anatomy": anatomy.name, "device": device, "seed": seed}
    told = coco.document(images, found, **info)
    text = json.dumps(told, allow_nan=False, ensure_ascii=False)
    (folder / "coco.json").write_text(text + "\n", encoding="utf-8")
    return told


def drawn_level(anatomy: Anatomy, rng: np.random.Generator) -> str:
    """A vertebra with landmarks to aim at; not near the volume's upper end if others are there."""
    aimable = [one for one in anatomy.bodies if _goals(anatomy, one)]
    inner = aimable[2:] if len(aimable) > _MANY else aimable
    return inner[int(rng.integers(len(inner)))]


def drawn_pose(
    anatomy: Anatomy, level: str, device: str, poses: Sequence[str], rng: np.random.Generator
) -> tuple[CArm, str]:
    """A C-arm about a vertebra, near one of the views, and that view in words."""
    words = poses[int(rng.integers(len(poses)))]
    centre = anatomy.body(level).matrix[:3, 3] + rng.normal(0.0, _BESIDE_MM, 3)
    carm = turned_as_said(anatomy, aimed(CArm.preset(device), centre), words)
    turn, tilt = rng.normal(0.0, (_TURN_DEG, _TILT_DEG))
    tilt = float(np.clip(carm.tilt_deg + tilt, -_MOST_TILT_DEG, _MOST_TILT_DEG))
    return replace(carm, orbital_deg=float(carm.orbital_deg + turn), tilt_deg=tilt), words


def drawn_needle(anatomy: Anatomy, level: str, rng: np.random.Generator) -> PlacedNeedle:
    """A straight needle from behind, its tip at or before a landmark of a vertebra."""
    goals = _goals(anatomy, level)
    goal = anatomy.landmark(goals[int(rng.integers(len(goals)))])
    way = towards_detector(*(float(one) for one in rng.normal(0.0, _ASLANT_DEG, 2)))
    tip = goal + way * float(rng.uniform(0.0, 15.0))
    entry = tip + way * float(rng.uniform(*_INSERTED_MM))
    needle = Needle.preset(_NEEDLE)
    return PlacedNeedle(needle, Trajectory.straight(entry, tip), float(rng.uniform(0.0, 360.0)))


def _goals(anatomy: Anatomy, level: str) -> list[str]:
    own = (one for one in anatomy.landmarks_mm if one.startswith(f"{level} "))
    return [one for one in own if one.endswith(_GOALS)]


def _taken(
    patient: Materials,
    carm: CArm,
    detector: Detector,
    needle: PlacedNeedle,
    rng: np.random.Generator,
    device: str,
) -> tuple[Radiograph, Technique]:
    """A still picture under automatic brightness, as the instrument takes it."""
    paths = project(patient, carm)
    technique = set_brightness(paths, device=device, detector=detector)
    shot = expose(paths, technique.still, needles=[needle], rng=rng, detector=detector)
    return shot, technique


def _save(shot: Radiograph, folder: Path, number: int) -> dict[str, Any]:
    """Write the two PNG of a picture, and say where they are."""
    name = f"{number:06d}.png"
    screen = Display(shot.array.shape).apply(shot)
    Image.fromarray(screen).save(folder / "images" / name)
    most = max(float(shot.array.max()), 1e-6)
    deep = np.rint(np.clip(shot.array, 0.0, None) * (_WHITE / most)).astype(np.uint16)
    Image.fromarray(deep).save(folder / "images_16" / name)
    per_grey: float = most / _WHITE
    names = {"file_name": f"images/{name}", "file_name_16": f"images_16/{name}"}
    return {**names, "kev_per_grey_16": per_grey}


def _check(anatomy: Anatomy, folder: Path, count: int, seed: int, poses: Sequence[str]) -> None:
    """Everything that can be refused before a picture is taken."""
    if not 1 <= count <= MOST_PICTURES:
        raise InputError(f"count must be 1 to {MOST_PICTURES}, got {count}")
    if seed < 0:
        raise InputError(f"seed must be 0 or more, got {seed}")
    if not poses:
        raise InputError("poses are empty: give at least one view, such as AP")
    if not (anatomy.bodies and anatomy.bones):
        raise InputError(f"{anatomy.name} has no fitted vertebrae: give labels with the CT")
    if not any(_goals(anatomy, one) for one in anatomy.bodies):
        raise InputError(f"{anatomy.name} has no landmarks to aim needles at")
    for said in poses:
        turned_as_said(anatomy, CArm((0.0, 0.0, 0.0)), said)
    for name in ("images", "images_16", "coco.json"):
        if (folder / name).exists():
            raise InputError(f"{folder / name} is there already: give another folder")


def tip_px(told: Mapping[str, Any], image: int) -> NDArray[np.float64]:
    """Column and row (2,) of the needle's tip in a picture, of what ``coco.json`` holds."""
    for one in told["annotations"]:
        if one["image_id"] == image and one["name"] == "needle 1":
            return np.asarray(one["polyline"][-1], dtype=np.float64)
    raise InputError(f"picture {image} shows no needle")
