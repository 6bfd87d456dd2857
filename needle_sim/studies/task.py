"""`Task`: what a study does with each sample, and what it may be given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.studies.design import Plain, Samples

Answer = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Work = Callable[[Samples, Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class Input:
    """Something that a named task can be given, as a parameter or as a setting.

    Parameters
    ----------
    kind : "text", "number", "whole" or "yes/no"
    words : str
        What it is.
    default : bool, int, float, str or None
        None: left to what it belongs to.
    least, most : float, optional
        Of a number.
    known : callable, optional
        Returns the names that a text may take.
    """

    kind: Literal["text", "number", "whole", "yes/no"]
    words: str
    default: Plain | None = None
    least: float = -math.inf
    most: float = math.inf
    known: Callable[[], Sequence[str]] | None = None

    def checked(self, name: str, value: object) -> Plain:
        """The value, or `InputError` with the limit or the nearest name."""
        fits = {
            "text": isinstance(value, str),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "whole": isinstance(value, int) and not isinstance(value, bool),
            "yes/no": isinstance(value, bool),
        }
        if not fits[self.kind]:
            raise InputError(f"{name} must be a {self.kind}, got {value!r:.60}")
        plain: Any = value
        if self.kind in ("number", "whole") and not self.least <= plain <= self.most:
            raise InputError(f"{name} must be {self.least:g} to {self.most:g}, got {plain!r:.60}")
        if self.known is not None and value not in self.known():
            raise InputError(
                f"{name}: there is no {value!r:.60}{presets.nearest(str(value), self.known())}"
            )
        return float(plain) if self.kind == "number" else plain


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A named task: ``work(samples, settings)`` returns columns, or a row for each sample.

    ``inputs`` are what [parameters] and [settings] may name; ``work`` finds the settings complete,
    with defaults, and a sample's own parameters over them.
    """

    name: str
    words: str
    inputs: Mapping[str, Input]
    work: Work

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))

    def checked(
        self, parameters: Mapping[str, Sequence[Plain]], settings: Mapping[str, Any]
    ) -> tuple[dict[str, list[Plain]], dict[str, Any]]:
        """Parameters and complete settings; an unknown name, a wrong value are `InputError`."""
        for name in (*parameters, *settings):
            if name not in self.inputs:
                raise InputError(
                    f"{name} is no parameter of the task {self.name!r}"
                    f"{presets.nearest(name, self.inputs)}"
                )
        both = sorted(set(parameters) & set(settings))
        if both:
            raise InputError(f"{both[0]} is a parameter and a setting; keep one of them")
        varied = {
            name: [self.inputs[name].checked(name, one) for one in values]
            for name, values in parameters.items()
        }
        fixed = {name: one.default for name, one in self.inputs.items() if name not in parameters}
        fixed.update({name: self.inputs[name].checked(name, settings[name]) for name in settings})
        return varied, fixed
