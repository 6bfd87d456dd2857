"""`pose`: the named views of the lumbar spine, the probe on the skin over their landmarks.

Long-axis views have the marker cranial, transverse ones to the patient's left; the marker is drawn
at the picture's left.

References
----------
Karmakar and Chin, Spinal sonography and applications of ultrasound for central neuraxial blocks
(NYSORA); Grau et al. and the VSpine course of the University of Toronto: the paramedian probe lies
over the laminae and is angled slightly towards the midline; posterior and anterior dura between a
saw-tooth of laminae. PMC5406087, figure 2: medial branch in short axis at the angle between
superior articular and transverse process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import ORDER, USUAL, can_touch
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import Transform, unit
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.seating import HEAD, LEFT, POSTERIOR, on_skin, rocked
from needle_sim.imaging.ultrasound.touch import pressed
from needle_sim.imaging.ultrasound.windows import widest_way, widest_window
from needle_sim.presets import nearest

Field = NDArray[np.float64]
LEVELS = ORDER[ORDER.index("T12") :]
_AIM_SIDES_MM = (2.0, 4.0)
"""How far to its own side a paramedian beam meets the canal, so that it crosses the laminae and not
the spinous processes (proposed)."""
_INWARDS_DEG = (8.0, 12.0, 16.0, 20.0)
"""Tilt of a paramedian probe towards the midline, "slightly" in the texts (proposed)."""
_ROCKS_DEG = tuple(range(-24, 25, 4))
_CEPHALAD_DEG = tuple(range(-25, 26, 5))
_ASIDE_DEG, _ASIDE_COST = (0.0, -7.0, 7.0, -14.0, 14.0), 6.0
"""Where no tilt on the midline passes the spinous processes, a transverse probe slides aside and
looks back at the midline: the angle, and what a degree of it costs in degrees of tilt
(proposed)."""
_ALA_MM = 10.0  # lateral of the groove on the sacrum: on its ala (proposed)
_TP_SHARE = 0.55  # of the way from the root of a transverse process to its tip (proposed)


@dataclass(frozen=True, slots=True)
class View:
    """A named view of the spine: title, what it takes as a level, how it is placed, and at what."""

    title: str
    takes: Literal["interspace", "vertebra", "either"]
    midline: bool
    place: Callable[[Anatomy, str, str, Field | None], Transform]
    named_after: Callable[[Anatomy, str, str], dict[str, Field]]


def pose(
    anatomy: Anatomy,
    name: str,
    *,
    level: str,
    side: str | None = None,
    target_mm: ArrayLike | None = None,
    probe: Probe | None = None,
) -> Transform:
    """``patient_from_probe`` of a named view, the middle of the probe's face on the skin.

    Parameters
    ----------
    name : str
        ``"paramedian_sagittal_oblique"``: long axis, over the laminae of ``side``, tilted to the
        midline, through the widest interlaminar gap onto the dura.
        ``"transverse_interlaminar"``: short axis on the midline, tilted to the head or the feet
        until neither lamina nor spinous process hides the canal; beside the midline, and turned
        back to it, where none does.
        ``"transverse_process"``: long axis over the transverse processes of ``side``, the trident.
        ``"transverse_sap_tp"``: short axis through the angle between superior articular and
        transverse process of a vertebra, where a medial branch lies.
    level : str
        An interspace, upper and lower vertebra (``"L3-L4"``); the transverse process views take a
        vertebra (``"L4"``) too, `transverse_sap_tp` only that.
    side : str
        ``"left"`` or ``"right"``; a view on the midline needs none.
    target_mm : (3,) array, optional
        A point of the patient, LPS, that the middle of the beam meets in place of the landmark.
    probe : Probe, optional
        Pressed in, by up to 8 mm, as far as its face gains contact along its length.

    Raises
    ------
    InputError
        Unknown view or level, a vertebra that the anatomy lacks, or skin outside the volume.
    """
    chosen = ("left" if name in VIEWS and VIEWS[name].midline else "") if side is None else side
    check_view(name, level, chosen)
    target = (
        None
        if target_mm is None
        else as_points(np.atleast_2d(np.asarray(target_mm)), "target_mm")[0]
    )
    seat = VIEWS[name].place(anatomy, level, chosen, target)
    return seat if probe is None else pressed(anatomy, seat, probe)


def check_view(name: str, level: str, side: str) -> tuple[str, ...]:
    """The vertebrae that a view needs; `InputError` for an unknown view, level or side."""
    if name not in VIEWS:
        raise InputError(f"there is no ultrasound view {name!r}{nearest(name, VIEWS)}")
    if side not in ("left", "right"):
        raise InputError(f"side must be left or right, got {side!r}")
    return vertebrae_of(level, VIEWS[name].takes)


def named_after(anatomy: Anatomy, name: str, *, level: str, side: str) -> dict[str, Field]:
    """Places (3,) that a view should show, by what they are called: the canal, each process."""
    check_view(name, level, side)
    return VIEWS[name].named_after(anatomy, level, side)


def vertebrae_of(level: str, takes: str) -> tuple[str, ...]:
    """Vertebrae of a level, upper first; ``takes`` is *interspace*, *vertebra* or *either*.

    Raises
    ------
    InputError
        No such level; a single vertebra where an interspace is needed names both around it.
    """
    upper, dash, lower = level.partition("-")
    usual = [one for one in USUAL if one in LEVELS]
    pairs = [f"{a}-{b}" for a, b in pairwise(usual)]
    if dash and not (upper in LEVELS and can_touch(upper, lower)):
        raise InputError(f"there is no interspace {level!r}{nearest(level, pairs)}")
    if not dash and level not in LEVELS:
        raise InputError(f"there is no level {level!r}{nearest(level, (*LEVELS, *pairs))}")
    if not dash and takes == "interspace":
        both = " or ".join(pair for pair in pairs if level in pair.split("-"))
        raise InputError(f"this view looks between two vertebrae, not at {level}: give {both}")
    if dash and takes == "vertebra":
        raise InputError(f"this view looks at one vertebra: give {upper} or {lower}, not {level}")
    return (upper, lower) if dash else (level,)


def _paramedian(anatomy: Anatomy, level: str, side: str, target: Field | None) -> Transform:
    upper, lower = vertebrae_of(level, "interspace")
    middle = _canal(anatomy, upper, lower)
    left, ventral = _turn_of(anatomy, upper, lower)
    out = left if side == "left" else -left
    aims = np.concatenate([middle + far * out for far in _AIM_SIDES_MM])
    aims = aims if target is None else target[None]
    along = _spine_axis(anatomy, upper, lower)
    inwards = rocked(anatomy, aims.mean(axis=0), ventral, along)
    turns = [(tilt, rock) for tilt in _INWARDS_DEG for rock in _ROCKS_DEG]
    beams = [_turned(_turned(inwards, -out, tilt), along, rock) for tilt, rock in turns]
    cost = [abs(rock) + 0.2 * tilt for tilt, rock in turns]
    best = widest_way(anatomy, aims, np.array(beams), np.array(cost))
    return on_skin(anatomy, best.aim_mm, best.beam, along)


def _interlaminar(anatomy: Anatomy, level: str, side: str, target: Field | None) -> Transform:
    upper, lower = vertebrae_of(level, "interspace")
    heights = _canal(anatomy, upper, lower) if target is None else target[None]
    left, ventral = _turn_of(anatomy, upper, lower)
    turns = [(tilt, aside) for aside in _ASIDE_DEG for tilt in _CEPHALAD_DEG]
    beams = np.array([_turned(_turned(ventral, left, aside), HEAD, tilt) for tilt, aside in turns])
    cost = np.array([abs(tilt) + _ASIDE_COST * abs(aside) for tilt, aside in turns])
    best = widest_window(anatomy, heights, beams, cost, across=left)
    return on_skin(anatomy, best.aim_mm, best.beam, left)


def _transverse_process(anatomy: Anatomy, level: str, side: str, target: Field | None) -> Transform:
    chosen = vertebrae_of(level, "either")
    places = np.stack([_process(anatomy, one, side) for one in chosen])
    straight = len(places) == 1 or chosen[-1] == "S1"  # the ala stands behind the processes
    along = HEAD if straight else unit(places[0] - places[1])
    aim = places.mean(axis=0) if target is None else target
    return on_skin(anatomy, aim, rocked(anatomy, aim, -POSTERIOR, along), along)


def _sap_tp(anatomy: Anatomy, level: str, side: str, target: Field | None) -> Transform:
    (vertebra,) = vertebrae_of(level, "vertebra")
    junction = _landmark(anatomy, vertebra, f"{side} sap_tp_junction")
    left, ventral = _turn_of(anatomy, vertebra)
    return on_skin(anatomy, junction if target is None else target, ventral, left)


def _the_canal(anatomy: Anatomy, level: str, side: str) -> dict[str, Field]:
    return {f"{level} canal": _canal(anatomy, *vertebrae_of(level, "interspace")).mean(axis=0)}


def _the_processes(anatomy: Anatomy, level: str, side: str) -> dict[str, Field]:
    return {
        f"{one} {side} {'ala' if one == 'S1' else 'transverse process'}": _process(
            anatomy, one, side
        )
        for one in vertebrae_of(level, "either")
    }


def _the_angle(anatomy: Anatomy, level: str, side: str) -> dict[str, Field]:
    (vertebra,) = vertebrae_of(level, "vertebra")
    at = _landmark(anatomy, vertebra, f"{side} sap_tp_junction")
    return {f"{vertebra} {side} SAP/TP angle": at}


VIEWS = {
    "paramedian_sagittal_oblique": View(
        "Paramedian sagittal oblique", "interspace", False, _paramedian, _the_canal
    ),
    "transverse_interlaminar": View(
        "Transverse interlaminar", "interspace", True, _interlaminar, _the_canal
    ),
    "transverse_process": View(
        "Transverse process", "either", False, _transverse_process, _the_processes
    ),
    "transverse_sap_tp": View(
        "Transverse at the SAP/TP angle", "vertebra", False, _sap_tp, _the_angle
    ),
}


def _landmark(anatomy: Anatomy, vertebra: str, name: str) -> Field:
    """A landmark (3,) of a vertebra that must be there; the message names the vertebra."""
    if vertebra not in anatomy.bodies:
        known = ", ".join(anatomy.bodies) or "none"
        raise InputError(
            f"{anatomy.name} has no landmarks of {vertebra}, it is missing or cut; vertebrae there "
            f"are {known}: choose a level between them"
        )
    return anatomy.landmark(f"{vertebra} {name}")


def _canal(anatomy: Anatomy, upper: str, lower: str) -> Field:
    """Points (N, 3) along the canal from the pedicles above an interspace to those below it."""
    ends = [_landmark(anatomy, one, "canal_centre") for one in (upper, lower)]
    share = np.linspace(0.3, 0.95, 14)[:, None]
    return np.asarray((1 - share) * ends[0] + share * ends[1])


def _turn_of(anatomy: Anatomy, *vertebrae: str) -> tuple[Field, Field]:
    """Left and ventral (3,) of vertebrae that are turned about the patient's long axis, level."""
    x, y, _ = np.sum([anatomy.body(one).matrix[:3, 0] for one in vertebrae], axis=0)
    left = unit([x, y, 0.0])
    return left, np.cross(left, HEAD)


def _spine_axis(anatomy: Anatomy, upper: str, lower: str) -> Field:
    ends = [_landmark(anatomy, one, "canal_centre") for one in (upper, lower)]
    return unit(ends[0] - ends[1])


def _process(anatomy: Anatomy, vertebra: str, side: str) -> Field:
    """On the transverse process; on the sacrum the ala, beside the joint."""
    root = _landmark(anatomy, vertebra, f"{side} sap_tp_junction")
    if vertebra == "S1":
        return root + _ALA_MM * (LEFT if side == "left" else -LEFT)
    return root + _TP_SHARE * (_landmark(anatomy, vertebra, f"{side} tp_tip") - root)


def _turned(direction: Field, towards: Field, degrees: float) -> Field:
    """A direction (3,) turned towards another by an angle."""
    across = unit(towards - (towards @ direction) * direction)
    angle = np.radians(degrees)
    return np.asarray(np.cos(angle) * direction + np.sin(angle) * across)
