"""`Identity`: all that the numbers of a study depend on, so that two are never mixed."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType
from typing import Any

from needle_sim import __version__, presets
from needle_sim.errors import InputError
from needle_sim.studies.design import Design
from needle_sim.studies.task import Work

SCHEMA = "needle_sim.study/1"
DISCLAIMER = "Simulation for rehearsal and research. Not for clinical use."
_BESIDE = ("numpy", "scipy", "numba")
_SHOWN = 3


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What ``study.json`` holds: task, parameters, seeds, settings, versions."""

    content: Mapping[str, Any]

    @classmethod
    def of(cls, task: str | Work, design: Design, settings: Mapping[str, Any]) -> Identity:
        """Of a study that is about to run; `InputError` where settings are not plain values."""
        made = {
            "schema": SCHEMA,
            "disclaimer": DISCLAIMER,
            "task": _name(task),
            "parameters": {name: list(values) for name, values in design.parameters.items()},
            "seeds": design.seeds,
            "seed": design.seed,
            "settings": dict(settings),
            "source": _source(task),
            "presets": _presets(),
            "versions": {
                "needle_sim": __version__,
                **{name: metadata.version(name) for name in _BESIDE},
            },
        }
        try:
            plain = json.loads(json.dumps(made, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"settings must be plain values (text, numbers, lists, tables): {error}"
            ) from error
        return cls(MappingProxyType(plain))

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        text = json.dumps(dict(self.content), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def text(self) -> str:
        """As ``study.json`` holds it."""
        return json.dumps({**self.content, "digest": self.digest}, indent=2, ensure_ascii=False)

    def check(self, known: Mapping[str, Any], where: str) -> None:
        """Refuse a folder that holds a study with other content; names what changed."""
        was = {name: value for name, value in known.items() if name != "digest"}
        changes = list(_changes(was, dict(self.content), ""))
        if not changes:
            return
        more = f" (and {len(changes) - _SHOWN} more)" if len(changes) > _SHOWN else ""
        raise InputError(
            f"{where} holds another study: {'; '.join(changes[:_SHOWN])}{more}. Its results are "
            "kept and never mixed: give another folder"
        )


def _changes(was: Any, now: Any, key: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*was, *now]):
            yield from _changes(was.get(name), now.get(name), f"{key}.{name}".lstrip("."))
    elif was != now or type(was) is not type(now):
        yield f"{key} was {_short(was)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _name(task: str | Work) -> str:
    if isinstance(task, str):
        return task
    name = getattr(task, "__qualname__", None)
    if name is None:
        raise InputError(
            f"a task needs a name, got {task!r:.60}; wrap it in a function (def) and give its "
            "arguments as settings"
        )
    return f"{task.__module__}.{name}"


def _source(task: str | Work) -> str | None:
    """Digest of a function's text, where there is one: an edited task is another study."""
    if isinstance(task, str):
        return None
    try:
        text = inspect.getsource(task)
    except (OSError, TypeError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _presets() -> str:
    """One digest of all shipped presets and phantoms."""
    text = json.dumps(presets.digests(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
