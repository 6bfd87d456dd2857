"""The task ``executions``: one plan carried out by a hand with errors, one pass a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from needle_sim import presets
from needle_sim.anatomy.phantom.spec import phantom_names
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.robustness import executed
from needle_sim.procedures.reading import names as procedures
from needle_sim.studies.design import Samples
from needle_sim.studies.patients import planned
from needle_sim.studies.task import Input, Task

_HAND = "freehand_spine"
_OF_PLAN = ("level", "side", "needle", "variant")


def executions_of(samples: Samples, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of `Executions`, each pass with the five normal numbers of its own sample."""
    parts = []
    for parameters, some in samples.by_point():
        given = {**settings, **parameters}
        case = planned(
            given["procedure"], given["phantom"], **{name: given[name] for name in _OF_PLAN}
        )
        found = executed(
            case.anatomy,
            case.plan,
            case.target,
            errors=_hand(given),
            drawn=some.normals(5),
            margins_mm=case.recipe.margins_mm,
        )
        parts.append({**found.columns(), "met": found.met})
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: np.concatenate([_column(part, name) for part in parts]) for name in names}


def _column(part: Mapping[str, Any], name: str) -> Any:
    if name in part:
        return part[name]
    return np.full(len(part["met"]), None)  # a kind of hazard that is not around this target


def _hand(given: Mapping[str, Any]) -> HandErrors:
    usual = HandErrors.preset(given["hand"])
    own = {
        name: getattr(usual, name) if given[f"hand_{name}"] is None else given[f"hand_{name}"]
        for name in ("entry_mm", "angle_deg", "depth_mm")
    }
    return HandErrors(**own)


def _of(file: str) -> Any:
    return lambda: presets.names(file)


PLACE = {
    "procedure": Input("text", "A shipped procedure", "medial-branch-rfa", known=procedures),
    "phantom": Input("text", "A shipped phantom", "lumbar_normal", known=phantom_names),
    "level": Input("text", "Nerve (L4) or interspace (L4-L5); the procedure's"),
    "side": Input("text", "left or right; the procedure's", known=lambda: ["left", "right"]),
    "needle": Input("text", "A needle preset; the procedure's", known=_of("needles")),
    "variant": Input("text", "A way in of the procedure; the level's"),
}
TASK = Task(
    "executions",
    "One plan carried out by a hand with errors: windows met and hazards breached, a pass a sample",
    {
        **PLACE,
        "hand": Input("text", "A preset of errors", _HAND, known=_of("hands")),
        "hand_entry_mm": Input(
            "number", "Standard deviation of the entry; the hand's", None, 0, 50
        ),
        "hand_angle_deg": Input("number", "Of the direction; the hand's", None, 0, 30),
        "hand_depth_mm": Input("number", "Of the depth; the hand's", None, 0, 50),
    },
    executions_of,
)
