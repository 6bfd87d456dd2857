"""`Design`: parameters crossed with each other and with seeds; `Sample`: one of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import overload

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.studies import randomness

Plain = bool | int | float | str
RESERVED = ("index", "repeat", "failed")
MOST_SAMPLES = 10_000_000
MOST_VALUES = 100_000
_MOST_PARAMETERS, _MOST_TEXT, _MOST_WHOLE = 30, 200, 2**53


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Each combination of parameters, ``seeds`` times.

    Parameters
    ----------
    parameters : mapping of str to sequence
        Values of each; the last one varies fastest.
    seeds : int
        Samples of each combination.
    seed : int
        Of the study: sample ``index`` draws from ``SeedSequence([seed, index])``.
    """

    parameters: Mapping[str, Sequence[Plain]]
    seeds: int
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.parameters) > _MOST_PARAMETERS:
            raise InputError(f"at most {_MOST_PARAMETERS} parameters, got {len(self.parameters)}")
        checked = {name: _values(name, one) for name, one in self.parameters.items()}
        object.__setattr__(self, "parameters", MappingProxyType(checked))
        _whole("seeds", self.seeds, 1, MOST_SAMPLES)
        _whole("seed", self.seed, 0, randomness.MOST_SEED)
        if len(self) > MOST_SAMPLES:
            raise InputError(
                f"{self.points} combinations times {self.seeds} seeds are {len(self)} samples; at "
                f"most {MOST_SAMPLES}: take fewer values or seeds"
            )

    def __len__(self) -> int:
        return self.points * self.seeds

    def __reduce__(self) -> tuple[object, ...]:
        return Design, (dict(self.parameters), self.seeds, self.seed)

    @property
    def points(self) -> int:
        """Combinations of parameters."""
        return math.prod(len(one) for one in self.parameters.values())

    @property
    def varying(self) -> tuple[str, ...]:
        """Parameters with more than one value."""
        return tuple(name for name, one in self.parameters.items() if len(one) > 1)

    def point(self, number: int) -> Mapping[str, Plain]:
        """One combination by its number."""
        found: dict[str, Plain] = {}
        for name in reversed(tuple(self.parameters)):
            number, place = divmod(number, len(self.parameters[name]))
            found[name] = self.parameters[name][place]
        return MappingProxyType({name: found[name] for name in self.parameters})


@dataclass(frozen=True, slots=True)
class Sample:
    """One combination of parameters with one seed.

    Parameters
    ----------
    index : int
        In the study, from 0.
    repeat : int
        Which of the seeds of its combination.
    parameters : mapping of str to bool, int, float or str
    study_seed : int
    """

    index: int
    repeat: int
    parameters: Mapping[str, Plain]
    study_seed: int

    @property
    def seed(self) -> np.random.SeedSequence:
        """Where all randomness of this sample comes from."""
        return np.random.SeedSequence([self.study_seed, self.index])

    def rng(self) -> np.random.Generator:
        """A fresh generator from `seed`; each call starts it anew."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Samples(Sequence[Sample]):
    """Samples ``start`` to ``stop`` of a design: what a task is given at once."""

    design: Design
    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= len(self.design):
            raise InputError(
                f"samples {self.start} to {self.stop} are not in a study of {len(self.design)}"
            )

    def __len__(self) -> int:
        return self.stop - self.start

    @overload
    def __getitem__(self, place: int) -> Sample: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sample]: ...
    def __getitem__(self, place: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        index = range(self.start, self.stop)[place]
        point, repeat = divmod(index, self.design.seeds)
        return Sample(index, repeat, self.design.point(point), self.design.seed)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Index of each (N,)."""
        return np.arange(self.start, self.stop)

    def by_point(self) -> Iterator[tuple[Mapping[str, Plain], Samples]]:
        """Runs of samples of one combination each, in order."""
        start, seeds = self.start, self.design.seeds
        while start < self.stop:
            number = start // seeds
            stop = min(self.stop, (number + 1) * seeds)
            yield self.design.point(number), Samples(self.design, start, stop)
            start = stop

    def normals(self, count: int) -> NDArray[np.float64]:
        """Standard normal numbers (N, count), each row from its sample's seed alone."""
        return randomness.normals(self.design.seed, self.indices, count)


def _values(name: str, values: object) -> tuple[Plain, ...]:
    if not name.isidentifier() or len(name) > _MOST_TEXT:
        raise InputError(f"a parameter needs a name like angle_deg, got {name!r:.60}")
    if name in RESERVED:
        raise InputError(f"a parameter must not be called {name}; a study has that column itself")
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise InputError(f"{name} must be a list of values, got {values!r:.60}")
    if not 1 <= len(values) <= MOST_VALUES:
        raise InputError(f"{name} needs 1 to {MOST_VALUES} values, got {len(values)}")
    found = tuple(one.item() if isinstance(one, np.generic) else one for one in values)
    kinds = {"number" if type(one) in (int, float) else type(one).__name__ for one in found}
    if len(kinds) > 1 or not kinds <= {"number", "bool", "str"}:
        raise InputError(f"{name} must hold numbers, texts or yes/no alone, got {sorted(kinds)}")
    for one in found:
        if isinstance(one, float) and not math.isfinite(one):
            raise InputError(f"{name} must be finite, got {one}")
        if isinstance(one, int) and abs(one) > _MOST_WHOLE:
            raise InputError(f"a whole number of {name} must be within 2 to the 53")
        if isinstance(one, str) and len(one) > _MOST_TEXT:
            raise InputError(f"a text of {name} has {len(one)} letters; at most {_MOST_TEXT}")
    if any(type(one) is float for one in found):
        found = tuple(float(one) for one in found)
    if len(set(found)) < len(found):
        raise InputError(f"{name} holds a value twice; give each once and more seeds instead")
    return found


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}, got {value!r}")
