"""Who is treated where: anatomy, level, side and target, from what a caller gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import USUAL, in_order
from needle_sim.anatomy.posing.posture import Posture
from needle_sim.anatomy.target import Target, point_target
from needle_sim.anatomy.target_rule import aim
from needle_sim.errors import InputError
from needle_sim.planning.sightline import recipe_angles, towards_detector
from needle_sim.procedures.procedure import Procedure
from needle_sim.volume.label_names import COLUMN_NUMBERS
from needle_sim.volume.volume import Note, Volume


def check_sources(
    ct: Volume | None,
    labels: Volume | None,
    target_mm: ArrayLike | None,
    level: str | None,
    *,
    vary: bool,
) -> None:
    """Refuse a CT without labels or target, and what does not go together."""
    if ct is None and (labels is not None or target_mm is not None):
        raise InputError("labels and a target point go with a CT: give --ct as well")
    if ct is not None and labels is None and target_mm is None:
        raise InputError(
            "a CT needs --labels FILE (a TotalSegmentator label map) to find the target, "
            "or --target X,Y,Z (patient LPS, mm)"
        )
    if ct is not None and vary:
        raise InputError("--vary changes the phantom's anatomy; a CT has its own")
    if level is not None and target_mm is not None:
        raise InputError("--level and --target name two places: give one of them")


def check_posture(posture: str | Posture | None, phase: float, *, plan_on_ct: bool) -> None:
    """Refuse a breath or a plan on the CT without a posture, and a posture that is not shipped."""
    if isinstance(posture, str):
        Posture.preset(posture)
    if posture is None and (plan_on_ct or phase):
        raise InputError(
            "a phase of the breath, and a plan on the CT as it was taken, go with a posture: "
            "give one, for example prone_pillow"
        )


def lying(
    anatomy: Anatomy,
    posture: str | Posture,
    phase: float,
    vertebra: str,
    error: np.random.Generator | None,
) -> Anatomy:
    """The patient as it lies; with an ``error`` to draw, registered by a vertebra to what it was.

    The plan is then made on the anatomy as it was scanned or built.
    """
    from needle_sim.anatomy.posing.lying import posed

    if error is None:
        return posed(anatomy, posture, phase=phase)
    found = posed(anatomy, posture, phase=phase, held=vertebra or None, rng=error)
    text = (
        "planned on the anatomy as it was scanned or built; the patient lies otherwise, and is "
        f"registered by {vertebra or 'its lowest vertebra'}"
    )
    return replace(found, notes=(*found.notes, Note("", "posture", "", text)))


def phantom_of(name: str, seed: int | None) -> Anatomy:
    """A shipped phantom, varied by a seed."""
    from needle_sim.anatomy.phantom.build import build_phantom

    return build_phantom(name, seed=seed)


def anatomy_of_ct(
    ct: Volume, labels: Volume | None, recipe: Procedure, level: str, target_mm: ArrayLike | None
) -> Anatomy:
    """A CT with its labels, fitted about the vertebrae that a level needs or about a point.

    A level that the CT does not hold is refused with those of this procedure that it does.
    """
    from needle_sim.anatomy.fit import anatomy_from_ct
    from needle_sim.anatomy.labelled import UnfitError

    if labels is None:
        return anatomy_from_ct(ct, None)
    if target_mm is not None:
        return anatomy_from_ct(ct, labels, near_mm=target_mm)
    spine = _spine_of(labels)
    needed = recipe.needed(level, spine)
    try:
        return anatomy_from_ct(ct, labels, vertebrae=needed)
    except UnfitError as error:
        levels = recipe.levels_of(spine)
        here = [one for one in levels if set(recipe.needed(one, spine)) <= set(error.whole)]
        raise InputError(
            f"{error.fault}, and {recipe.name} at {level} needs "
            f"{' and '.join(needed)}: on this CT it can be done at "
            f"{', '.join(here) or 'no level'}; for {level} take a CT that holds {error.name} whole"
        ) from error


def _spine_of(labels: Volume) -> tuple[str, ...]:
    """The usual vertebrae, and what the labels show to be otherwise in this patient."""
    here = {
        name for name in ("T13", "L4", "L5", "L6", "S1", "sacrum")
        if (labels.array == COLUMN_NUMBERS[name]).any()
    }  # fmt: skip
    four = "L4" in here and "L5" not in here and bool(here & {"S1", "sacrum"})
    return in_order({*USUAL, *(here & {"T13", "L6"})} - ({"L5"} if four else set()))


def reference_of(anatomy: Anatomy, target: Target) -> str:
    """The vertebra whose endplate squares the views: the target's, or the nearest one known."""
    if target.vertebra or not anatomy.bodies:
        return target.vertebra

    def away(name: str) -> float:
        return float(np.linalg.norm(anatomy.bodies[name].matrix[:3, 3] - target.centre_mm))

    return min(anatomy.bodies, key=away)


def check_neighbours(anatomy: Anatomy, level: str, upper: str, lower: str) -> None:
    """Refuse a level whose two vertebrae have another between them, as L5-S1 over an L6."""
    known = in_order(anatomy.bodies)
    if upper not in known or lower not in known:
        return
    between = known[known.index(upper) + 1 : known.index(lower)]
    if between:
        raise InputError(
            f"{level} is no place here: {', '.join(between)} lies between {upper} and {lower}; "
            "count the vertebrae on a picture of the whole spine and take a level above"
        )


def target_of(
    recipe: Procedure, anatomy: Anatomy, level: str, side: str, target_mm: ArrayLike | None
) -> Target:
    """Where the recipe goes at a level and side, or a bare point (3,)."""
    way = recipe.approach.oblique_deg, recipe.approach.tilt_deg
    if target_mm is not None:
        angles = recipe_angles(anatomy, "", side, *way)
        return point_target(anatomy, target_mm, -towards_detector(*angles), side)
    upper, lower = recipe.vertebrae(level, anatomy.bodies)
    check_neighbours(anatomy, level, upper, lower)
    lacking = [one for one in recipe.needed(level, anatomy.bodies) if one not in anatomy.bodies]
    if lacking and anatomy.bodies:
        raise InputError(
            f"{anatomy.name} has no {' and no '.join(lacking)}, which {recipe.name} at {level} "
            f"needs: here it can be done at {', '.join(recipe.levels_of(anatomy.bodies))}"
        )
    angles = recipe_angles(anatomy, recipe.vertebra(level, anatomy.bodies), side, *way)
    return aim(
        anatomy, recipe.target, level=level, upper=upper, lower=lower, side=side,
        towards=-towards_detector(*angles),
    )  # fmt: skip
