"""What `needle-sim fluoro` takes: pose, needle, contrast, picture, run; words in, nouns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError, PlanningError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.imaging.xray.beam import Beam
    from needle_sim.imaging.xray.brightness import Technique
    from needle_sim.imaging.xray.carm import CArm
    from needle_sim.imaging.xray.cine import Cine
    from needle_sim.imaging.xray.collimation import Collimation
    from needle_sim.imaging.xray.detector import Detector
    from needle_sim.imaging.xray.exposure import Radiograph
    from needle_sim.imaging.xray.projector import PathLengths
    from needle_sim.imaging.xray.sequence import ContrastRun
    from needle_sim.injectate.spread import Spread
    from needle_sim.instruments.placed import PlacedNeedle

_LENGTHS = ("quincke_22g_90mm", "quincke_22g_120mm", "quincke_22g_150mm", "quincke_22g_180mm")
_AGENT = "iohexol_240"
_SHORT = {
    "ap": "AP squared {level}",
    "lateral": "{side} lateral",
    "oblique": "ipsilateral oblique 25",
    "contralateral-oblique": "contralateral oblique 50",
}
END_ON = "end-on"
_LATE_S = 6.0  # after the injection began, and a second for each mL
_FIRST_SHARE = 0.4  # of its way that a needle has gone when a run begins


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What was taken: the picture, and the run where one was asked for."""

    shot: Radiograph
    cine: Cine | None
    injection: ContrastRun | None
    placed: PlacedNeedle | None
    technique: Technique


def planned(anatomy: Anatomy, name: str) -> PlacedNeedle:
    """The best straight way to a target with the shortest needle that reaches."""
    from needle_sim.instruments.needle import Needle
    from needle_sim.planning.planner import plan

    target = anatomy.target(name)
    for needle in _LENGTHS[:-1]:
        try:
            return plan(anatomy, target, Needle.preset(needle)).placed
        except PlanningError:
            continue
    return plan(anatomy, target, Needle.preset(_LENGTHS[-1])).placed


def posed(anatomy: Anatomy, given: Mapping[str, Any], placed: PlacedNeedle | None) -> CArm:
    """The C-arm in the view that was asked for, about the level."""
    from needle_sim.imaging.xray.carm import CArm, aimed
    from needle_sim.imaging.xray.modes import Modes, magnified
    from needle_sim.planning.sightline import look_along, turned_as_said

    carm = CArm.preset(given["device"])
    if given["magnify"] is not None:
        carm = magnified(carm, Modes.preset(given["device"]), given["magnify"])
    vertebrae = given["level"].split("-")
    centre = np.mean([anatomy.body(one).matrix[:3, 3] for one in vertebrae], axis=0)
    carm = aimed(carm, centre)
    words = given["view"].strip()
    if words.lower() == END_ON:
        if placed is None:
            raise InputError("--view end-on looks down a needle: add --needle plan")
        return look_along(placed, carm)
    settings = {"level": vertebrae[-1], "side": given["side"]}
    said = _SHORT.get(words.lower(), words).format(**settings)
    return turned_as_said(anatomy, carm, said, position=given["position"], side=given["side"])


def field_of(given: Mapping[str, Any]) -> Collimation | None:
    """``--collimate 120x160`` (or one number), mm at the isocentre."""
    from needle_sim.imaging.xray.collimation import Collimation, Collimator

    said = given["collimate"]
    if said is None:
        return None
    try:
        sizes = [float(one) for one in said.lower().split("x")]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2):
        raise InputError(f"--collimate is WIDTHxHEIGHT in mm, such as 120x160, got {said!r}")
    return Collimation(sizes[0], sizes[-1], collimator=Collimator.preset(given["device"]))


def beam_of(
    paths: PathLengths, detector: Detector, technique: Technique, given: Mapping[str, Any]
) -> Beam:
    """The beam of a still picture as asked for; what is not said is set automatically."""
    from needle_sim.imaging.xray.dose import set_exposure

    kvp, mas = given["kvp"], given["mas"]
    beam = technique.still if kvp is None else replace(technique.still, kvp=kvp)
    if mas is not None:
        return replace(beam, mas=mas)
    return beam if kvp is None else set_exposure(paths, beam, detector=detector)


def take(anatomy: Anatomy, given: Mapping[str, Any]) -> Taken:
    """All pictures that were asked for."""
    from needle_sim.imaging.xray.brightness import set_brightness
    from needle_sim.imaging.xray.detector import Detector
    from needle_sim.imaging.xray.exposure import expose
    from needle_sim.imaging.xray.materials import prepare
    from needle_sim.imaging.xray.modes import WHOLE, Modes, metered
    from needle_sim.imaging.xray.projector import project
    from needle_sim.imaging.xray.sequence import contrast_shots

    placed = planned(anatomy, target_name(given)) if given["needle"] == "plan" else None
    carm = posed(anatomy, given, placed)
    modes = Modes.preset(given["device"])
    detector = metered(Detector.preset(given["device"]), modes, given["magnify"] or WHOLE)
    paths = project(prepare(anatomy.ct, inset=anatomy.inset), carm)
    field = field_of(given)
    metered_by = {"detector": detector, "collimation": field, "run": modes.run("fluoroscopy")}
    technique = set_brightness(paths, device=given["device"], **metered_by)  # type: ignore[arg-type]
    beam = beam_of(paths, detector, technique, given)
    rng = np.random.default_rng(given["seed"])
    needles = () if placed is None else (placed,)
    given_ml = given["contrast"]
    fluid = None if not given_ml or placed is None else _injected(anatomy, placed, given_ml)
    late = None if fluid is None else fluid.at(given_ml + _LATE_S)
    seen = {"detector": detector, "collimation": field, **_letter(paths, beam, detector, given)}
    shot = expose(paths, beam, needles=needles, contrast=late, rng=rng, **seen)
    if beam == technique.still:
        shot = replace(shot, notes=(*shot.notes, *technique.notes()))
    injection = None
    if given["dsa"] and fluid is not None:
        how = {"mode": "dsa", "needles": needles, "rng": rng, **seen}
        injection = contrast_shots(paths, carm, beam, fluid, **how)
    cine = None
    if given["cine"]:
        cine = _run(paths, beam, given, placed, fluid, rng, seen)
    return Taken(shot, cine, injection, placed, technique)


def _letter(
    paths: PathLengths, beam: Beam, detector: Detector, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The lead letter of ``--lead-letter`` as a tool of all pictures."""
    from needle_sim.imaging.xray.exposure import expose
    from needle_sim.views.lead_letter import lead_letter

    if not given["lead_letter"]:
        return {}
    return {"tools": (lead_letter(expose(paths, beam, detector=detector)),)}


def target_name(given: Mapping[str, Any]) -> str:
    """The target of ``--needle plan``: as said, else a medial branch of the level."""
    if given["target"] is not None:
        return str(given["target"])
    return f"{given['level'].split('-')[0]} {given['side']} medial branch"


def _injected(anatomy: Anatomy, placed: PlacedNeedle, volume_ml: float) -> Spread:
    from needle_sim.injectate.agent import Agent
    from needle_sim.injectate.spread import spread

    path = placed.trajectory
    bevel = path.patient_from_needle.matrix[:3, 0]
    agent = Agent.preset(_AGENT)
    return spread(anatomy, path.tip_mm, bevel, agent=agent, volume_ml=volume_ml)


def _run(
    paths: PathLengths,
    beam: Beam,
    given: Mapping[str, Any],
    placed: PlacedNeedle | None,
    fluid: Spread | None,
    rng: np.random.Generator,
    seen: Mapping[str, Any],
) -> Cine:
    """A run in which the needle comes in, or, where contrast is given, that runs out."""
    from needle_sim.imaging.xray.cine import take_cine
    from needle_sim.imaging.xray.modes import Modes
    from needle_sim.instruments.trajectory import Trajectory

    modes, long_s = Modes.preset(given["device"]), given["cine"]

    def needles_at(time_s: float) -> tuple[PlacedNeedle, ...]:
        if placed is None or fluid is not None:
            return () if placed is None else (placed,)
        share = _FIRST_SHARE + (1.0 - _FIRST_SHARE) * min(1.0, time_s / (0.8 * long_s))
        path = placed.trajectory
        tip = path.entry_mm + share * (path.tip_mm - path.entry_mm)
        return (replace(placed, trajectory=Trajectory.straight(path.entry_mm, tip)),)

    moving = {"needles_at": needles_at, "contrast_at": None if fluid is None else fluid.at}
    how = {"duration_s": long_s, "rng": rng, "lag": modes.lag}
    return take_cine(paths, beam, modes.run("fluoroscopy"), **how, **moving, **seen)  # type: ignore[arg-type]
