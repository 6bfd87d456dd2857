"""`SpineSpec`: the sizes of a spine, read from ``phantoms/`` or drawn from its population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.numbering import in_order
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.draw import codes, drawn, levelled, sex_of
from needle_sim.anatomy.phantom.margins import faults
from needle_sim.anatomy.phantom.overrides import overridden
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from needle_sim.anatomy.phantom.size_table import SizeTable, size_table
from needle_sim.anatomy.phantom.sizes import FIELDS, VertebraSpec
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.phantom.pathology.kind import Pathology

__all__ = [
    "FIELDS",
    "SpineSpec",
    "VertebraSpec",
    "generator",
    "phantom_names",
    "spine_spec",
    "spreads",
]

_NOBODY = Person()


@dataclass(frozen=True, slots=True)
class SpineSpec:
    """The sizes of a spine on its sacrum, and of the trunk around it.

    Parameters
    ----------
    name : str
        Of the phantom file.
    vertebrae : mapping of str to VertebraSpec
        From the top, S1 last, as they were drawn (the inferior joints not yet fitted to the bone
        below).
    sacrum, trunk : mapping of str to float
        Sizes by name, in the unit that ends it.
    cord : mapping of str to float
        ``conus_mm``: how far the tip of the conus lies below the middle of L1.
    kidney : mapping of str to float
        Sizes of the kidneys, and where each lies (`needle_sim.anatomy.phantom.kidney`).
    origin : str
        The vertebra whose body lies level, its centre the patient's origin.
    person : Person
        Sex, age and BMI, as far as they were given or drawn.
    pathology : tuple of Pathology
        What it has, in the order in which it is built; the sizes are those without it
        (`needle_sim.anatomy.phantom.pathology.draft.afflicted` gives those with it).
    artery : Entry or None
        The root that the great radiculomedullary artery runs with.
    """

    name: str
    vertebrae: Mapping[str, VertebraSpec]
    sacrum: Mapping[str, float]
    trunk: Mapping[str, float]
    cord: Mapping[str, float]
    kidney: Mapping[str, float]
    origin: str = "L3"
    person: Person = _NOBODY
    pathology: tuple[Pathology, ...] = ()
    artery: Entry | None = None

    def __post_init__(self) -> None:
        for level in ("S1", self.origin):
            if level not in self.vertebrae:
                raise InputError(f"{self.name} lacks {level}; it has {', '.join(self.vertebrae)}")
        ordered = {level: self.vertebrae[level] for level in in_order(self.vertebrae)}
        object.__setattr__(self, "vertebrae", ordered)
        for name in ("vertebrae", "sacrum", "trunk", "cord", "kidney"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def levels(self) -> tuple[str, ...]:
        """Vertebrae from the top."""
        return tuple(self.vertebrae)


def spine_spec(
    name: str = "lumbar_normal",
    *,
    rng: np.random.Generator | None = None,
    person: Person = _NOBODY,
    overrides: Mapping[str, float] = MappingProxyType({}),
) -> SpineSpec:
    """Read a phantom, and draw one of its population.

    Parameters
    ----------
    name : str
        A file of ``phantoms/``.
    rng : Generator or None
        Draws a patient; ``None`` is the mean one. Spines that cannot be (see
        `needle_sim.anatomy.phantom.sound.sound`) are drawn again.
    person : Person
        Sex, age, BMI; a sex that is not given is drawn with the rest.
    overrides : mapping of str to float
        Sizes that are set: ``L4_pedicle_width_mm``, ``pedicle_width_mm`` (all levels),
        ``sacrum_slope_deg``, ``trunk_half_width_mm`` ...

    Returns
    -------
    SpineSpec
        The body of its origin lies level: the sacral slope takes up what lordosis below it
        differs from the phantom's.

    Raises
    ------
    InputError
        An override that is not known or out of its range, or a spine that cannot be.
    """
    table = size_table(name)
    given = overridden(table, overrides)
    found = drawn(table, None if rng is None else [rng], codes([person]))
    values = found.values
    for where, value in given.items():
        values[0, where] = value
    values = levelled(table, values, fixed=table.names.index("sacrum_slope_deg") in given)
    person = replace(person, sex=sex_of(found.male[0]))
    spine = spine_of(table, values[0], person, found.artery[0])
    if given:
        wrong = faults(*table.parts(values))
        if wrong:
            raise InputError(
                f"these sizes do not go together: {'; '.join(wrong)}; change others with them"
            )
    return spine


def spine_of(
    table: SizeTable,
    values: NDArray[np.float64],
    person: Person,
    artery: NDArray[np.float64],
) -> SpineSpec:
    """The spine of one row of values (P,) and of the normal numbers (3,) of its artery."""
    row = values[None]
    sizes = {field: one[0] for field, one in table.of_vertebrae(row).items()}
    specs = {}
    for n, level in enumerate(table.levels):
        try:
            specs[level] = VertebraSpec(**{field: float(one[n]) for field, one in sizes.items()})
        except InputError as error:
            raise InputError(f"{table.name}: {level}: {error}") from error
    beside = {
        part: {key: float(one[0]) for key, one in table.beside(part, row).items()}
        for part in ("sacrum", "trunk", "cord", "kidney")
    }
    return SpineSpec(
        table.name,
        specs,
        **beside,
        origin=table.origin,
        person=person,
        pathology=table.pathology,
        artery=table.artery.of(artery),
    )


def generator(seed: int) -> np.random.Generator:
    """The generator of a patient's anatomy for a seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be a whole number of 0 or more, got {seed!r}")
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(0,)))


def spreads(name: str, level: str) -> dict[str, float]:
    """SD of each size of a vertebra between people, by field."""
    table = size_table(name)
    if level not in table.levels:
        raise InputError(f"{name} has no {level}; it has {', '.join(table.levels)}")
    at = table.levels.index(level)
    return {field: float(one[0, at]) for field, one in table.of_vertebrae(table.sd[None]).items()}
