"""`posed`: the same patient in a posture: every vertebra a rigid body, soft tissue between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.posing.breath import Breath, breathed_in
from needle_sim.anatomy.posing.carried import (
    carried_bones,
    carried_landmarks,
    carried_spaces,
    carried_structures,
)
from needle_sim.anatomy.posing.chain import chain
from needle_sim.anatomy.posing.field import MotionField, motion_field
from needle_sim.anatomy.posing.posture import Posture
from needle_sim.anatomy.posing.redrawn import redrawn
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform
from needle_sim.volume.volume import Note


def posed(
    anatomy: Anatomy,
    posture: Posture | str,
    *,
    phase: float = 0.0,
    held: str | None = None,
    rng: np.random.Generator | None = None,
) -> Anatomy:
    """The anatomy as the patient lies, breathes and is registered.

    Each vertebra is turned about the middle of the disc below it and moves as a rigid body, with
    its bone, landmarks, ribs, and the pelvis with the sacrum; nerves, vessels, sac, spaces and the
    voxels of CT, labels and inset between bones follow a smooth field. The frame stays that of the
    CT as it was; which side is up is the posture's. Of an anatomy that was posed before the turns
    add up, and a note says so: give it as it was built or loaded for a posture by itself.

    Parameters
    ----------
    anatomy : Anatomy
        A phantom or a CT; without vertebrae only a registration error moves it.
    posture : Posture or str
        One of your own, or a shipped one by name.
    phase : float
        Of the breath: 0 at end expiration, 0.5 at end inspiration, 1 at the next expiration.
    held : str, optional
        The vertebra that stays where it is, as the one that a CT is registered by; by default the
        lowest (the sacrum).
    rng : numpy Generator, optional
        Draws the registration error of the posture; without it there is none.

    Returns
    -------
    Anatomy
        With ``posture``, and a note of what was moved.

    Raises
    ------
    InputError
        ``phase`` is not 0 to 1, ``held`` is no vertebra of it, or the posture folds tissue.
    """
    if isinstance(posture, str):
        posture = Posture.preset(posture)
    if not isinstance(posture, Posture):
        raise InputError(f"posture is a Posture or the name of one, got {posture!r}")
    if not (rng is None or isinstance(rng, np.random.Generator)):
        raise InputError(f"rng is a numpy Generator, np.random.default_rng(seed), got {rng!r}")
    if not 0.0 <= phase <= 1.0:
        raise InputError(f"phase must be 0 to 1, got {phase}")
    share = breathed_in(phase)
    moved = chain(anatomy, posture, share=share, held=held, rng=rng)
    breath = Breath.of(anatomy, moved, posture.breathing, share)
    field = motion_field(anatomy, moved, breath)
    least = field.shear()
    if least <= 0.0:
        raise InputError(
            f"posture {posture.name} folds tissue (least determinant {least:.2f}, must be above "
            "0): turn its discs less"
        )
    return _carried(anatomy, posture, field, phase, drawn=rng is not None)


def _carried(
    anatomy: Anatomy, posture: Posture, field: MotionField, phase: float, *, drawn: bool
) -> Anatomy:
    ct, labels = redrawn(anatomy.ct, anatomy.labels, field)
    inset = anatomy.inset
    return replace(
        anatomy,
        ct=ct,
        labels=anatomy.labels if labels is None else labels,
        inset=None if inset is None else redrawn(inset, None, field)[0],
        bodies={name: _on(field.moved[name], body) for name, body in anatomy.bodies.items()},
        landmarks_mm=carried_landmarks(anatomy.landmarks_mm, field),
        structures=carried_structures(anatomy.structures, field),
        bones=carried_bones(anatomy.bones, field),
        spaces=carried_spaces(anatomy.spaces, field),
        notes=(*anatomy.notes, *_notes(anatomy, posture, phase, drawn=drawn)),
        posture=posture,
    )


def _on(moved: Transform, body: Transform) -> Transform:
    return moved @ body


def _notes(anatomy: Anatomy, posture: Posture, phase: float, *, drawn: bool) -> tuple[Note, ...]:
    said = [f"the patient lies {posture.lies}"]
    if len(anatomy.bodies) > 1:
        said.append(f"discs flexed by {posture.flexion_deg:+.1f} degrees from the anatomy as given")
        said.append("each known vertebra moved as a rigid body")
    else:
        said.append("no disc is known that could turn")
    if anatomy.posture is not None:
        said.append(f"it was in posture {anatomy.posture.name} before: what both turn adds up")
    if phase:
        said.append(f"breath at phase {phase:g}")
    if drawn:
        said.append("a registration error is drawn")
    return (Note("", "posture", posture.name, "; ".join(said)),)
