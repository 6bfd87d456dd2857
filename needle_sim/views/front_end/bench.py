"""What lies ready before a rehearsal begins: the order, needles, agents, views, protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from needle_sim import __version__, presets
from needle_sim.anatomy.numbering import USUAL
from needle_sim.imaging.xray.carm import CArm
from needle_sim.instruments.needle import Needle
from needle_sim.procedures.procedure import Procedure
from needle_sim.thermal.protocol import Protocol
from needle_sim.views.front_end.panel import needle_facts
from needle_sim.views.front_end.spoken import towards_operator
from needle_sim.views.wording import NOT_CLINICAL

if TYPE_CHECKING:
    from needle_sim.views.front_end.console import Console


def setup_of(console: Console) -> dict[str, Any]:
    """The order and what can be taken in hand, as JSON."""
    it = console.rehearsal
    recipe, whole = it.recipe, CArm.preset(it.recipe.carm)
    coach = console.coach is not None
    return {
        "version": __version__,
        "disclaimer": NOT_CLINICAL,
        "coach": coach,
        "patient": it.anatomy.name,
        "seed": it.seed,
        "procedure": recipe.name,
        "title": recipe.title,
        "level": it.level,
        "side": it.side,
        "order": recipe.in_words(it.level, it.side, it.anatomy.bodies),
        "procedures": _procedures(recipe, tuple(it.anatomy.bodies) or USUAL),
        "operator_sign": towards_operator(it.side),
        "whole_mm": [whole.shape[1] * whole.pixel_mm, whole.shape[0] * whole.pixel_mm],
        "magnification": whole.magnification,
        "views": _views(recipe) if coach else [],
        "needles": _needles(),
        "agents": _agents(),
        "given": _given(recipe),
        "probes": presets.names("probes"),
        "scans": console.scanner.views(),
        "probe": console.scanner.probe,
        "scan_depth_mm": console.scanner.depth_mm,
        "protocol": _protocol(recipe.protocol),
    }


def _procedures(recipe: Procedure, spine: tuple[str, ...]) -> list[dict[str, Any]]:
    """All that could be declared: the shipped ones, and the one that is ordered."""
    files = sorted((presets.folder("presets") / "procedures").glob("*.toml"))
    known = {path.stem: Procedure.preset(path.stem) for path in files}
    known[recipe.name] = recipe
    return [
        {"name": one.name, "title": one.title, "levels": list(one.levels_of(spine))}
        for one in known.values()
    ]


def _views(recipe: Procedure) -> list[dict[str, str]]:
    return [{"name": view.name, "title": view.title} for view in recipe.views]


def _needles() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "summary": str(presets.table("needles", name).get("summary", "")),
            **needle_facts(Needle.preset(name)),
        }
        for name in presets.names("needles")
    ]


def _agents() -> list[dict[str, Any]]:
    agents = presets.plain(presets.table("contrast", "agents"))
    return [
        {
            "name": name,
            "summary": one.get("summary", ""),
            "contrast": one["iodine_mg_ml"] > 0,
            "most_ml": one["most_ml"],
        }
        for name, one in agents.items()
    ]


def _given(recipe: Procedure) -> dict[str, Any]:
    """What the tray holds for this procedure: agent and volume of contrast and drug."""
    found: dict[str, Any] = {}
    for step in recipe.steps:
        if step.do in ("contrast", "inject"):
            found[step.do] = {"agent": step.agent, "volume_ml": step.volume_ml, "mode": step.mode}
    return found


def _protocol(name: str | None) -> dict[str, Any] | None:
    if name is None:
        return None
    protocol = Protocol.preset(name)
    first = protocol.steps[0]
    return {
        "name": name,
        "total_s": protocol.total_s,
        "set_c": getattr(first, "set_c", None),
        "limit_w": getattr(first, "limit_w", None),
    }
