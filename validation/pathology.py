"""Every shipped phantom: its grades as asked for and as read back, its soundness, its procedures.

The bounds are the acceptance of this project: grades within 2 % of the request (angles within 1
degree), no two bones in one another. With ``runs`` each procedure is run on each phantom at L4-L5,
or where the phantom has what it is made for: to a score, or to a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.finding import Finding, findings
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.sound import overlaps
from needle_sim.anatomy.phantom.spec import phantom_names, spine_spec
from needle_sim.errors import NeedleSimError
from needle_sim.procedures.reading import names, shipped

SHARE, ANGLE_DEG = 0.02, 1.0
_USUAL = ("L4-L5", "L4")  # the interspace, and the nerve of medial branch procedures
_PLACES = {  # where a phantom has what it is made for, if not there
    "compression_fracture_l1": ("T12-L1", "T12"),
    "transitional": ("L5-S1", "L4"),
    "six_lumbar": ("L6-S1", "L5"),
    "four_lumbar": ("L4-S1", "L3"),
    "spondylolysis_l5": ("L5-S1", "L4"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one procedure gave on one phantom."""

    phantom: str
    procedure: str
    level: str
    words: str


def holds(found: Finding) -> bool:
    """Within 2 % of the request, an angle within 1 degree."""
    if found.unit == "deg":
        return abs(found.measured - found.requested) <= ANGLE_DEG
    return found.share_off <= SHARE


def outcome(anatomy: Anatomy, procedure: str) -> Outcome:
    """Run a procedure without pictures: its score, or why there is none."""
    recipe = shipped(procedure)
    interspace, nerve = _PLACES.get(anatomy.name, _USUAL)
    level = nerve if recipe.place == "nerve" else interspace
    try:
        run = ns.run_procedure(
            recipe, anatomy=anatomy, level=level, side="right", seed=0, pictures=False
        )
    except NeedleSimError as error:
        return Outcome(anatomy.name, procedure, level, f"refused: {error}")
    total = run.score.total
    words = f"score {total:.0f}" if total is not None else "no total"
    if run.blocked:
        words = f"no path: {run.blocked}"
    elif run.score.failed:
        words += "; " + "; ".join(one.name for one in run.score.failed) + " failed"
    return Outcome(anatomy.name, procedure, level, words)


def table(phantoms: list[str], *, runs: bool) -> Iterator[tuple[str, bool]]:
    """Lines of the report, and whether each holds."""
    for name in phantoms:
        lapping = overlaps(afflicted(spine_spec(name)))
        yield f"{name}: {'; '.join(lapping) or 'no bones in one another'}", not lapping
        anatomy = ns.build_phantom(name)
        for one in findings(anatomy):
            yield f"  {one}, {100 * one.share_off:.2f} %", holds(one)
        for procedure in names() if runs else ():
            found = outcome(anatomy, procedure)
            yield f"  {found.procedure} {found.level}: {found.words[:150]}", True


def main(arguments: list[str]) -> int:
    """``python -m validation pathology [runs] [NAME ...]``; 1 where a grade is not read back."""
    given = [one for one in arguments if one != "runs"]
    faults = 0
    for line, good in table(given or phantom_names(), runs="runs" in arguments):
        print(line if good else f"{line}  <- beyond the bound", flush=True)
        faults += not good
    print(f"{faults} beyond the bound")
    return 1 if faults else 0
