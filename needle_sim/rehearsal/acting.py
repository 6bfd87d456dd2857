"""What each act of a rehearsal does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.sequence import Mode
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.planner import Plan
from needle_sim.planning.sightline import towards_detector
from needle_sim.procedures.procedure import ViewRecipe
from needle_sim.rehearsal.attempt import Way
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.rehearsal.in_hand import SKIN_MM
from needle_sim.rehearsal.judging import judged
from needle_sim.rehearsal.record import Shot
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.protocol import Protocol

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram
    from needle_sim.rehearsal.rehearsal import Rehearsal

_SKIN_OFF_MM = 4.0
_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}
_SEEN = {
    None: "no contrast is seen",
    "contrast": "contrast that stays",
    "vascular": "it runs off: a vascular pattern",
    "intrathecal": "it mixes with CSF: an intrathecal pattern",
}
_ASPIRATED = {"clear": "aspiration is clear", "blood": "blood", "csf": "clear fluid: CSF"}


def _noted(it: Rehearsal, do: str, said: str, **more: Any) -> None:
    it.said = said
    hand = it.hand
    it.book.note(do, said, it.t_s, depth_mm=hand.depth_mm, needle_pass=hand.needle_pass, **more)


def _placed(it: Rehearsal) -> PlacedNeedle:
    placed = it.hand.placed()
    if placed is None:
        raise InputError("no needle is in the patient: mark the skin and insert one first")
    return placed


def _open(it: Rehearsal, what: str) -> PlacedNeedle:
    placed = _placed(it)
    if it.hand.stylet_in:
        raise InputError(f"the stylet is in: take it out before you {what}")
    return placed


def _declare(it: Rehearsal, procedure: str, level: str, side: str) -> None:
    if it.hand.needle_pass:
        raise InputError("a needle was inserted already: declare before the first one")
    if procedure != it.recipe.name:
        raise InputError(f"the order is {it.recipe.name}, not {procedure}: begin that one instead")
    it.declared = f"{side} {level}"
    it.said = f"declared: {it.recipe.title}, {side} {level}"


def _carm(it: Rehearsal, orbital_deg: float, tilt_deg: float) -> None:
    it.scope.pose = replace(it.scope.pose, orbital_deg=orbital_deg, tilt_deg=tilt_deg)
    _moved(it, f"C-arm at orbital {orbital_deg:g}°, tilt {tilt_deg:g}°")


def _table(it: Rehearsal, x_mm: float, y_mm: float, z_mm: float) -> None:
    low, high = _box(it)
    point = np.array([x_mm, y_mm, z_mm])
    if not ((point >= low) & (point <= high)).all():
        raise InputError(
            f"the middle of the picture would leave the patient at {point.round(1).tolist()}: the "
            f"volume runs from {low.round().tolist()} to {high.round().tolist()} mm"
        )
    it.scope.pose = replace(it.scope.pose, isocentre_mm=(x_mm, y_mm, z_mm))
    _moved(it, "table moved")


def _box(it: Rehearsal) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    shape = np.array(it.anatomy.ct.shape) - 1
    corners = np.array(np.meshgrid(*[[0, n] for n in shape])).reshape(3, -1).T
    at = it.anatomy.ct.patient_from_voxel.apply(corners)
    return at.min(axis=0), at.max(axis=0)


def _collimate(it: Rehearsal, width_mm: float, height_mm: float) -> None:
    it.scope.pose = replace(it.scope.pose, width_mm=width_mm, height_mm=height_mm)
    _moved(it, f"collimated to {width_mm:.0f} x {height_mm:.0f} mm")


def _moved(it: Rehearsal, said: str) -> None:
    it.said = said
    if it.live_since_s is not None:
        _seen_live(it)


def _iodine(it: Rehearsal) -> Any:
    given = it.syringe.given
    return None if given is None else given.at(it.t_s - it.syringe.given_at_s)


def _shot(it: Rehearsal) -> None:
    if it.live_since_s is not None:
        raise InputError("live fluoroscopy is on: switch it off for a still picture")
    placed = it.hand.placed()
    made = it.scope.picture(placed, _iodine(it), it.noise())
    view = it.scope.view(placed)
    it.exposures += 1
    kap = 0.0
    if made is not None:
        kap = made.kap_ugy_m2
        it.picture = made
        it.kap_ugy_m2 += kap
        it.kerma_mgy += made.kerma_mgy
    name = None if view is None else view.name
    asked = name is not None and it.book.free(f"view {name}", it.book.view_quota(name))
    if made is not None:
        it.book.picture(view, _view(it, view, made, placed), asked=asked)
    said = f"{_title(view)} at {it.hand.depth_mm:.0f} mm" if placed is not None else _title(view)
    _noted(it, "view", said, kap=kap, required=asked, view=name)


def _title(view: ViewRecipe | None) -> str:
    return "a view of your own" if view is None else view.title


def _view(
    it: Rehearsal, view: ViewRecipe | None, made: Radiograph, placed: PlacedNeedle | None
) -> View:
    pose = it.scope.pose
    title = "Own view" if view is None else view.title
    depth = None if placed is None else it.hand.depth_mm
    return View("", title, made, pose.orbital_deg, pose.tilt_deg, None, depth)


def _live(it: Rehearsal, on: bool) -> None:
    running = it.live_since_s is not None
    if on == running:
        raise InputError(f"live fluoroscopy is {'on' if on else 'off'} already")
    if on:
        it.live_since_s, it.live_kap_from = it.t_s, it.kap_ugy_m2
        it.said = "live fluoroscopy"
        _seen_live(it)
        return
    seconds = it.t_s - float(it.live_since_s or 0.0)
    it.picture = it.live_picture()
    it.live_since_s = None
    kap = it.kap_ugy_m2 - it.live_kap_from
    _noted(it, "fluoro", f"live fluoroscopy, {seconds:.1f} s", kap=kap, required=False)


def _seen_live(it: Rehearsal) -> None:
    """Live pictures in a view of the recipe are that view."""
    view = it.scope.view(it.hand.placed())
    if view is not None:
        said = f"{view.title}, live, at {it.hand.depth_mm:.0f} mm"
        kept = it.said
        _noted(it, "view", said, required=True, view=view.name)
        it.said = kept


def live_for(it: Rehearsal, seconds: float) -> None:
    """Pulses of so many seconds."""
    pulses = seconds * rules()["pulses_s"]
    it.fluoro_s += seconds
    kap, kerma = it.scope.pulse()
    it.kap_ugy_m2 += pulses * kap
    it.kerma_mgy += pulses * kerma


def live_picture(it: Rehearsal, rng: np.random.Generator, coarse: int) -> Radiograph | None:
    """One pulse, as the screen shows it."""
    share = rules()["shown_share"]
    return it.scope.picture(it.hand.placed(), _iodine(it), rng, share=share, coarse=coarse)


def _probe(it: Rehearsal, name: str, matrix: Any) -> None:
    from needle_sim.imaging.ultrasound.probe import PROBE, Probe

    Probe.preset(name)
    Transform(np.array(matrix), target=PATIENT, source=PROBE)
    it.probe = (name, matrix)
    it.said = "probe on the skin"


def _probe_off(it: Rehearsal) -> None:
    it.probe = None
    it.said = "probe off"


def sonogram_of(it: Rehearsal, rng: np.random.Generator, slices: int) -> Sonogram:
    """The needle included."""
    from needle_sim.imaging.ultrasound.probe import PROBE, Probe
    from needle_sim.imaging.ultrasound.scan import sonogram

    if it.probe is None:
        raise InputError("no probe is on the skin: put one there first")
    name, matrix = it.probe
    placed = it.hand.placed()
    pose = Transform(np.array(matrix), target=PATIENT, source=PROBE)
    return sonogram(
        it.anatomy, Probe.preset(name), pose, needles=() if placed is None else (placed,),
        slices=slices, rng=rng,
    )  # fmt: skip


def _mark(it: Rehearsal, point_mm: tuple[float, float, float]) -> None:
    around = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)]) * _SKIN_OFF_MM
    body = it.anatomy.labels.sample(np.array(point_mm) + around, outside=0) != 0
    if body.all() or not body.any():
        where = "inside the body" if body.all() else "in the air"
        raise InputError(f"the mark would lie {where}: put it on the skin")
    it.mark_mm = point_mm
    it.said = "skin marked"


def _needle(it: Rehearsal, name: str) -> None:
    if it.hand.inside:
        raise InputError("a needle is in the patient: withdraw it before you take another")
    it.hand.needle = Needle.preset(name)
    it.needle_name = name
    it.said = f"{name} in hand"


def _ready(it: Rehearsal) -> None:
    if it.declared is None:
        raise InputError("declare procedure, level and side before the first needle (time-out)")


def _insert(it: Rehearsal) -> None:
    _ready(it)
    if it.mark_mm is None:
        raise InputError("mark the skin first: that is where the needle goes in")
    mark = np.array(it.mark_mm)
    it.hand.insert(mark, it.scope.carm.source_mm - mark)
    _inserted(it)


def _inserted(it: Rehearsal) -> None:
    said = f"{it.hand.needle.gauge} G needle through the skin"
    _noted(it, "insert", said)
    _danger(it)


def _danger(it: Rehearsal) -> None:
    """Depth from which the depth view is asked for, along the present heading."""
    hand, danger = it.hand, it.recipe.danger
    if danger is None or hand.entry_mm is None:
        return
    along = float((np.asarray(it.target.centre_mm) - hand.entry_mm) @ hand.axis)
    it.book.danger_mm[hand.needle_pass] = max(SKIN_MM, along - danger.before_target_mm)


def _angle(it: Rehearsal, orbital_deg: float, tilt_deg: float) -> None:
    it.hand.angle(-towards_detector(orbital_deg, tilt_deg))
    it.said = f"hub towards orbital {orbital_deg:.0f}°, tilt {tilt_deg:.0f}°"
    _danger(it)


def _needle_pose(it: Rehearsal, matrix: Any) -> None:
    _ready(it)
    was_in, before = it.hand.inside, it.hand.depth_mm
    redirected = it.hand.pose(matrix)
    if not it.hand.inside:
        if was_in:
            _noted(it, "withdraw", "the needle is out")
        it.said = "the needle is outside"
        return
    if not was_in:
        _inserted(it)
    elif redirected:
        _noted(it, "redirect", "aimed again", required=False)
    _danger(it)
    do = "advance" if it.hand.depth_mm >= before else "withdraw"
    _noted(it, do, f"at {it.hand.depth_mm:.0f} mm")


def _advance(it: Rehearsal, mm: float) -> None:
    redirected = it.hand.advance(mm)
    if redirected:
        _noted(it, "redirect", "withdrawn and aimed again", required=False)
        _danger(it)
    felt = it.hand.felt
    noticed = "" if felt is None or not felt.said else f": {', '.join(felt.said)}"
    _noted(it, "advance", f"at {it.hand.depth_mm:.1f} mm{noticed}")


def _withdraw(it: Rehearsal, mm: float) -> None:
    out = it.hand.withdraw(mm)
    _noted(it, "withdraw", "the needle is out" if out else f"at {it.hand.depth_mm:.1f} mm")


def _rotate(it: Rehearsal, deg: float) -> None:
    it.hand.rotate(deg)
    it.said = f"bevel at {it.hand.clock_deg:.0f}°"


def _stylet(it: Rehearsal, inside: bool) -> None:
    _placed(it)
    if inside == it.hand.stylet_in:
        raise InputError(f"the stylet is {'in' if inside else 'out'} already")
    it.hand.stylet_in = inside
    it.said = "stylet in" if inside else "stylet out"


def _aspirate(it: Rehearsal) -> None:
    found = it.syringe.aspirate(_open(it, "aspirate"))
    _noted(it, "aspirate", _ASPIRATED[found], found=found)


def _contrast(it: Rehearsal, agent: str, volume_ml: float, mode: Mode) -> None:
    placed = _open(it, "inject")
    given = it.syringe.contrast(placed, agent, volume_ml, it.t_s)
    run = it.scope.contrast(placed, given, mode, it.noise())
    seen: str | None = given.pattern if given.pattern in ("vascular", "intrathecal") else "contrast"
    kap = 0.0
    it.exposures += 1
    if run is not None:
        seen, kap = run.seen, run.kap_ugy_m2
        it.contrast_run, it.picture = run, run.frames[-1]
        it.kap_ugy_m2 += kap
        it.kerma_mgy += run.kerma_mgy
        it.t_s += run.times_s[-1]
    else:
        it.t_s += given.duration_s
    quota = sum(step.do == "contrast" for step in it.recipe.steps)
    asked = it.book.free("contrast", quota)
    view = it.scope.view(placed)
    title = f"Contrast, {_title(view)}, {_MODES[mode]}"
    it.book.shots.append(Shot(title, mode, given, run, seen))
    said = f"{volume_ml:g} mL contrast, {_MODES[mode]}: {_SEEN[seen]}"
    _noted(
        it, "contrast", said, kap=kap, required=asked, mode=mode, agent=agent,
        volume_ml=volume_ml, pattern=given.pattern, seen=seen,
        view=None if view is None else view.name,
    )  # fmt: skip


def _inject(it: Rehearsal, agent: str, volume_ml: float) -> None:
    placed = _open(it, "inject")
    pattern, seconds = it.syringe.inject(placed, agent, volume_ml)
    it.decisive = placed
    it.t_s += seconds
    said = f"{volume_ml:g} mL {agent} injected"
    _noted(it, "inject", said, agent=agent, volume_ml=volume_ml, pattern=pattern)


def _heat(it: Rehearsal) -> None:
    name = it.recipe.protocol
    if name is None:
        raise InputError(f"{it.recipe.name} does not heat: there is no protocol in it")
    if it.hand.inside and it.hand.needle.active_tip_mm <= 0:
        raise InputError(f"{it.needle_name} has no active tip: take an RF cannula")
    placed = _open(it, "put the electrode in")
    it.heated = it.attempt.heat(placed, watch=it.watch)
    it.decisive = placed
    it.t_s += Protocol.preset(name).total_s
    _noted(it, "heat", f"heated, {name}")


def _abort(it: Rehearsal, why: str) -> None:
    _ended(it)
    _noted(it, "abort", f"given up: {why}")
    it.outcome, it.abort_said = "aborted", why


def _finish(it: Rehearsal) -> None:
    _ended(it)
    it.outcome, it.said = "finished", "finished"


def _ended(it: Rehearsal) -> None:
    if it.live_since_s is not None:
        _live(it, on=False)


ACTING: Mapping[str, Callable[..., None]] = MappingProxyType(
    {
        "declare": _declare,
        "carm": _carm,
        "table": _table,
        "collimate": _collimate,
        "shot": _shot,
        "live": _live,
        "probe": _probe,
        "probe_off": _probe_off,
        "mark": _mark,
        "needle": _needle,
        "needle_pose": _needle_pose,
        "insert": _insert,
        "angle": _angle,
        "advance": _advance,
        "withdraw": _withdraw,
        "rotate": _rotate,
        "stylet": _stylet,
        "aspirate": _aspirate,
        "contrast": _contrast,
        "inject": _inject,
        "heat": _heat,
        "abort": _abort,
        "finish": _finish,
    }
)


def run_of(it: Rehearsal) -> Run:
    """The finished rehearsal as a run, scored by the same rules."""
    hand = it.hand
    placed = it.decisive or hand.placed() or _deepest(it)
    clear = hand.clearance_mm()
    record = it.book.record(
        placed, clear, abort=it.abort_said if it.outcome == "aborted" else None,
        declared=it.declared,
    )  # fmt: skip
    attempt = it.attempt
    approach, notes, steepest = attempt.approach()
    made = None if placed is None else Plan(it.target, (placed,), clear, 0)
    blocked = "no needle was inserted" if placed is None else None
    way = Way(made, blocked, notes, steepest, it.needle_name, approach)
    heat = (None, None, {}) if it.heated is None else it.heated
    return judged(attempt, it.seed, way, record, record.views, heat, (None, ()))


def _deepest(it: Rehearsal) -> PlacedNeedle | None:
    if not it.hand.headings:
        return None
    one = max(it.hand.headings, key=lambda heading: heading.deepest_mm)
    path = Trajectory.straight(one.entry_mm, one.entry_mm + one.deepest_mm * one.axis)
    return PlacedNeedle(it.hand.needle, path, it.hand.clock_deg)
