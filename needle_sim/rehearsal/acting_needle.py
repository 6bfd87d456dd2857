"""What a rehearsal's acts with the needle do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.planning.sightline import towards_detector
from needle_sim.rehearsal.acting_words import in_patient, noted
from needle_sim.rehearsal.in_hand import SKIN_MM

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

_STAR = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])
_SKIN_OFF_MM = (2.0, 4.0)


def mark(it: Rehearsal, point_mm: tuple[float, float, float]) -> None:
    labels = it.anatomy.labels
    around = np.array(point_mm) + np.concatenate([_STAR * off for off in _SKIN_OFF_MM])
    seen = around[labels.contains(around)]  # beyond the volume nothing is known
    body = labels.sample(seen, outside=0) != 0
    if not body.any() or body.all():
        where = "inside the body" if body.any() else "in the air"
        raise InputError(f"the mark would lie {where}: put it on the skin")
    it.mark_mm = point_mm
    it.said = "skin marked"


def needle(it: Rehearsal, name: str) -> None:
    if it.hand.inside:
        raise InputError("a needle is in the patient: withdraw it before you take another")
    it.hand.needle, it.hand.name = Needle.preset(name), name
    it.said = f"{name} in hand"


def _ready(it: Rehearsal) -> None:
    if it.declared is None:
        raise InputError("declare procedure, level and side before the first needle (time-out)")


def insert(it: Rehearsal) -> None:
    _ready(it)
    if it.mark_mm is None:
        raise InputError("mark the skin first: that is where the needle goes in")
    mark = np.array(it.mark_mm)
    it.hand.insert(mark, it.scope.carm.source_mm - mark)
    _inserted(it)


def _inserted(it: Rehearsal) -> None:
    said = f"{it.hand.needle.gauge} G needle through the skin"
    noted(it, "insert", said)
    _danger(it)


def _danger(it: Rehearsal) -> None:
    """Depth from which the depth view is asked for, along the present heading."""
    hand, danger = it.hand, it.recipe.danger
    if danger is None or hand.entry_mm is None or hand.redirected:
        return  # of a new way, once the needle goes on along it
    along = float((np.asarray(it.target.centre_mm) - hand.entry_mm) @ hand.axis)
    it.book.danger_mm[hand.needle_pass] = max(SKIN_MM, along - danger.before_target_mm)


def angle(it: Rehearsal, orbital_deg: float, tilt_deg: float) -> None:
    it.hand.angle(-towards_detector(orbital_deg, tilt_deg))
    noted(it, "angle", f"hub towards orbital {orbital_deg:.0f}°, tilt {tilt_deg:.0f}°")
    _danger(it)


def needle_pose(it: Rehearsal, matrix: Any) -> None:
    _ready(it)
    was_in, before = it.hand.inside, it.hand.depth_mm
    redirected = it.hand.pose(matrix)
    if not it.hand.inside:
        if was_in:
            noted(it, "withdraw", "the needle is out")
        it.said = "the needle is outside"
        return
    if not was_in:
        _inserted(it)
    elif redirected:
        noted(it, "redirect", "aimed again", required=False, depth_mm=before)
    _danger(it)
    do = "advance" if it.hand.depth_mm >= before else "withdraw"
    noted(it, do, f"at {it.hand.depth_mm:.1f} mm{_noticed(it)}")


def advance(it: Rehearsal, mm: float) -> None:
    before = it.hand.depth_mm
    if it.hand.advance(mm):
        said = "withdrawn and aimed again"
        noted(it, "redirect", said, required=False, depth_mm=before)
        _danger(it)
    noted(it, "advance", f"at {it.hand.depth_mm:.1f} mm{_noticed(it)}")


def _noticed(it: Rehearsal) -> str:
    felt = it.hand.felt
    return "" if felt is None or not felt.said else f": {', '.join(felt.said)}"


def withdraw(it: Rehearsal, mm: float) -> None:
    out = it.hand.withdraw(mm)
    noted(it, "withdraw", "the needle is out" if out else f"at {it.hand.depth_mm:.1f} mm")


def rotate(it: Rehearsal, deg: float) -> None:
    it.hand.rotate(deg)
    it.said = f"bevel at {it.hand.clock_deg:.0f}°"


def stylet(it: Rehearsal, inside: bool) -> None:
    in_patient(it)
    if inside == it.hand.stylet_in:
        raise InputError(f"the stylet is {'in' if inside else 'out'} already")
    it.hand.stylet_in = inside
    it.said = "stylet in" if inside else "stylet out"
