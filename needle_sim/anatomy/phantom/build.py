"""`build_phantom`: a parametric spine as an Anatomy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.anchor import Anchor
from needle_sim.anatomy.landmarks import placed
from needle_sim.anatomy.named_tissue import is_metal
from needle_sim.anatomy.phantom.artery import artery_note
from needle_sim.anatomy.phantom.back.muscles import Back
from needle_sim.anatomy.phantom.coccyx import coccyx_line, coccyx_shape
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.cortex import cortex, spongy_hu
from needle_sim.anatomy.phantom.ilium import ilium_shape
from needle_sim.anatomy.phantom.marrow import VEIN_HU, vein_channels
from needle_sim.anatomy.phantom.mesentery import vessels_of_bowel
from needle_sim.anatomy.phantom.nerves import structures
from needle_sim.anatomy.phantom.pathology.draft import Draft, afflicted, grown
from needle_sim.anatomy.phantom.pathology.kind import Pathology
from needle_sim.anatomy.phantom.pathology.kinds import ordered
from needle_sim.anatomy.phantom.pelvis import Pelvis
from needle_sim.anatomy.phantom.person import Person, Sex
from needle_sim.anatomy.phantom.ribs import ribs
from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.soft_tissue import layers
from needle_sim.anatomy.phantom.spec import SpineSpec, generator, spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.tubes import paint_tubes
from needle_sim.anatomy.phantom.vertebra import SIDES, vertebra_landmarks, vertebra_shape
from needle_sim.anatomy.phantom.viscera import organ_layers
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.spaces import spaces_of
from needle_sim.geometry.shapes import Implicit
from needle_sim.jit import aside
from needle_sim.progress import Progress, silent
from needle_sim.volume.volume import Note

_OVER_MM, _UNDER_MM = 6.0, 12.0  # the first endplate, and the tip of the coccyx
_MARGIN_MM = 14.0  # air around the skin
_BOX_MM = np.array([200.0, 150.0, 225.0])  # of the lumbar spine on a finer grid
_BOX_OFF_MM = np.array([0.0, 25.0, -5.0])  # its middle, from that of the bodies: arches lie behind


def build_phantom(
    name: str = "lumbar_normal",
    *,
    seed: int | None = None,
    sex: Sex | None = None,
    age: float | None = None,
    bmi: float | None = None,
    pathology: Sequence[Pathology | Mapping[str, Any]] = (),
    voxel_mm: float = 1.0,
    fine_mm: float | None = None,
    progress: Progress = silent,
    **overrides: float,
) -> Anatomy:
    """Build a shipped phantom.

    Parameters
    ----------
    name : str
        A file of ``phantoms/`` (``needle-sim list phantoms`` shows them), or the path of one of
        your own, ``mine.toml``.
    seed : int or None
        Draws a patient from the phantom's population; ``None`` is the mean spine.
    sex : "female", "male" or None
        ``None`` is the mean of both, and drawn where a seed draws the rest.
    age, bmi : float or None
        Years (18 to 100) and kg/m2 (15 to 60); ``None`` leaves the sizes of the phantom's file.
    pathology : sequence of Pathology or mapping
        What the patient has beside what the file says: ``ns.pathology("flavum_hypertrophy",
        level="L4-L5", thickness_mm=6)``, or the same as a mapping with ``kind``.
    voxel_mm : float, mm
        Edge of the voxels of ``ct`` and ``labels``; bones, nerves, landmarks do not depend on it.
    fine_mm : float or None, mm
        Edge of the voxels of ``inset``, the lumbar spine (200 x 150 x 225 mm) for finer X-ray
        pictures; ``None`` makes none.
    progress : Progress
        Told (parts painted, parts).
    **overrides : float
        Sizes that are set, by level and name, or for all levels: ``L4_pedicle_width_mm=12``,
        ``pedicle_width_mm=12``, ``sacrum_slope_deg=40``, ``trunk_half_width_mm=180``. Names and
        ranges are those of the phantom's file.

    Returns
    -------
    Anatomy
        The vertebrae of the phantom's file (T10 to S1) with ribs, pelvis and trunk; the origin is
        the centre of the file's ``origin`` (L3).
    """
    rng = None if seed is None else generator(seed)
    spine = spine_spec(name, rng=rng, person=Person(sex, age, bmi), overrides=overrides)
    if pathology:
        spine = replace(spine, pathology=ordered((*spine.pathology, *pathology)))
    return anatomy_of(spine, voxel_mm=voxel_mm, fine_mm=fine_mm, noise_seed=seed, progress=progress)


def anatomy_of(
    spine: SpineSpec,
    *,
    voxel_mm: float = 1.0,
    fine_mm: float | None = None,
    noise_seed: int | None = None,
    progress: Progress = silent,
) -> Anatomy:
    """The Anatomy of a spine of these sizes; ``noise_seed`` draws the CT's noise.

    The other arguments are as for `build_phantom`.
    """
    spine = afflicted(spine)
    stack = column(spine)
    inner = aside(lambda: _drafted(spine, stack))
    canvas = Canvas.of(*_field_mm(spine, Trunk(stack, spine.trunk)), voxel_mm)
    _paint(canvas, spine, stack, inner, progress, seed=noise_seed)
    fine = None
    if fine_mm is not None:
        fine = Canvas.of(*_spine_box_mm(stack), fine_mm)
        _paint(fine, spine, stack, inner, progress, seed=noise_seed)
    ct, labels = canvas.finished(seed=noise_seed)
    draft = inner()
    return Anatomy(
        name=spine.name,
        ct=ct,
        labels=labels,
        bodies=stack.bodies,
        landmarks_mm=draft.landmarks_mm,
        structures=draft.structures,
        bones=draft.bones,
        spaces=draft.spaces,
        inset=None if fine is None else fine.finished(seed=noise_seed, whole=canvas)[0],
        notes=(
            Note("", "", spine.name, _stated(spine)),
            *_anchor(stack).notes(),
            Note("", "", "", artery_note(spine.artery, stack, drawn=noise_seed is not None)),
            *(Note("", "", one.where, _told(one, draft)) for one in draft.spine.pathology),
        ),
        pathology=draft.spine.pathology,
    )


def drafted(spine: SpineSpec) -> Draft:
    """The shapes of a spine with its pathology, before they are painted."""
    spine = afflicted(spine)
    return _drafted(spine, column(spine))


def _drafted(spine: SpineSpec, stack: Column) -> Draft:
    """Bones and what rests on them, worked out while muscles and organs are painted."""
    own, bones = bones_of(stack, spine.sacrum, spine.trunk, pathology=spine.pathology)
    spaces = spaces_of(
        stack.vertebrae, stack.bodies, spine.sacrum, bones=bones, provenance="constructed"
    )
    tip = spine.cord["conus_mm"]
    named = structures(stack, own, spine.sacrum, conus_mm=tip, artery=spine.artery)
    found = _landmarks(stack, own, spine.sacrum)
    return Draft(spine, stack, bones, spaces, named, found).altered()


def _anchor(stack: Column) -> Anchor:
    """What the levels of a phantom are counted from, as for a labelled CT."""
    free = stack.levels[:-1]
    ribbed = [one for one in free if stack.vertebrae[one].rib_length_mm > 0.0]
    if not ribbed:
        return Anchor(free[-1])
    last = ribbed[-1]
    rib = int(last[1:]) if last[0] == "T" else None
    return Anchor(free[-1], rib, last, free.index(free[-1]) - free.index(last))


def _stated(spine: SpineSpec) -> str:
    who = str(spine.person)
    return "parametric phantom, not a patient" + (f"; {who}" if who else "")


def _told(one: Pathology, draft: Draft) -> str:
    """A pathology in words, and what it leaves."""
    return "; ".join(part for part in (str(one), one.leaves(draft)) if part)


def _landmarks(
    stack: Column, own: Mapping[str, Implicit], sacrum: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    """Landmarks of all levels in the patient."""
    landmarks: dict[str, NDArray[np.float64]] = {}
    for level in stack.levels:
        spec = stack.vertebrae[level]
        if level == "S1":
            found = sacrum_landmarks(spec, sacrum, own[level])
        else:
            found = vertebra_landmarks(spec, bone=own[level])
        landmarks.update(placed(level, found, stack.bodies[level]))
    return landmarks


def bones_of(
    stack: Column,
    sacrum: Mapping[str, float],
    trunk: Mapping[str, float] | None = None,
    *,
    pathology: tuple[Pathology, ...] = (),
) -> tuple[dict[str, Implicit], dict[str, Implicit]]:
    """Vertebrae and sacrum in their body frames, and all bones in the patient: the coccyx and the
    iliac wings too, and the ribs where the sizes of the trunk say how they run."""
    own = {level: vertebra_shape(stack.vertebrae[level]) for level in stack.levels[:-1]}
    own["S1"] = sacrum_shape(stack.vertebrae["S1"], sacrum)
    own = grown(own, stack, pathology)
    bones = {level: shape.moved(stack.bodies[level]) for level, shape in own.items()}
    lower = coccyx_shape(stack.vertebrae["S1"], sacrum)
    bones["coccyx"] = lower.moved(stack.bodies["S1"])
    for side in SIDES:
        wing = ilium_shape(stack.vertebrae["S1"], sacrum, side)
        bones[f"{side} ilium"] = wing.moved(stack.bodies["S1"])
    if trunk is not None:
        bones |= ribs(stack, trunk)
    return own, bones


def _paint(
    canvas: Canvas,
    spine: SpineSpec,
    stack: Column,
    draft: Callable[[], Draft],
    progress: Progress,
    *,
    seed: int | None,
) -> None:
    trunk = Trunk(stack, spine.trunk)
    steps: list[Callable[[], None]] = [lambda: trunk.paint(canvas)]
    steps.append(lambda: _vessels_of_bowel(canvas, Room(stack, trunk), seed))
    steps.append(lambda: canvas.paint_all(organ_layers(stack, trunk, spine.kidney, seed)))
    steps.append(lambda: trunk.paint_wall(canvas))
    steps.append(lambda: Pelvis(stack, spine.sacrum).paint(canvas))
    steps.append(lambda: Back(stack, trunk, spine.sacrum).paint(canvas))
    steps.append(lambda: canvas.paint_all(layers(stack, draft().spaces)))
    steps.append(lambda: canvas.paint_all(draft().before))
    steps.append(lambda: paint_tubes(canvas, draft().structures))
    steps.append(lambda: canvas.paint_bones(
        (bone, cortex(name, stack), spongy_hu(name, stack))
        for name, bone in draft().bones.items() if not is_metal(name)
    ))  # fmt: skip
    for level in stack.levels[:-1]:
        veins = vein_channels(stack.vertebrae[level]).moved(stack.bodies[level])
        steps.append(lambda s=veins: canvas.tint(s, VEIN_HU))  # type: ignore[misc]
    steps.append(lambda: _finish(canvas, draft()))
    for n, step in enumerate(steps):
        progress(n, len(steps))
        step()
    progress(len(steps), len(steps))


def _vessels_of_bowel(canvas: Canvas, room: Room, seed: int | None) -> None:
    for tubes in vessels_of_bowel(room, seed):
        canvas.paint_tubes(tubes, "blood")


def _finish(canvas: Canvas, draft: Draft) -> None:
    """What pathology puts over the bones."""
    for shape, hu in draft.tints:
        canvas.tint(shape, hu)
    canvas.paint_all(draft.after)


def _field_mm(spine: SpineSpec, trunk: Trunk) -> tuple[list[float], list[float]]:
    """Low and high corner of the field of view: the whole trunk, first vertebra to coccyx."""
    sizes = spine.trunk
    wide = trunk.reach_mm[0] + _MARGIN_MM
    beside = trunk.axis_mm(np.array([-np.inf, np.inf]))
    column, first = trunk.column, trunk.column.levels[0]
    over = [0.0, 0.0, 0.5 * column.vertebrae[first].height_mm + _OVER_MM]
    top = float(column.bodies[first].apply(over)[2])
    under = coccyx_line(column.vertebrae["S1"], spine.sacrum)[-1][1]
    low = float(column.bodies["S1"].apply(under)[2]) - _UNDER_MM
    z = np.linspace(low, top, 40)
    back = float(trunk.back_mm(z).max()) + 2 * sizes["furrow_mm"] + _MARGIN_MM
    front = -trunk.reach_mm[1] - _MARGIN_MM
    return [float(beside.min()) - wide, front, low], [float(beside.max()) + wide, back, top]


def _spine_box_mm(stack: Column) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high corner of the box around the lumbar vertebrae, 200 x 150 x 225 mm."""
    bodies = [stack.bodies[level].matrix[:3, 3] for level in stack.levels if level[0] in "LS"]
    middle = 0.5 * (np.min(bodies, axis=0) + np.max(bodies, axis=0)) + _BOX_OFF_MM
    return middle - 0.5 * _BOX_MM, middle + 0.5 * _BOX_MM
