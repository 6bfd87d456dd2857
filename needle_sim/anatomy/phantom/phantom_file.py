"""A phantom file: its levels, and every number with spread and range, on top of its base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.numbering import in_order
from needle_sim.anatomy.phantom.sizes import FITTED, MEASURED, OPTIONAL, SIGNED
from needle_sim.errors import InputError, PresetError

BESIDE = {
    "sacrum": ("slope_deg", "length_mm", "width_mm", "curve_deg", "sac_width_mm", "sac_depth_mm"),
    "trunk": (
        "half_width_mm",
        "front_mm",
        "behind_spinous_mm",
        "furrow_mm",
        "skin_mm",
        "subcutis_back_mm",
        "subcutis_side_mm",
        "subcutis_front_mm",
        "wall_mm",
        "multifidus_fat_share",
    ),
    "cord": ("conus_mm",),
    "kidney": (
        "length_mm",
        "width_mm",
        "depth_mm",
        *(f"{side}_{key}_mm" for side in ("left", "right") for key in ("low", "aside", "front")),
    ),
}
"""Sizes beside the vertebrae, by part."""

_ENTRY = frozenset({"value", "sd", "low", "high", "size_share", "source", "mark"})
_WIDE_SD = 5.0  # beyond so many SD of the mean no size is taken (proposed)
_LEAST_SHARE = 0.25  # of the mean: no length is taken below it (proposed)
_FIXED_SHARE = 0.5  # of the value: the range of what does not vary between people (proposed)
RULES = ("sex", "age", "bmi", "population", "artery")

_TOP = frozenset(
    {"revision", "summary", "base", "like", "columns", "levels", "origin", "vertebra"}
    | {"pathology"}
    | set(BESIDE)
    | set(RULES)
)

_Row = NDArray[np.float64]


class Cell(NamedTuple):
    """One number of a phantom: mean, SD, least and greatest, correlation with body size."""

    mean: float
    sd: float
    low: float
    high: float
    size_share: float


def phantom_names() -> list[str]:
    """Names of the shipped phantoms, sorted."""
    return sorted(path.stem for path in presets.folder("phantoms").glob("*.toml"))


@dataclass(slots=True)
class Sheet:
    """A phantom file while it is read."""

    name: str
    summary: str
    levels: tuple[str, ...]
    origin: str
    vertebra: dict[str, dict[str, Cell]]
    beside: dict[str, dict[str, Cell]]
    rules: dict[str, dict[str, Any]]
    pathology: tuple[Mapping[str, Any], ...] = ()

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Every number by the name of its parameter."""
        for field, column in self.vertebra.items():
            for level in self.levels:
                if level not in column:
                    raise PresetError(f"{self.name}.toml: vertebra.{field} has nothing for {level}")
                yield f"{level}_{field}", column[level]
        for part, keys in BESIDE.items():
            yield from ((f"{part}_{key}", self.beside[part][key]) for key in keys)


def sheet(name: str, above: tuple[str, ...] = ()) -> Sheet:
    """Read a shipped phantom by name, or one of your own by its path (``mine.toml``).

    It is read on top of its ``base``, a shipped one or a file beside it; ``above`` are the files
    that led here.
    """
    path = _path(name)
    name, where = path.stem, path.name
    if path.as_posix() in above:
        raise PresetError(f"{where}: base leads back to itself")
    file = presets.read_toml(path)
    base = file.get("base")
    if base is not None:
        found = path.with_name(base).as_posix() if str(base).endswith(".toml") else str(base)
        base = sheet(found, (*above, path.as_posix()))
    for key in file:
        if key not in _TOP:
            raise PresetError(f"{where}: {key} is not a known key{presets.nearest(key, _TOP)}")
    levels, origin = _levels(file, base, where)
    columns = _ordered(file.get("columns", list(levels)), f"{where}: columns")
    rules = {key: {**(base.rules[key] if base else {})} for key in RULES}
    for key in RULES:
        for inner, value in _table(file, key, where).items():
            nested = isinstance(value, Mapping) and "value" not in value
            rules[key][inner] = {**rules[key].get(inner, {}), **value} if nested else value
    own = float(plain_rule(rules["population"], f"{where}: population").get("size_share", 0.0))
    vertebra: dict[str, dict[str, Cell]] = {field: {} for field in MEASURED}
    beside: dict[str, dict[str, Cell]] = {part: {} for part in BESIDE}
    if base is not None:
        like = _table(file, "like", where)
        for field in vertebra:
            old = base.vertebra[field]
            vertebra[field] = {
                level: old[from_level]
                for level in levels
                if (from_level := like.get(level, level)) in old
            }
        beside = {part: dict(cells) for part, cells in base.beside.items()}
    _fill(vertebra, _table(file, "vertebra", where), columns, levels, own, f"{where}: vertebra")
    for part, keys in BESIDE.items():
        share = own if part == "sacrum" else 0.0
        _fill_beside(beside[part], _table(file, part, where), keys, share, f"{where}: {part}")
    summary = str(file.get("summary", base.summary if base else ""))
    ailing = (*(base.pathology if base else ()), *_tables(file, "pathology", where))
    return Sheet(name, summary, levels, origin, vertebra, beside, rules, ailing)


def _path(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    if name not in phantom_names():
        raise PresetError(f"no phantom is called {name!r}{presets.nearest(name, phantom_names())}")
    return presets.folder("phantoms") / f"{name}.toml"


def _table(file: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = file.get(key, {})
    if not isinstance(found, Mapping):
        raise PresetError(f"{where}: {key} must be a table, got {found!r}")
    return found


def _tables(file: Mapping[str, Any], key: str, where: str) -> Iterator[Mapping[str, Any]]:
    """The tables of a list of them, with their numbers checked for source and mark."""
    found = file.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise PresetError(f"{where}: {key} must be a list of tables, [[{key}]], got {found!r}")
    for n, entries in enumerate(found):
        presets.numbers(entries, f"{where}: {key}[{n}].")
        yield entries


def _levels(file: Mapping[str, Any], base: Sheet | None, where: str) -> tuple[tuple[str, ...], str]:
    """The vertebrae of a file from the top, and the one at the origin."""
    levels = _ordered(file.get("levels", list(base.levels) if base else None), f"{where}: levels")
    origin = file.get("origin", base.origin if base else None)
    if origin not in levels[:-1]:
        raise PresetError(f"{where}: origin must be one of {levels[:-1]}, got {origin!r}")
    return levels, str(origin)


def _ordered(levels: Any, where: str) -> tuple[str, ...]:
    if not isinstance(levels, list) or len(set(levels)) != len(levels) or levels[-1:] != ["S1"]:
        raise PresetError(f"{where} must list vertebrae down to S1, got {levels!r}")
    try:
        ordered = in_order(levels)
    except InputError as error:
        raise PresetError(f"{where}: {error}") from error
    if ordered != tuple(levels):
        raise PresetError(f"{where} must run from the top, got {levels}")
    return ordered


def _fill(
    columns: dict[str, dict[str, Cell]],
    entries: Mapping[str, Any],
    levels: Sequence[str],
    built: Sequence[str],
    size_share: float,
    where: str,
) -> None:
    """Put the numbers of [vertebra] in place: a list has one a level, a table is of one level."""
    presets.numbers(entries)
    for field, entry in entries.items():
        if field in levels:
            _known(entry, columns, f"{where}.{field}")
            for name, inner in entry.items():
                (cell,) = _cells(inner, name, 1, size_share, f"{where}.{field}.{name}")
                columns[name][field] = cell
            continue
        _known({field: entry}, columns, where)
        cells = _cells(entry, field, len(levels), size_share, f"{where}.{field}")
        columns[field].update(zip(levels, cells, strict=True))
    for field, (low, high) in OPTIONAL.items():
        for level in (*levels, *built):
            columns[field].setdefault(level, Cell(0.0, 0.0, low, high, 0.0))
    lacking = [field for field, column in columns.items() if not column]
    if lacking:
        raise PresetError(f"{where} lacks {', '.join(lacking)}")


def _fill_beside(
    cells: dict[str, Cell],
    entries: Mapping[str, Any],
    keys: Sequence[str],
    size_share: float,
    where: str,
) -> None:
    presets.numbers(entries)
    _known(entries, keys, where)
    for key, entry in entries.items():
        (cells[key],) = _cells(entry, key, 1, size_share, f"{where}.{key}")
    lacking = [key for key in keys if key not in cells]
    if lacking:
        raise PresetError(f"{where} lacks {', '.join(lacking)}")


def _known(entries: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in entries:
        if key in FITTED:
            raise PresetError(f"{where}.{key} follows from the vertebra below: leave it out")
        if key not in known:
            raise PresetError(f"{where}.{key} is not a known key{presets.nearest(key, known)}")


def _cells(entry: Any, name: str, count: int, size_share: float, where: str) -> Iterator[Cell]:
    if not isinstance(entry, Mapping) or "value" not in entry or not set(entry) <= _ENTRY:
        raise PresetError(f"{where} needs value, sd, source and mark, and may have low and high")
    mean, sd = (_numbers(entry.get(key), count, f"{where}.{key}") for key in ("value", "sd"))
    length = name.endswith("_mm") and name not in SIGNED
    room = np.where(sd > 0, _WIDE_SD * sd, _FIXED_SHARE * np.abs(mean))
    low = np.maximum(mean - room, _LEAST_SHARE * mean) if length else mean - room
    bounds = {"low": low, "high": mean + room}
    for key in bounds:
        if key in entry:
            bounds[key] = _numbers(entry[key], count, f"{where}.{key}")
    share = float(entry.get("size_share", size_share if name.endswith("_mm") else 0.0))
    for n in range(count):
        if sd[n] < 0 or not bounds["low"][n] <= mean[n] <= bounds["high"][n]:
            raise PresetError(
                f"{where}: the mean {mean[n]:g} must lie from low {bounds['low'][n]:g} to high "
                f"{bounds['high'][n]:g}, and sd {sd[n]:g} must not be negative"
            )
        yield Cell(mean[n], sd[n], bounds["low"][n], bounds["high"][n], share)


def _numbers(given: Any, count: int, where: str) -> _Row:
    values = given if isinstance(given, list) else [given] * count
    plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if len(values) != count or not plain:
        raise PresetError(f"{where} needs {count} numbers, one a level, got {given}")
    return np.array(values, dtype=np.float64)


def plain_rule(entries: Mapping[str, Any], where: str) -> dict[str, float]:
    """Single numbers of a table of rules by key; each has a source and a mark."""
    found = {}
    presets.numbers(entries, f"{where}.")
    for key, entry in entries.items():
        value = entry.get("value") if isinstance(entry, Mapping) else entry
        if not isinstance(entry, Mapping) or not isinstance(value, int | float):
            raise PresetError(f"{where}.{key} needs a number with source and mark, got {entry!r}")
        found[key] = float(value)
    return found
