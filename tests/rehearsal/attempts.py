"""Attempts put together by hand: what was done, told in a few words, on the plainest patient."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Space, Structure
from needle_sim.anatomy.target import Target
from needle_sim.geometry.shapes import Tube
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.metric import Attempted
from needle_sim.rehearsal.record import Event, Record
from needle_sim.thermal.lesion import Extent
from tests.planning.blocks import block, straight_target

EPIDURAL = Procedure.preset("interlaminar-epidural")
RFA = Procedure.preset("medial-branch-rfa")
ORDERED = next(
    {"agent": step.agent, "volume_ml": step.volume_ml}
    for step in EPIDURAL.steps
    if step.do == "inject"
)
DANGER_MM, DEEP_MM = 56.0, 66.0
CENTRE_MM = np.array([0.0, -4.0, 0.0])
UP, BACK = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
CLEAR = {"dura": 4.0, "L5 right root": 6.0}


class Ball:
    """A space about a point; distances exact."""

    def __init__(self, centre_mm: Any, radius_mm: float) -> None:
        self.centre_mm, self.radius_mm = np.asarray(centre_mm, dtype=float), radius_mm

    def distance_mm(self, points_mm: Any) -> Any:
        return np.linalg.norm(np.asarray(points_mm) - self.centre_mm, axis=-1) - self.radius_mm

    @property
    def box_mm(self) -> Any:
        return np.stack([self.centre_mm - self.radius_mm, self.centre_mm + self.radius_mm])


def told(*steps: tuple[Any, ...]) -> tuple[Event, ...]:
    """Events from ``("advance", 50.0)``, ``("view", "clo")``, ``("contrast", "live")`` and so on.

    A last word ``"extra"`` marks what the recipe does not ask for; each takes ten seconds, each
    picture 5 µGy m2.
    """
    found: list[Event] = []
    depth, needle_pass = 5.0, 1
    for number, (do, *rest) in enumerate(steps, start=1):
        required = rest[-1:] != ["extra"]
        words = rest if required else rest[:-1]
        depth = float(words[0]) if do == "advance" else 5.0 if do == "redirect" else depth
        needle_pass += do == "redirect"
        kap = 5.0 if do in ("view", "contrast") else 0.0
        event = Event(10.0 * number, do, depth, needle_pass, required, do, kap, _detail(do, words))
        found.append(event)
    return tuple(found)


def _detail(do: str, words: list[Any]) -> dict[str, Any]:
    if do == "view":
        return {"view": words[0]}
    if do == "contrast":
        mode, pattern = (*words, "epidural")[:2]
        agent = {"agent": "iohexol_240", "volume_ml": 1.5}
        seen = pattern if pattern in ("vascular", "intrathecal") else "contrast"
        return {"mode": mode, "pattern": pattern, "seen": seen, "view": "ap", **agent}
    if do == "inject":
        return {**ORDERED, "pattern": (*words, "epidural")[0]}
    return {}


GOOD = (
    ("insert",),
    ("view", "ap"),
    ("advance", DANGER_MM),
    ("view", "clo"),
    ("advance", DEEP_MM),
    ("view", "clo"),
    ("aspirate",),
    ("contrast", "live"),
    ("view", "lateral"),
    ("inject",),
)


def above(off_mm: float) -> NDArray[np.float64]:
    """A place ``off_mm`` above the target's centre."""
    return CENTRE_MM + off_mm * UP


def patient() -> Anatomy:
    """A block with a canal about the target; sac, root and vessel are clear of the way."""
    tubes = {
        ("dura", "dura"): [[0.0, -30.0, -60.0], [0.0, -30.0, 60.0]],
        ("L5 right root", "root"): [[-30.0, 20.0, -60.0], [-30.0, 20.0, 60.0]],
        ("aorta", "vessel"): [[0.0, -60.0, -60.0], [0.0, -60.0, 60.0]],
    }
    structures = [
        Structure(name, kind, (Tube(np.array(points), np.full(2, 3.0)),), "constructed")
        for (name, kind), points in tubes.items()
    ]
    canal = Space("canal", "canal", Ball(CENTRE_MM, 6.0), "constructed")
    return replace(block(structures=structures), spaces={"canal": canal})


def target(**changes: Any) -> Target:
    """The epidural space of the block, met from straight behind."""
    fields = {
        "name": "L4-L5 right interlaminar epidural space",
        "kind": "epidural",
        "level": "L4-L5",
        "vertebra": "L4",
        "radius_mm": 3.0,
        "nerve_mm": None,
        "window_mm": None,
        "ventral_mm": None,
        "within": ("canal",),
    }
    return straight_target(**{**fields, **changes})


def placed(*, off_mm: float = 0.0, needle: str = "tuohy_18g_90mm") -> PlacedNeedle:
    """A needle from straight behind, its tip ``off_mm`` above the target's centre."""
    tip = above(off_mm)
    return PlacedNeedle(Needle.preset(needle), Trajectory.straight(tip + DEEP_MM * BACK, tip))


def attempted(
    *steps: tuple[Any, ...],
    off_mm: float = 0.0,
    clear: dict[str, float] | None = None,
    **changes: Any,
) -> Attempted:
    """An epidural injection in which ``steps`` were done."""
    lain = placed(off_mm=off_mm)
    record = Record(
        told(*(steps or GOOD)),
        placed=lain,
        clearance_mm=CLEAR if clear is None else clear,
        danger_mm=DANGER_MM,
    )
    plan = Plan(target(), (lain,), record.clearance_mm, 100, {})
    fields = {"plan": plan, "record": record, "approach": target().approach}
    return Attempted(EPIDURAL, patient(), target(), **{**fields, **changes})


def lesion_over(share: float) -> Any:
    """A lesion that holds a share of the nerve."""
    inside = Extent(np.zeros((1, 1, 1), bool), 200.0, 6.5, 12.0, 12.0 * share, share)
    return SimpleNamespace(extents={"conservative": inside})


def neurotomy(
    share: float = 1.0,
    hottest: dict[str, float] | None = None,
    clear: dict[str, float] | None = None,
    **changes: Any,
) -> Attempted:
    """A medial branch that was heated; the electrode lies along it."""
    aimed = straight_target()
    lain = placed(needle="rf_18g_10mm")
    away = {**CLEAR, "bone": 0.1} if clear is None else clear
    done = told(
        ("insert",), ("view", "oblique"), ("advance", DANGER_MM), ("view", "lateral"),
        ("advance", DEEP_MM), ("view", "ap"), ("view", "lateral"), ("heat",),
    )  # fmt: skip
    fields: dict[str, Any] = {
        "plan": Plan(aimed, (lain,), away, 100, {}),
        "record": Record(done, placed=lain, clearance_mm=away, danger_mm=DANGER_MM),
        "lesion": lesion_over(share),
        "temperature_max_c": {"dura": 38.0, "L5 right root": 39.0, "tissue": 88.0}
        | (hottest or {}),
    }
    return Attempted(RFA, patient(), aimed, **{**fields, **changes})
