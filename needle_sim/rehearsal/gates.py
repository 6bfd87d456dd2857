"""Gates: what must hold, or there is no total, whatever else was good."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.numbering import USUAL
from needle_sim.anatomy.shipped_targets import vertebrae_of
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.target_rule import aim
from needle_sim.errors import InputError
from needle_sim.rehearsal.metric import Attempted, Metric
from needle_sim.rehearsal.narrow import narrow_said, sac_mm2
from needle_sim.rehearsal.record import Event, Record

_HAZARDS = {"dura": "dura", "root": "nerve root", "vessel": "vessel"}
_LIVE = ("live", "dsa")
_BAD = ("vascular", "intrathecal")
_MOVES = ("insert", "advance", "withdraw", "angle", "redirect")


def gates(attempted: Attempted) -> tuple[Metric, ...]:
    """Every gate of an attempt, in the order an operator meets them."""
    record = attempted.record
    if record is not None and record.abort is not None and record.placed is None:
        return ()
    by_hand = record is not None and (record.events or record.allowed_s is not None)
    if record is not None and by_hand and record.placed is None:
        return (_gate("needle placed", 0.0, "", "at least 1", False, "no needle was inserted"),)
    if record is None or record.placed is None:
        why = "no path keeps the margins of the procedure; nothing was inserted or heated"
        return (_gate("safe path", 0.0, "", "at least 1", False, why),)
    found = [
        *_wide_enough(attempted, record),
        *_treated(attempted, record),
        *_right_place(attempted, record),
        *_untouched(attempted, record),
        *_depth_view(attempted, record),
        *_injections(record),
        *_cool_roots(attempted),
    ]
    return tuple(found)


def _gate(
    name: str,
    value: float | None,
    unit: str,
    limit: str,
    passed: bool | None,
    reason: str,
    event: Event | None = None,
) -> Metric:
    time_s = None if event is None else event.t_s
    return Metric(name, value, unit, limit, passed, reason, time_s, rank="gate")


def _wide_enough(attempted: Attempted, record: Record) -> Iterator[Metric]:
    """Where the canal is severely narrow another level is taken, or the attempt given up."""
    recipe, target = attempted.procedure, attempted.target
    least = recipe.limits.sac_mm2
    area = None if least is None else sac_mm2(attempted.anatomy, target.level)
    if area is None or least is None or (record.abort is not None and not record.of("inject")):
        return
    why = narrow_said(recipe, attempted.anatomy, target)
    why = why or f"the dural sac has {area:.0f} mm2 at {target.level}"
    yield _gate("canal wide enough", area, "mm2", f">= {least:g}", area >= least, why)


def _treated(attempted: Attempted, record: Record) -> Iterator[Metric]:
    """What the procedure is for was done; to stop before is to give up, and says why."""
    asked = {step.do for step in attempted.procedure.steps}
    wanted = next((do for do in ("heat", "inject") if do in asked), None)
    if wanted is None or record.abort is not None:
        return
    agents = {step.agent for step in attempted.procedure.steps if step.do == wanted}
    given = [event for _, event in record.of(wanted)]
    done = next((one for one in given if one.detail.get("agent") in (None, *agents)), None)
    why = f"{_GIVEN[wanted]} was given"
    if done is None and given:
        ordered = " or ".join(sorted(str(agent) for agent in agents))
        why = f"{given[-1].detail['agent']} was given, the order says {ordered}"
    elif done is None:
        what = _GIVEN[wanted].removeprefix("the ")
        why = f"the needle was placed, but no {what} was given: nothing was treated"
    yield _gate("treatment given", None, "", wanted, done is not None, why, done)


def _right_place(attempted: Attempted, record: Record) -> Iterator[Metric]:
    """Wherever a drug or heat was given, the ordered level and side is the nearest one."""
    target = attempted.target
    if target.kind == "point" or record.placed is None:
        return
    others = tuple(_others(attempted))
    given = [event for _, event in record.of("inject", "heat") if "tip_mm" in event.detail]
    tips = [(event, np.array(event.detail["tip_mm"])) for event in given]
    left = [(None, record.placed.trajectory.tip_mm)]
    found = [_nearest(attempted, record, others, *one) for one in tips or left]
    yield next((one for one in found if not one.passed), found[-1])


def _nearest(
    attempted: Attempted,
    record: Record,
    others: tuple[Target, ...],
    event: Event | None,
    tip: NDArray[np.float64],
) -> Metric:
    """Of the place of one event, or of the needle as it was left."""
    target = attempted.target
    own = float(np.linalg.norm(tip - target.centre_mm))
    apart = [float(np.linalg.norm(tip - one.centre_mm)) for one in others]
    nearer = int(np.argmin(apart)) if apart and min(apart) < own else None
    said = f"{target.side} {target.level}"
    far = own > _limits()["place_mm"]
    where = "the tip lies" if event is None else f"{_GIVEN[event.do]} was given with the tip"
    why, right = f"{where} {own:.1f} mm from the ordered {said}", nearer is None and not far
    if not right and record.abort is not None and not record.of("inject", "heat"):
        right, why = True, f"{why}; it was given up before anything was given"
    elif nearer is not None:
        why += f", but {apart[nearer]:.1f} mm from {others[nearer].side} {others[nearer].level}"
    elif far:
        why += ", at no target at all"
    if record.declared not in (None, said):
        right, why = False, f"{record.declared} was declared, the order says {said}"
    limit = f"nearest, within {_limits()['place_mm']:g} mm"
    return _gate("right level and side", own, "mm", limit, right, why, event)


@cache
def _limits() -> dict[str, float]:
    limits: dict[str, float] = presets.plain(presets.table("scoring", "gates"))
    return limits


_GIVEN = {"inject": "the drug", "heat": "heat"}


def _others(attempted: Attempted) -> Iterator[Target]:
    """The same target at every other level and side that this anatomy has."""
    recipe, target = attempted.procedure, attempted.target
    spine = tuple(attempted.anatomy.bodies) or USUAL
    for level in recipe.levels_of(spine):
        upper, lower = vertebrae_of(level, recipe.place, spine)
        for side in ("left", "right"):
            if (level, side) == (target.level, target.side):
                continue
            rule = recipe.target
            try:
                yield aim(
                    attempted.anatomy, rule, level=level, upper=upper, lower=lower, side=side,
                    towards=target.approach,
                )  # fmt: skip
            except InputError:  # a level that this CT does not hold
                continue


def _untouched(attempted: Attempted, record: Record) -> Iterator[Metric]:
    kinds = {name: one.kind for name, one in attempted.anatomy.structures.items()}
    for kind, said in _HAZARDS.items():
        away = [gap for name, gap in record.clearance_mm.items() if kinds.get(name) == kind]
        least = min(away) if away else None
        known = attempted.hazards_known
        passed = None if not known else (least is None or least > 0)
        why = f"no {said} within reach of the needle"
        if not known:
            why = f"the {said} is unknown in a CT without labels"
        elif least is not None:
            why = f"the needle's surface keeps {least:.1f} mm from the nearest {said}"
            why = why if least > 0 else f"the needle enters the {said} by {-least:.1f} mm"
        yield _gate(f"{said} untouched", least, "mm", "> 0", passed, why)


def _depth_view(attempted: Attempted, record: Record) -> Iterator[Metric]:
    danger = attempted.procedure.danger
    if danger is None or record.danger_mm is None:
        return
    title = next(one.title for one in attempted.procedure.views if one.name == danger.view)
    limit = f"{title.lower()} by {record.danger_mm:.0f} mm"
    seen: float | None = None
    dangers, watched = record.dangers_mm, False
    for event in record.events:
        if event.do in ("insert", "redirect"):
            seen = None
        deep = dangers.get(event.needle_pass) or record.danger_mm
        past = event.depth_mm > deep + 0.05
        near = event.depth_mm >= deep - _limits()["depth_check_mm"]
        if event.do == "view" and event.detail.get("view") == danger.view and near and not past:
            seen = event.depth_mm
        if event.do == "view" and event.detail.get("live"):
            watched = event.detail.get("view") == danger.view
        watched = watched and event.do != "fluoro"
        if event.do == "advance" and watched:
            seen = min(event.depth_mm, deep)
        if event.do == "advance" and past and seen is None:
            why = (
                f"the needle went to {event.depth_mm:.0f} mm, past the danger depth of "
                f"{deep:.0f} mm, without the {title.lower()} view "
                f"in the last {_limits()['depth_check_mm']:.0f} mm before it: {danger.why}"
            )
            yield _gate("depth view before danger", event.depth_mm, "mm", limit, False, why, event)
            return
    why = f"the depth was checked on the {title.lower()} view before {record.danger_mm:.0f} mm"
    if seen is None:
        why = f"the needle never went past the danger depth of {record.danger_mm:.0f} mm"
    yield _gate("depth view before danger", seen, "mm", limit, True, why)


def _injections(record: Record) -> Iterator[Metric]:
    """Live contrast since the last move of the tip, and no vascular or intrathecal pattern."""
    live: Event | None = None
    for event in record.events:
        if event.do in _MOVES:
            live = None
        if event.do == "contrast" and event.detail["mode"] in _LIVE:
            live = event if event.detail.get("seen") is not None else None
        if event.do != "inject":
            continue
        why = "live contrast was seen since the tip last moved"
        if live is None:
            why = "a drug was injected, and no live contrast seen since the tip last moved"
        yield _gate(
            "live contrast before injection", None, "", "live or DSA", live is not None, why, event
        )
        pattern = str(event.detail["pattern"])
        bad = pattern in _BAD
        said = pattern.replace("_", "-")
        why = f"the drug went into {_WHERE.get(pattern, said)}"
        yield _gate(
            "no drug into vessel or sac", None, "", "neither", not bad, why, event
        )  # fmt: skip


_WHERE = {
    "vascular": "a vessel",
    "intrathecal": "the dural sac",
    "epidural": "the epidural space",
    "intra_articular": "the joint",
    "intradiscal": "the disc",
    "soft_tissue": "soft tissue",
    "nerve": "a nerve",
}


def _cool_roots(attempted: Attempted) -> Iterator[Metric]:
    limit = attempted.procedure.limits.root_c
    if attempted.lesion is None or limit is None:
        return
    kinds = {name: one.kind for name, one in attempted.anatomy.structures.items()}
    hottest = attempted.temperature_max_c
    roots = [peak for name, peak in hottest.items() if kinds.get(name) == "root"]
    worst = max(roots) if roots else None
    known = attempted.hazards_known
    cool = None if not known else (worst is None or worst <= limit)
    unknown = "no root within reach" if known else "no root is known in this CT"
    why = unknown if worst is None else f"the hottest point of a root reached {worst:.1f} °C"
    yield _gate("hottest root", worst, "°C", f"<= {limit:g}", cool, why)
