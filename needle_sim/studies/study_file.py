"""Reads study files: TOML of anyone; a fault names file, table and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.studies import tasks
from needle_sim.studies.design import MOST_VALUES, Design, Plain

_TABLES = ("study", "parameters", "settings")
_STUDY = ("task", "seeds", "seed")
_LARGE = 1e15
_RANGE = ("from", "to", "count")


@dataclass(frozen=True, slots=True, eq=False)
class StudyFile:
    """What a study file asks for: the arguments of `run_study`."""

    task: str
    parameters: Mapping[str, list[Plain]]
    seeds: int
    seed: int
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("parameters", "settings"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def design(self) -> Design:
        """Parameters and seeds crossed."""
        return Design(self.parameters, self.seeds, self.seed)


def read_study(path: Path) -> StudyFile:
    """A study file, read and checked.

    Raises
    ------
    InputError
        The file is too long or no TOML, a table, key, parameter or name is unknown (with the
        nearest), a value is of the wrong kind or out of its limits.
    """
    entries = presets.read_toml(path)
    try:
        made = _made(entries)
        tasks.named(made.task).checked(made.parameters, made.settings)
        made.design  # noqa: B018  (checks that values and seeds can be crossed)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    return made


def _made(entries: Mapping[str, Any]) -> StudyFile:
    _known(entries, ("revision", *_TABLES), "")
    for name in _TABLES:
        if not isinstance(entries.get(name, {}), Mapping):
            raise InputError(f"{name} must be a table: write [{name}]")
    study = entries.get("study", {})
    _known(study, _STUDY, "study.")
    for key in ("task", "seeds"):
        if key not in study:
            raise InputError(f"[study] lacks {key}; known tasks: {', '.join(tasks.NAMES)}")
    task = tasks.named(str(study["task"]))
    given = {name: dict(entries.get(name, {})) for name in ("parameters", "settings")}
    for table, found in given.items():
        for name in found:
            if name not in task.inputs:
                raise InputError(
                    f"{table}.{name} is no parameter of the task {task.name!r}"
                    f"{presets.nearest(name, task.inputs)}"
                )
    values = {name: _values(name, one) for name, one in given["parameters"].items()}
    return StudyFile(task.name, values, study["seeds"], study.get("seed", 0), given["settings"])


def _values(name: str, given: Any) -> list[Plain]:
    """A list of values, one value, or ``{ from, to, count }``."""
    if isinstance(given, list):
        return given
    if not isinstance(given, Mapping):
        return [given]
    _known(given, _RANGE, f"parameters.{name}.")
    missing = [key for key in _RANGE if key not in given]
    if missing:
        raise InputError(f"parameters.{name} lacks {missing[0]}: write {{ from, to, count }}")
    low, high, count = (given[key] for key in _RANGE)
    if not (_number(low) and _number(high)) or not isinstance(count, int):
        raise InputError(f"parameters.{name} needs two numbers and a whole count")
    if not 2 <= count <= MOST_VALUES:
        raise InputError(f"parameters.{name} needs a count from 2 to {MOST_VALUES}, got {count}")
    return [float(one) for one in np.linspace(low, high, count)]


def _number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < _LARGE


def _known(entries: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for key in entries:
        if key not in names:
            raise InputError(f"{where}{key} is not known{presets.nearest(key, names)}")
