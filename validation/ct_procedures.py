"""Every procedure at every level and side that the vertebrae of a labelled CT hold, or why not.

One seed a run, without pictures. A place that the recipe refuses, or that no path reaches, is a row
with its reason: on a patient's own bones that is an answer. A run that fails a gate is none, and a
run that is carried out must pass them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.errors import NeedleSimError
from needle_sim.procedures.reading import names, shipped
from validation.fitted_cortices import read

SEED = 1


@dataclass(frozen=True, slots=True)
class Row:
    """What one run gave.

    Parameters
    ----------
    score : float or None
        None where nothing was carried out.
    gates : tuple of str
        Names of the gates failed.
    reason : str
        Why it was refused, or what each failed gate says.
    """

    procedure: str
    level: str
    side: str
    score: float | None
    gates: tuple[str, ...]
    reason: str

    @property
    def holds(self) -> bool:
        """Carried out past every gate, or refused with a reason."""
        return not self.gates and (self.score is not None or bool(self.reason))


def places(anatomy: Anatomy) -> Iterator[tuple[str, str, str]]:
    """Procedure, level and side of all that the fitted vertebrae allow."""
    for procedure in names():
        recipe = shipped(procedure)
        for level in recipe.levels_of(anatomy.bodies):
            if set(recipe.needed(level, anatomy.bodies)) <= set(anatomy.bodies):
                for side in ("right", "left"):
                    yield procedure, level, side


def row(anatomy: Anatomy, procedure: str, level: str, side: str) -> Row:
    """One run."""
    try:
        run = ns.run_procedure(
            procedure, anatomy=anatomy, level=level, side=side, seed=SEED, pictures=False
        )
    except NeedleSimError as error:
        return Row(procedure, level, side, None, (), str(error))
    if run.blocked:
        return Row(procedure, level, side, None, (), str(run.blocked))
    failed = run.score.failed
    said = "; ".join(f"{one.name}: {one.reason}" for one in failed)
    return Row(procedure, level, side, run.score.total, tuple(one.name for one in failed), said)


def main(arguments: list[str]) -> int:
    """Folders of labelled CTs; 1 when a run fails a gate or none is carried out."""
    if not arguments:
        print("give the folder of a CT, with its labels beside its dicom folder")
        return 2
    held = True
    for folder in arguments:
        anatomy = anatomy_from_ct(*read(Path(folder)))
        print(f"{Path(folder).name}: {', '.join(anatomy.bodies)}\nprocedure level side score gates")
        done = 0
        for place in places(anatomy):
            one = row(anatomy, *place)
            done += one.score is not None
            held &= one.holds
            score = "-" if one.score is None else f"{one.score:.0f}"
            gates = ", ".join(one.gates) or "-"
            print(
                f"{one.procedure:24} {one.level:7} {one.side:6} {score:>4} {gates:20} {one.reason}",
                flush=True,
            )
        held &= done > 0
    return 0 if held else 1
