"""`SizeTable`: every number of a phantom file in one row, with its spread, range and rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.phantom.artery_rates import NOBODY, ArteryRates, artery_rates
from needle_sim.anatomy.phantom.phantom_file import BESIDE, Cell, Sheet, plain_rule, sheet
from needle_sim.anatomy.phantom.sizes import OPTIONAL
from needle_sim.errors import InputError, PresetError

if TYPE_CHECKING:
    from needle_sim.anatomy.phantom.pathology.kind import Pathology

_Row = NDArray[np.float64]
Sizes = dict[str, _Row]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How some sizes follow age or BMI: straight lines between knots (K, 2), neutral at one."""

    where: NDArray[np.int64]
    knots: _Row
    times: bool

    def at(self, value: _Row) -> _Row:
        """Factor or addend (n,) at ages or BMIs (n,); NaN is nobody's and changes nothing."""
        found: _Row = np.interp(value, self.knots[:, 0], self.knots[:, 1])
        return np.where(np.isnan(value), 1.0 if self.times else 0.0, found)


@dataclass(frozen=True, slots=True, eq=False)
class SizeTable:
    """The numbers of a phantom file.

    Parameters
    ----------
    name, summary : str
        Of the phantom.
    levels : tuple of str
        Vertebrae from the top, S1 last.
    origin : str
        The vertebra whose body lies level, its centre the patient's origin.
    fields : tuple of str
        Sizes of a vertebra, in the order of the file.
    names : tuple of str, (P,)
        Parameters: ``L4_pedicle_width_mm``, field by field, then ``sacrum_slope_deg``,
        ``trunk_skin_mm`` ...
    mean, sd, low, high, size_share : (P,) array
        Between people, both sexes; range that is taken; correlation with body size.
    sex_ratio : (P,) array
        Men's mean over women's.
    level_share : float
        Correlation of neighbouring levels in what body size leaves over.
    age, bmi : tuple of Rule
        What follows them.
    pathology : tuple of Pathology
        What everybody of this phantom has.
    artery : ArteryRates
        Who has a great radiculomedullary artery, and where.
    """

    name: str
    summary: str
    levels: tuple[str, ...]
    origin: str
    fields: tuple[str, ...]
    names: tuple[str, ...]
    mean: _Row
    sd: _Row
    low: _Row
    high: _Row
    size_share: _Row
    sex_ratio: _Row
    level_share: float
    age: tuple[Rule, ...]
    bmi: tuple[Rule, ...]
    pathology: tuple[Pathology, ...] = ()
    artery: ArteryRates = NOBODY

    def of_vertebrae(self, values: _Row) -> dict[str, _Row]:
        """Values (n, P) of the vertebrae by field (n, levels)."""
        shape = len(values), len(self.fields), len(self.levels)
        grid = values[:, : shape[1] * shape[2]].reshape(shape)
        return {field: grid[:, n] for n, field in enumerate(self.fields)}

    def beside(self, part: str, values: _Row) -> dict[str, _Row]:
        """Values (n, P) of one of `BESIDE` by key (n,)."""
        return {key: values[:, self.names.index(f"{part}_{key}")] for key in BESIDE[part]}

    def parts(self, values: _Row) -> tuple[tuple[str, ...], Sizes, Sizes, Sizes]:
        """Levels, and values (n, P) of vertebrae, sacrum and trunk, as `margins` takes them."""
        sacrum, trunk = (self.beside(part, values) for part in ("sacrum", "trunk"))
        return self.levels, self.of_vertebrae(values), sacrum, trunk

    @property
    def varies(self) -> NDArray[np.bool_]:
        """What is drawn (P,): all but what a file may leave out and gives no spread."""
        left_out = np.zeros(len(self.names), dtype=bool)
        for field in set(OPTIONAL) & set(self.fields):
            where = self.places(field)
            left_out[where] = not self.sd[where].any()
        return ~left_out

    def places(self, key: str) -> NDArray[np.int64]:
        """Where a parameter stands: its own name, or a field for all levels; else `KeyError`."""
        count = len(self.levels)
        if key in self.fields:
            return np.arange(count) + count * self.fields.index(key)
        name = key.replace(".", "_", 1)
        if name in self.names:
            return np.array([self.names.index(name)])
        raise KeyError(key)


def size_table(name: str) -> SizeTable:
    """Read a shipped phantom by name, or one of your own by its path (``mine.toml``)."""
    read = sheet(name)
    cells = dict(read.cells())
    named, columns = tuple(cells), np.array(list(cells.values()))
    parts: dict[str, Any] = {
        "name": read.name,
        "summary": read.summary,
        "levels": read.levels,
        "origin": read.origin,
        "fields": tuple(read.vertebra),
        "names": named,
        **{key: columns[:, n] for n, key in enumerate(Cell._fields)},
    }
    bare = SizeTable(
        **parts, sex_ratio=np.ones(len(named)), level_share=0.0, age=(), bmi=()
    )  # that knows where parameters stand
    ratio = _ratios(bare, read)
    spread = columns[:, 0] * (ratio - 1.0) / (ratio + 1.0)
    for n in np.flatnonzero(np.abs(spread) > columns[:, 1] + 1e-9):
        raise PresetError(
            f"{read.name}.toml: {named[n]} differs by {2 * abs(spread[n]):.2g} between the sexes, "
            f"more than its sd of {columns[n, 1]:g} allows; raise the sd or lower the ratio"
        )
    shared = plain_rule(read.rules["population"], f"{read.name}.toml: population")
    return SizeTable(
        **parts,
        sex_ratio=ratio,
        level_share=shared.get("level_share", 0.0),
        age=tuple(_rules(bare, read, "age")),
        bmi=tuple(_rules(bare, read, "bmi")),
        pathology=_pathology(read),
        artery=artery_rates(read.rules["artery"], f"{read.name}.toml: artery"),
    )


def _pathology(read: Sheet) -> tuple[Pathology, ...]:
    """The tables [[pathology]], in the order in which they are built."""
    from needle_sim.anatomy.phantom.pathology.kinds import from_table, ordered

    found = []
    for n, entries in enumerate(read.pathology):
        try:
            found.append(from_table(entries))
        except InputError as error:
            raise PresetError(f"{read.name}.toml: pathology[{n}]: {error}") from error
    return ordered(found)


def _ratios(table: SizeTable, read: Sheet) -> _Row:
    """Men over women (P,): of single sizes where [sex] names them, else of all lengths."""
    where = f"{read.name}.toml: sex"
    found = plain_rule(read.rules["sex"], where)
    grow = np.array([name.endswith("_mm") and name[:5] != "trunk" for name in table.names])
    ratio = np.where(grow, found.pop("lengths", 1.0), 1.0)
    for key, value in found.items():
        ratio[_places(table, key, where)] = value
    if not (ratio > 0).all():
        raise PresetError(f"{where}: ratios must be positive")
    return np.asarray(ratio)


def _rules(table: SizeTable, read: Sheet, kind: str) -> Iterator[Rule]:
    """The rules of [age] or [bmi]; each is neutral at the reference, where the means are."""
    entries = read.rules[kind]
    if not entries:
        return
    where = f"{read.name}.toml: {kind}"
    presets.numbers(entries, f"{where}.")
    reference = entries.get("reference", {}).get("value")
    if not isinstance(reference, int | float):
        raise PresetError(
            f"{where} needs a reference with a value: where the means of the file are"
        )
    for how, inner in entries.items():
        if how not in ("reference", "times", "add"):
            raise PresetError(f"{where}.{how} is not known; use reference, times and add")
        for key, entry in inner.items() if how != "reference" else ():
            knots = np.array(entry.get("value"), dtype=np.float64)
            rising = knots.ndim == 2 and knots.shape[1] == 2 and (np.diff(knots[:, 0]) > 0).all()
            neutral = 1.0 if how == "times" else 0.0
            if not rising or abs(np.interp(reference, *knots.T) - neutral) > 1e-9:
                raise PresetError(
                    f"{where}.{how}.{key} needs pairs [{kind}, number] that rise in {kind} and "
                    f"pass {neutral:g} at {reference:g}, got {entry.get('value')}"
                )
            yield Rule(_places(table, key, f"{where}.{how}"), knots, how == "times")


def _places(table: SizeTable, key: str, where: str) -> NDArray[np.int64]:
    try:
        return table.places(key)
    except KeyError:
        raise PresetError(f"{where}.{key} is no size{close(key, table)}") from None


def close(key: str, table: SizeTable) -> str:
    """`"; did you mean 'x'?"` for a name that is no parameter of a phantom."""
    known = (*table.fields, *table.names)
    found = difflib.get_close_matches(key.replace(".", "_", 1), known, n=1)
    hint = f"; did you mean {found[0]!r}?" if found else "."
    return f"{hint} Names are those of {table.name}.toml, like L4_pedicle_width_mm or trunk_skin_mm"
