"""The named tasks of studies: what `run_study` and a study file can ask for by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.studies.task import Task

_HOMES = {"coverage": "coverage", "executions": "hands", "run": "whole_runs"}
NAMES = tuple(_HOMES)


def named(name: str) -> Task:
    """A task by name."""
    if name not in _HOMES:
        raise InputError(f"no task is called {name!r:.60}{presets.nearest(name, NAMES)}")
    found: Task = import_module(f"needle_sim.studies.{_HOMES[name]}").TASK
    return found


def all_named() -> Mapping[str, Task]:
    """Every named task."""
    return MappingProxyType({name: named(name) for name in NAMES})
