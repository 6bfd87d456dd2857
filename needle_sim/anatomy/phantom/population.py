"""`Population`: the sizes of many people who are drawn from one phantom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.draw import drawn, levelled, sex_of
from needle_sim.anatomy.phantom.person import AGES_Y, BMIS, Person, Sex
from needle_sim.anatomy.phantom.size_table import SizeTable, close, size_table
from needle_sim.anatomy.phantom.spec import SpineSpec, generator, spine_of
from needle_sim.errors import InputError

PER_SEED = 1_000_000
"""``sample_population(seed=s)`` begins with the person of ``build_phantom(seed=s * PER_SEED)``."""
_CHUNK = 500  # people at once: their arrays stay small


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """People drawn from a phantom.

    Parameters
    ----------
    names : tuple of str
        Parameters: ``L4_pedicle_width_mm``, ``sacrum_slope_deg``, ``trunk_skin_mm`` ...
    values : (n, P) array, in the unit that ends each name
        One row a person.
    seeds : (n,) array
        ``build_phantom(name, seed=seeds[i], ...)`` builds person i.
    male, age, bmi : (n,) array
        1.0 for men, 0.0 for women; years and kg/m2, NaN where none was given.
    redrawn : (n,) array
        How often each was drawn again because its spine could not be.
    artery : (n, 3) array
        Normal numbers that say who has a great radiculomedullary artery, and where.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    seeds: NDArray[np.int64]
    male: NDArray[np.float64]
    age: NDArray[np.float64]
    bmi: NDArray[np.float64]
    redrawn: NDArray[np.int64]
    artery: NDArray[np.float64]
    table: SizeTable = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("values", "seeds", "male", "age", "bmi", "redrawn", "artery"):
            getattr(self, name).flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def redrawn_share(self) -> float:
        """Draws that were thrown away, over all draws."""
        return float(self.redrawn.sum() / (self.redrawn.sum() + len(self)))

    def column(self, name: str) -> NDArray[np.float64]:
        """One parameter of everybody (n,)."""
        if name not in self.names:
            raise InputError(f"no size is called {name!r}{close(name, self.table)}")
        return self.values[:, self.names.index(name)]

    def person(self, index: int) -> Person:
        """Sex, age and BMI of one of them."""
        age, bmi = (
            None if np.isnan(one[index]) else float(one[index]) for one in (self.age, self.bmi)
        )
        return Person(sex_of(self.male[index]), age, bmi)

    def spine(self, index: int) -> SpineSpec:
        """The spine of one of them."""
        return spine_of(self.table, self.values[index], self.person(index), self.artery[index])

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat row a person: seed, sex, age, BMI, artery, then every parameter."""
        rows = []
        for index, values in enumerate(self.values):
            who = self.person(index)
            row: dict[str, Any] = {"seed": int(self.seeds[index]), "sex": who.sex}
            row |= {"age_y": who.age, "bmi_kg_m2": who.bmi, "redrawn": int(self.redrawn[index])}
            entry = self.table.artery.of(self.artery[index])
            row["radiculomedullary_artery"] = None if entry is None else str(entry)
            rows.append(row | dict(zip(self.names, values.tolist(), strict=True)))
        return rows


def sample_population(
    n: int,
    seed: int = 0,
    *,
    name: str = "lumbar_normal",
    sex: Sex | None = None,
    age: ArrayLike | None = None,
    bmi: ArrayLike | None = None,
) -> Population:
    """Draw the sizes of people from a phantom's population.

    Parameters
    ----------
    n : int
        How many, up to 1 000 000.
    seed : int
        Person i is the one that ``build_phantom(name, seed=seed * 1_000_000 + i)`` builds.
    name : str
        A file of ``phantoms/``.
    sex : "female", "male" or None
        ``None`` draws it for each.
    age, bmi : float, (n,) array or None
        Years and kg/m2, of all or of each.

    Returns
    -------
    Population
        Lengths share a factor of body size and, in part, of sex; what these leave runs smoothly
        over the levels. Spines that cannot be are drawn again.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= PER_SEED:
        raise InputError(f"n must be a whole number from 1 to {PER_SEED}, got {n!r}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be a whole number of 0 or more, got {seed!r}")
    table = size_table(name)
    code = {"male": 1.0, "female": 0.0, None: np.nan}[Person(sex).sex]
    male = np.full(n, code)
    ages, bmis = _each(age, n, "age", AGES_Y), _each(bmi, n, "bmi", BMIS)
    seeds = int(seed) * PER_SEED + np.arange(n)
    parts = []
    for low in range(0, n, _CHUNK):
        part = slice(low, low + _CHUNK)
        rngs = [generator(int(one)) for one in seeds[part]]
        parts.append(drawn(table, rngs, (male[part], ages[part], bmis[part])))
    values, male, again, artery = (np.concatenate(one) for one in zip(*parts, strict=True))
    values = levelled(table, values)
    return Population(table.names, values, seeds, male, ages, bmis, again, artery, table)


def _each(
    given: ArrayLike | None, n: int, name: str, limits: Sequence[float]
) -> NDArray[np.float64]:
    if given is None:
        return np.full(n, np.nan)
    values = np.array(given, dtype=np.float64)
    if values.shape not in ((), (n,)):
        raise InputError(f"{name} must be one number or one for each of {n}, got {values.shape}")
    values = np.array(np.broadcast_to(values, n))
    if not ((values >= limits[0]) & (values <= limits[1])).all():
        raise InputError(
            f"{name} must lie from {limits[0]:g} to {limits[1]:g}, "
            f"got {values.min():g} to {values.max():g}"
        )
    return values
