"""What a rehearsal's acts with syringe and generator do to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from needle_sim.errors import InputError
from needle_sim.imaging.xray.sequence import Mode
from needle_sim.imaging.xray.tally import event_of_contrast
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.rehearsal.acting_pictures import view_title
from needle_sim.rehearsal.acting_words import noted, opened
from needle_sim.rehearsal.record import Shot
from needle_sim.thermal.protocol import Protocol

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}
_SEEN = {
    None: "no contrast is seen",
    "contrast": "contrast that stays",
    "vascular": "it runs off: a vascular pattern",
    "intrathecal": "it mixes with CSF: an intrathecal pattern",
}
_ASPIRATED = {"clear": "aspiration is clear", "blood": "blood", "csf": "clear fluid: CSF"}


def aspirate(it: Rehearsal) -> None:
    found = it.syringe.aspirate(opened(it, "aspirate"))
    noted(it, "aspirate", _ASPIRATED[found], found=found)


def contrast(it: Rehearsal, agent: str, volume_ml: float, mode: Mode) -> None:
    placed = opened(it, "inject")
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
        it.tally = it.tally.plus(event_of_contrast(run, start_s=it.t_s))
        it.t_s += run.times_s[-1]
    else:
        it.t_s += given.duration_s
    quota = sum(step.do == "contrast" for step in it.recipe.steps)
    asked = it.book.free("contrast", quota)
    view = it.scope.view(placed)
    title = f"Contrast, {view_title(view)}, {_MODES[mode]}"
    it.book.shot(Shot(title, mode, given, run, seen))
    said = f"{volume_ml:g} mL contrast, {_MODES[mode]}: {_SEEN[seen]}"
    noted(
        it, "contrast", said, kap=kap, required=asked, mode=mode, agent=agent,
        volume_ml=volume_ml, pattern=given.pattern, seen=seen,
        view=None if view is None else view.name, in_field=it.scope.sees(placed),
    )  # fmt: skip


def inject(it: Rehearsal, agent: str, volume_ml: float) -> None:
    placed = opened(it, "inject")
    pattern, seconds = it.syringe.inject(placed, agent, volume_ml)
    if it.heated is None:
        it.decisive = placed, it.hand.name
    it.pass_time(it.t_s + seconds)
    said = f"{volume_ml:g} mL {agent} injected"
    tip = tuple(float(value) for value in placed.trajectory.tip_mm)
    noted(
        it, "inject", said, agent=agent, volume_ml=volume_ml, pattern=pattern, tip_mm=tip
    )  # fmt: skip


def electrode(it: Rehearsal) -> tuple[PlacedNeedle, str]:
    """The needle ready to heat, and the protocol, or what is missing."""
    name = it.recipe.protocol
    if name is None:
        raise InputError(f"{it.recipe.name} does not heat: there is no protocol in it")
    if it.hand.inside and it.hand.needle.active_tip_mm <= 0:
        raise InputError(f"{it.needle_name} has no active tip: take an RF cannula")
    return opened(it, "put the electrode in"), name


def heat(it: Rehearsal) -> None:
    placed, name = electrode(it)
    history, lesion, hottest = it.attempt.heat(placed, watch=it.watch)
    before = {} if it.heated is None else it.heated[2]
    it.heated = history, lesion, hotter(before, hottest)
    it.decisive = placed, it.hand.name
    it.pass_time(it.t_s + Protocol.preset(name).total_s)
    tip = tuple(float(value) for value in placed.trajectory.tip_mm)
    noted(it, "heat", f"heated, {name}", tip_mm=tip)


def hotter(first: Mapping[str, float], then: Mapping[str, float]) -> dict[str, float]:
    """The hottest of each structure over two lesions."""
    return {
        name: max(first.get(name, -np.inf), then.get(name, -np.inf)) for name in {**first, **then}
    }
