"""Numbers that a score rests on and that were not read in a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.procedures.procedure import Procedure

_LISTED = 6  # of a table with more, the count is said and the file named
_IN_CODE = (
    "constants of the code: damage below 39 °C, steel and vapour (proposed), Arrhenius sets "
    "(memory); each named where it stands"
)


def unverified(procedure: Procedure, needle: str, anatomy: Anatomy) -> tuple[str, ...]:
    """One line a number or a file; numbers marked *memory* or *proposed* in every preset used."""
    phantom = presets.folder("phantoms") / f"{anatomy.name}.toml"
    fitted = presets.folder("phantoms") / "lumbar_normal.toml"
    shape: Path | None = phantom if phantom.is_file() else fitted if anatomy.bones else None
    posture = None if anatomy.posture is None else anatomy.posture.name
    named = [("needles", needle), ("protocols", procedure.protocol), ("probes", procedure.probe)]
    read = _read_once(
        tuple(dict.fromkeys((file, name) for file, name in named if name)),
        tuple(dict.fromkeys(step.agent for step in procedure.steps if step.agent)),
        tuple(sorted({view.beam for view in procedure.views})),
        shape,
        posture,
    )
    own = (f"{procedure.name}.toml: {line}" for line in procedure.unverified)
    return (*sorted((*own, *read)), _IN_CODE)


@lru_cache(maxsize=64)
def _read_once(
    named: tuple[tuple[str, str], ...],
    agents: tuple[str, ...],
    beams: tuple[str, ...],
    shape: Path | None,
    posture: str | None,
) -> tuple[str, ...]:
    """Of the shipped files."""
    folder = presets.folder("presets")
    lines: list[str] = []
    known = presets.table("contrast", "agents")
    for agent in agents:
        lines += _of(f"contrast.toml: agents.{agent}", known[agent])
    for file, name in named:
        lines += _of(f"{file}.toml: {name}", presets.table(file, name))
    lines += _of("planning.toml", presets.read_toml(folder / "planning.toml"))
    lines += _of("scoring.toml", presets.read_toml(folder / "scoring.toml"))
    for beam in beams:
        lines += _of(f"beams.toml: {beam}", presets.table("beams", beam))
    lines += _of("tissues.toml", presets.read_toml(folder / "tissues.toml"))
    lying = folder / "postures" / f"{posture}.toml"
    if posture is not None and lying.is_file():
        lines += _of(lying.name, presets.read_toml(lying))
    while shape is not None:
        entries = presets.read_toml(shape)
        lines += _of(shape.name, entries)
        base = entries.get("base")
        shape = shape.with_name(f"{base}.toml") if base else None
    return tuple(lines)


def _of(where: str, entries: Mapping[str, Any]) -> list[str]:
    open_ones = {key: mark for key, mark in _marks(entries, "") if mark in ("memory", "proposed")}
    if len(open_ones) <= _LISTED:
        return [f"{where}.{key} ({mark})" for key, mark in open_ones.items()]
    counts = Counter(open_ones.values())
    return [f"{where}: {', '.join(f'{n} from {mark}' for mark, n in sorted(counts.items()))}"]


def _marks(entries: Any, key: str) -> list[tuple[str, str]]:
    if isinstance(entries, Mapping):
        if "mark" in entries and "value" in entries:
            return [(key, str(entries["mark"]))]
        inner = ((f"{key}.{name}" if key else name, value) for name, value in entries.items())
        return [found for name, value in inner for found in _marks(value, name)]
    if isinstance(entries, list):
        listed = ((f"{key}[{n}]", value) for n, value in enumerate(entries))
        return [found for name, value in listed for found in _marks(value, name)]
    return []
