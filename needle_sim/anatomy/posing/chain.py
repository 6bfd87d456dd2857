"""`chain`: the rigid motion of each vertebra, disc by disc, in a posture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import in_order, rank
from needle_sim.anatomy.posing.posture import Posture, Registration
from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform, unit
from needle_sim.presets import nearest

STILL = Transform(np.eye(4), target=PATIENT, source=PATIENT)


def chain(
    anatomy: Anatomy,
    posture: Posture,
    *,
    share: float = 0.0,
    held: str | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, Transform]:
    """Where each vertebra goes, from the top: maps of the patient onto the patient.

    Parameters
    ----------
    anatomy : Anatomy
        With bodies; without any, only ``""`` is found: the registration error of the whole.
    posture : Posture
    share : float
        How far breathed in, 0 to 1.
    held : str, optional
        The vertebra that stays where it is, but for breath and registration; by default the lowest.
    rng : numpy Generator, optional
        Draws the registration error; without it there is none.

    Raises
    ------
    InputError
        ``held`` is no vertebra of this anatomy.
    """
    levels = in_order(anatomy.bodies)
    if held is not None and held not in levels:
        raise InputError(f"{anatomy.name} has no vertebra {held} to hold{nearest(held, levels)}")
    breath = posture.breathing
    lift = share * np.array([0.0, breath.spine_dorsal_mm, -breath.spine_caudal_mm])
    middle = anatomy.ct.centre_mm
    if levels:
        middle = np.mean([anatomy.bodies[one].matrix[:3, 3] for one in levels], axis=0)
    whole = shifted(lift)
    if rng is not None:
        whole = drawn(posture.registration, middle, rng) @ whole
    if not levels:
        return {"": whole}
    found = {levels[-1]: STILL}
    for lower, upper in pairwise(levels[::-1]):
        turn = posture.turn_deg(upper, lower) * (not rodded(anatomy, upper, lower))
        found[upper] = found[lower] @ about_disc(anatomy, upper, lower, turn)
    back = whole @ found[held or levels[-1]].inverse()
    return {one: back @ found[one] for one in levels}


def rodded(anatomy: Anatomy, upper: str, lower: str) -> bool:
    """Whether a rod (a bone named ``"L4-S1 left rod"``) holds two neighbours together."""
    for name in anatomy.bones:
        first, dash, last = name.partition(" ")[0].partition("-")
        if dash and name.endswith("rod") and rank(first) <= rank(upper) < rank(lower) <= rank(last):
            return True
    return False


def shifted(by_mm: NDArray[np.float64]) -> Transform:
    """A shift (3,) of the patient."""
    matrix = np.eye(4)
    matrix[:3, 3] = by_mm
    return Transform(matrix, target=PATIENT, source=PATIENT)


def turned(turn: Rotation, centre_mm: NDArray[np.float64]) -> Transform:
    """A turn about a point (3,)."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix()
    matrix[:3, 3] = centre_mm - matrix[:3, :3] @ centre_mm
    return Transform(matrix, target=PATIENT, source=PATIENT)


def drawn(
    registration: Registration, middle_mm: NDArray[np.float64], rng: np.random.Generator
) -> Transform:
    """A registration error about a point (3,): three turns, then three shifts are drawn."""
    turn = Rotation.from_rotvec(rng.normal(0.0, 1.0, 3) * registration.turn_deg, degrees=True)
    return shifted(rng.normal(0.0, 1.0, 3) * registration.shift_mm) @ turned(turn, middle_mm)


def about_disc(
    anatomy: Anatomy, upper: str, lower: str, turn_deg: NDArray[np.float64]
) -> Transform:
    """The turn (3,) of a disc about its middle; see `DiscTurn`."""
    if not turn_deg.any():
        return STILL
    axes = [anatomy.bodies[one].matrix[:3, :3] for one in (upper, lower)]
    up = unit(axes[0][:, 2] + axes[1][:, 2])
    left = axes[0][:, 0] + axes[1][:, 0]
    left = unit(left - up * (up @ left))
    frame = np.stack([left, np.cross(up, left), up], axis=1)
    turn = Rotation.from_rotvec(frame @ turn_deg, degrees=True)
    return turned(turn, disc_middle_mm(anatomy, upper, lower))


def disc_middle_mm(anatomy: Anatomy, upper: str, lower: str) -> NDArray[np.float64]:
    """Middle (3,) between the endplates of neighbours; between their bodies where none are known.

    Where vertebrae between them are not known, that is about the middle of the stretch.
    """
    ends = f"{upper} inferior_endplate_centre", f"{lower} superior_endplate_centre"
    if all(name in anatomy.landmarks_mm for name in ends):
        return np.asarray(np.mean([anatomy.landmarks_mm[name] for name in ends], axis=0))
    return np.asarray(
        np.mean([anatomy.bodies[one].matrix[:3, 3] for one in (upper, lower)], axis=0)
    )
