"""Contrast on real CT: injections of planned procedures, and hidden vessels at their tips.

Needles are planned as `needle_sim.run_procedure` plans them, on the lumbar CT at L1-L2 to L5-S1 and
on the chest CT at L1-L2, on both sides. What a recipe gives, in the view that it takes, is watched
with the noise of the detector, on pixels of twice its own. Each seed draws texture and noise and,
for the second count, a vessel at the tip. The observer was tuned on seeds of 1000 and more; what is
counted are seeds from 0 on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import compartment
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.materials import Materials
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.sequence import MODES, Mode, contrast_shots
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.spread import Spread, spread
from needle_sim.injectate.vessel import vessel_at
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.sightline import angles_of, recipe_angles
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.run import Run
from tests.conftest import LABELS, LIDC, LUMBAR, real_folder

INJECTED = {
    "interlaminar-epidural": "epidural",
    "transforaminal-epidural": "epidural",
    "facet-injection": "intra_articular",
}
"""Procedures that give contrast, and the compartment that it should enter."""

LEVELS = {LUMBAR: ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"), LIDC: ("L1-L2",)}
"""The interspaces of each CT whose vertebrae are whole in it."""

SIDES = ("left", "right")
PIXELS, FIELD_MM = 256, 256.0


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """A needle that lies where its contrast should go, and the picture that watches it."""

    name: str
    number: int
    anatomy: Anatomy
    placed: PlacedNeedle
    paths: PathLengths
    beam: ns.Beam
    agent: Agent
    volume_ml: float

    def given(self, seed: int, *, vessel: bool) -> Spread:
        """The spread of a seed, all or part of it in a hidden vessel or none."""
        rng = np.random.default_rng([self.number, seed])
        path = self.placed.trajectory
        clock = np.deg2rad(self.placed.bevel_clock_deg)
        bevel = path.patient_from_needle.turn([np.sin(clock), np.cos(clock), 0.0])
        hidden = vessel_at(self.anatomy, path.tip_mm, rng) if vessel else None
        return spread(
            self.anatomy, path.tip_mm, bevel, agent=self.agent, volume_ml=self.volume_ml,
            vessel=hidden, rng=rng,
        )  # fmt: skip

    def seen(self, given: Spread, seed: int, mode: Mode) -> str | None:
        """What an observer calls it."""
        rng = np.random.default_rng([self.number, seed])
        return contrast_shots(
            self.paths, self.paths.carm, self.beam, given, mode=mode, needles=(self.placed,),
            rng=rng,
        ).seen  # fmt: skip

    def called_vascular(
        self, seed: int, *, vessel: bool, modes: Sequence[Mode] = MODES
    ) -> dict[str, bool]:
        """By mode, whether an observer would call it vascular."""
        given = self.given(seed, vessel=vessel)
        return {mode: self.seen(given, seed, mode) == "vascular" for mode in modes}


def fitted(name: str, levels: Sequence[str]) -> Anatomy | None:
    """A real CT with the vertebrae of some interspaces; None where its data are not there."""
    folder = real_folder(name)
    if folder is None:
        return None
    ct, labels = ns.load_series(folder / "dicom"), ns.load_labels(folder / LABELS[name])
    wanted = sorted({one for level in levels for one in level.split("-")})
    return ns.anatomy_from_ct(ct, labels, vertebrae=wanted, name=name)


def injections(
    anatomy: Anatomy,
    levels: Sequence[str],
    sides: Sequence[str] = SIDES,
    procedures: Sequence[str] = tuple(INJECTED),
) -> Iterator[Injection | str]:
    """Each procedure at each level and side; words where no tip comes to lie as it should."""
    materials = ns.prepare(anatomy.ct)
    places = [(name, level, side) for name in procedures for level in levels for side in sides]
    for number, (name, level, side) in enumerate(places):
        run = ns.run_procedure(name, anatomy=anatomy, level=level, side=side, pictures=False)
        words = f"{name} {level} {side}"
        if run.plan is None:
            yield f"{words}: no way in"
            continue
        found = compartment(anatomy, run.plan.placed.trajectory.tip_mm).kind
        if found != INJECTED[name]:
            yield f"{words}: the tip lies in {found}"
            continue
        yield watched(words, number, anatomy, run, run.plan.placed, materials)


def watched(
    words: str,
    number: int,
    anatomy: Anatomy,
    run: Run,
    placed: PlacedNeedle,
    materials: Materials,
) -> Injection:
    """A needle in the view in which its recipe gives contrast."""
    recipe: Procedure = run.procedure
    step = next(one for one in recipe.steps if one.do == "contrast")
    view = next(one for one in recipe.views if one.name == step.view)
    centre: NDArray[np.float64] = run.target.centre_mm
    if view.along_approach:
        orbital, tilt = angles_of(-run.target.approach)
    else:
        orbital, tilt = recipe_angles(
            anatomy, run.vertebra, run.side, view.oblique_deg, view.tilt_deg
        )
    carm = replace(
        ns.CArm.preset(recipe.carm),
        isocentre_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        orbital_deg=orbital,
        tilt_deg=tilt,
        shape=(PIXELS, PIXELS),
        pixel_mm=FIELD_MM / PIXELS,
    )
    paths = project(materials, carm)
    beam = set_exposure(paths, ns.Beam.preset(view.beam))
    agent, volume = Agent.preset(str(step.agent)), float(step.volume_ml or 0.0)
    return Injection(words, number, anatomy, placed, paths, beam, agent, volume)


def counted(seeds: Sequence[int]) -> tuple[dict[str, dict[str, list[bool]]], list[str]]:
    """Answers by kind (a procedure, or ``"vessel"``) and mode; and words on what is not counted."""
    answers: dict[str, dict[str, list[bool]]] = {}
    words: list[str] = []
    for name, levels in LEVELS.items():
        anatomy = fitted(name, levels)
        if anatomy is None:
            words.append(f"{name} is not there: not counted")
            continue
        for one in injections(anatomy, levels):
            if isinstance(one, str):
                words.append(f"{name}, {one}: not counted")
                continue
            for seed in seeds:
                for vessel in (False, True):
                    kind = "vessel" if vessel else one.name.split()[0]
                    for mode, said in one.called_vascular(seed, vessel=vessel).items():
                        answers.setdefault(kind, {}).setdefault(mode, []).append(said)
    return answers, words
