"""What a rehearsal's acts at the C-arm, the table and the probe do to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.tally import DoseTally, event_of
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.procedures.procedure import ViewRecipe
from needle_sim.rehearsal.acting_words import noted
from needle_sim.rehearsal.fluoroscope import rules
from needle_sim.rehearsal.in_hand import rigid_of
from needle_sim.rehearsal.suite import View

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram
    from needle_sim.rehearsal.rehearsal import Rehearsal


def carm(it: Rehearsal, orbital_deg: float, tilt_deg: float) -> None:
    it.scope.pose = replace(it.scope.pose, orbital_deg=orbital_deg, tilt_deg=tilt_deg)
    _moved(it, f"C-arm at orbital {orbital_deg:g}°, tilt {tilt_deg:g}°")


def table(it: Rehearsal, x_mm: float, y_mm: float, z_mm: float) -> None:
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


def collimate(it: Rehearsal, width_mm: float, height_mm: float) -> None:
    it.scope.pose = replace(it.scope.pose, width_mm=width_mm, height_mm=height_mm)
    _moved(it, f"collimated to {width_mm:.0f} x {height_mm:.0f} mm")


def _moved(it: Rehearsal, said: str) -> None:
    it.said = said
    if it.live_since_s is not None:
        it.scope.pulse()  # a field in which no exposure can be set is refused here
        _seen_live(it)


def _iodine(it: Rehearsal) -> Any:
    given = it.syringe.given
    return None if given is None else given.at(it.t_s - it.syringe.given_at_s)


def shot(it: Rehearsal) -> None:
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
        it.tally = it.tally.plus(event_of(made, start_s=it.t_s))
    name = None if view is None else view.name
    asked = name is not None and it.book.free(f"view {name}", it.book.view_quota(name))
    if made is not None:
        it.book.picture(view, _view(it, view, made, placed), asked=asked)
    said = (
        f"{view_title(view)} at {it.hand.depth_mm:.0f} mm"
        if placed is not None
        else view_title(view)
    )
    noted(it, "view", said, kap=kap, required=asked, view=name)


def view_title(view: ViewRecipe | None) -> str:
    return "a view of your own" if view is None else view.title


def _view(
    it: Rehearsal, view: ViewRecipe | None, made: Radiograph, placed: PlacedNeedle | None
) -> View:
    pose = it.scope.pose
    title = "Own view" if view is None else view.title
    depth = None if placed is None else it.hand.depth_mm
    return View("", title, made, pose.orbital_deg, pose.tilt_deg, None, depth)


def live(it: Rehearsal, on: bool) -> None:
    running = it.live_since_s is not None
    if on == running:
        raise InputError(f"live fluoroscopy is {'on' if on else 'off'} already")
    if on:
        it.scope.pulse()
        it.live_since_s, it.live_s, it.live_kap_ugy_m2 = it.t_s, 0.0, 0.0
        it.said = "live fluoroscopy"
        _seen_live(it)
        return
    pulse_s = 1.0 / rules()["pulses_s"]
    if it.live_s < pulse_s:  # a picture was seen: it costs a pulse, however short the pedal
        it.pass_time(it.t_s + pulse_s - it.live_s)
    it.picture = it.live_picture()
    it.live_since_s = None
    said = f"live fluoroscopy, {it.live_s:.1f} s"
    noted(it, "fluoro", said, kap=it.live_kap_ugy_m2, required=False)


def _seen_live(it: Rehearsal) -> None:
    """Live pictures in a view of the recipe are that view, until the C-arm leaves it."""
    view = it.scope.view(it.hand.placed())
    name = None if view is None else view.name
    said, kept = f"{view_title(view)}, live, at {it.hand.depth_mm:.0f} mm", it.said
    noted(it, "view", said, required=True, view=name, live=True)
    it.said = kept


def live_for(it: Rehearsal, seconds: float) -> None:
    """Pulses of so many seconds."""
    pulses = seconds * rules()["pulses_s"]
    kap, kerma = it.scope.pulse()
    it.fluoro_s += seconds
    it.live_s += seconds
    it.kap_ugy_m2 += pulses * kap
    it.live_kap_ugy_m2 += pulses * kap
    it.kerma_mgy += pulses * kerma
    _tally_live(it, pulses * kap, pulses * kerma)


def _tally_live(it: Rehearsal, kap: float, kerma: float) -> None:
    """What ran just now, as the same event for as long as the C-arm stands still."""
    if not kerma > 0:
        return
    last = it.tally.events[-1] if it.tally.events else None
    since = it.t_s if it.live_since_s is None else it.live_since_s
    begun = it.t_s
    if (
        last is not None
        and (last.kind, last.carm) == ("fluoroscopy", it.scope.carm)
        and last.start_s >= since
    ):
        kap, kerma, begun = kap + last.kap_ugy_m2, kerma + last.kerma_mgy, last.start_s
        it.tally = DoseTally(it.tally.events[:-1])
    it.tally = it.tally.plus(it.scope.fluoroscopy(kap, kerma, begun))


def live_picture(it: Rehearsal, rng: np.random.Generator, coarse: int) -> Radiograph | None:
    """One pulse, as the screen shows it."""
    share = rules()["shown_share"]
    return it.scope.picture(it.hand.placed(), _iodine(it), rng, share=share, coarse=coarse)


def probe(it: Rehearsal, name: str, matrix: Any) -> None:
    from needle_sim.imaging.ultrasound.probe import PROBE, Probe

    Probe.preset(name)
    Transform(rigid_of(matrix), target=PATIENT, source=PROBE)
    it.probe = (name, matrix)
    it.said = "probe on the skin"


def probe_off(it: Rehearsal) -> None:
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
