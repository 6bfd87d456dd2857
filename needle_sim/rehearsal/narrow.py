"""A canal too narrow for an interlaminar way: what is looked for before the first picture."""

from __future__ import annotations

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.numbering import USUAL
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.target import Target
from needle_sim.procedures.procedure import Procedure

_NAMED = 2  # of the other levels that are wide enough, at most


def sac_mm2(anatomy: Anatomy, level: str) -> float | None:
    """Area of the dural sac in the plane of a disc, mm2.

    ``None`` where it is not known: a sac that was only inferred, as in the labels of a CT, has the
    usual calibre and tells nothing of a stenosis.
    """
    sac = anatomy.structures.get("dura")
    if sac is None or sac.provenance == "inferred" or "-" not in level:
        return None
    try:
        return area_mm2(sac, disc_plane(anatomy.landmarks_mm, level), half_mm=20.0, step_mm=0.25)
    except (KeyError, ValueError):  # no landmarks of this level, or the sac ends above it
        return None


def too_narrow(recipe: Procedure, anatomy: Anatomy, target: Target) -> bool:
    """Whether the sac at the target is smaller than the procedure allows."""
    least = recipe.limits.sac_mm2
    area = None if least is None else sac_mm2(anatomy, target.level)
    return area is not None and least is not None and area < least


def narrow_said(recipe: Procedure, anatomy: Anatomy, target: Target) -> str:
    """What to know of a narrow canal at the target, with the way out; empty where it is wide."""
    limits, level = recipe.limits, target.level
    area = None if limits.narrow_mm2 is None else sac_mm2(anatomy, level)
    if area is None or limits.narrow_mm2 is None or area >= limits.narrow_mm2:
        return ""
    severe = limits.sac_mm2 is not None and area < limits.sac_mm2
    grade = "severe central stenosis" if severe else "central stenosis"
    others = _wide(recipe, anatomy, level, limits.narrow_mm2)
    return (
        f"{grade} at {level}: the dural sac has {area:.0f} mm2 and little fat is left behind it, "
        f"so that the dura is soon met; take {' or '.join((*others, 'a transforaminal way'))}"
    )


def _wide(recipe: Procedure, anatomy: Anatomy, level: str, least_mm2: float) -> list[str]:
    """The nearest levels whose sac is wide enough, with their areas."""
    levels = recipe.levels_of(anatomy.bodies or USUAL)
    here = levels.index(level) if level in levels else 0
    found: list[str] = []
    for one in sorted(levels, key=lambda one: (abs(levels.index(one) - here), levels.index(one))):
        area = sac_mm2(anatomy, one) if one != level and len(found) < _NAMED else None
        if area is not None and area >= least_mm2:
            found.append(f"{one} ({area:.0f} mm2)")
    return found
