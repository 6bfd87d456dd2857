"""Reads procedure files, shipped or a user's own; a fault names file, table and key."""

from __future__ import annotations

from pathlib import Path

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.injectate.agent import Agent
from needle_sim.instruments.needle import Needle
from needle_sim.procedures.procedure import Procedure

_PRESETS = {"needles": "needles", "protocol": "protocols", "carm": "carms", "probe": "probes"}


def names() -> list[str]:
    """Names of the shipped procedures, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def shipped(name: str) -> Procedure:
    """A shipped procedure by name."""
    if name not in names():
        raise PresetError(f"no procedure is called {name!r}{presets.nearest(name, names())}")
    return read_procedure(_folder() / f"{name}.toml")


def read_procedure(path: Path) -> Procedure:
    """A procedure from a TOML file.

    Raises
    ------
    PresetError
        The file cannot be read, a key is unknown, a number has no source or mark, a landmark,
        view or preset does not exist; names file, table and key, and the nearest name.
    """
    entries = presets.read_toml(path)
    presets.sourced({k: v for k, v in entries.items() if k != "revision"}, path.name)
    entries.pop("revision", None)
    numbers = presets.numbers(entries)
    open_ones = [
        f"{key} = {number.value}: {number.source} ({number.mark})"
        for key, number in numbers.items()
        if number.mark in ("memory", "proposed")
    ]
    if "unverified" in entries or "because" in entries:
        raise PresetError(f"{path.name}: unverified and because are found, not written")
    try:
        made = presets.into(Procedure, {**entries, "unverified": open_ones}, where=path.name)
        _check_presets(made)
    except InputError as error:
        text = str(error)
        raise PresetError(text if path.name in text else f"{path.name}: {text}") from error
    return made


def check_needle(procedure: Procedure, name: str) -> None:
    """Refuse a needle that does not exist, and one that cannot heat where the procedure heats."""
    known = presets.names("needles")
    if name not in known:
        raise PresetError(f"needles.toml has no preset {name!r}{presets.nearest(name, known)}")
    if procedure.protocol is not None and not Needle.preset(name).active_tip_mm > 0:
        hot = [one for one in known if Needle.preset(one).active_tip_mm > 0]
        raise PresetError(
            f"{name} has no active tip and {procedure.name} heats: take {' or '.join(hot)}"
        )


def _check_presets(procedure: Procedure) -> None:
    """Every preset that a procedure names must be there."""
    for field, file in _PRESETS.items():
        named = getattr(procedure, field)
        for one in named if isinstance(named, tuple) else (named,):
            if one is not None:
                _check(file, one, field)
    for name in procedure.needles:
        check_needle(procedure, name)
    for view in procedure.views:
        _check("beams", view.beam, f"views.{view.name}.beam")
    for index, step in enumerate(procedure.steps):
        if step.agent is not None:
            _check("contrast", step.agent, f"steps[{index}].agent", inside="agents")
            agent = Agent.preset(step.agent)
            agent.checked_ml(float(step.volume_ml or 0.0))
            if step.do == "contrast":
                _shows(agent, f"steps[{index}].agent")


def _shows(agent: Agent, where: str) -> None:
    try:
        agent.checked_contrast()
    except InputError as error:
        raise PresetError(f"{where}: {error}") from error


def _check(file: str, name: str, where: str, *, inside: str | None = None) -> None:
    known = presets.names(file) if inside is None else list(presets.table(file, inside))
    if name not in known:
        raise PresetError(f"{where}: {file}.toml has no {name!r}{presets.nearest(name, known)}")


def _folder() -> Path:
    return presets.folder("presets") / "procedures"
