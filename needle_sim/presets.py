"""Finds a shipped TOML (in the wheel or the checkout) and reads it into nouns.

A preset file holds a ``revision``, and one table a preset. A number that needs a source is written
as ``{ value = 80.0, source = "doi:...", mark = "read" }``, with an ``sd`` where it varies between
people; the marks are *read* (in the source),
*memory* (not checked yet), *derived* and *proposed*. `Number` keeps the three together, `plain`
strips a table down to its values.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import functools
import hashlib
import math
import threading
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from needle_sim.errors import PresetError

Mark = Literal["read", "memory", "derived", "proposed"]
MOST_BYTES = 2_000_000
_HERE = Path(__file__).resolve().parent
_Noun = TypeVar("_Noun")
# msgspec 0.22 crashes where two threads meet a dataclass for the first time
_turn = threading.RLock()


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """A value with the place it comes from and how far it was checked."""

    value: Any
    source: str
    mark: Mark


def folder(name: Literal["presets", "phantoms"]) -> Path:
    """The folder of shipped files: inside the package, or in the checkout beside it."""
    inside = _HERE / "data" / name
    checkout = _HERE.parent / name
    return inside if inside.is_dir() else checkout


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file from anyone: size-limited, no numbers that are not finite."""
    try:
        if path.exists() and not path.is_file():
            raise PresetError(f"{path.name} is no file; give a TOML file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise PresetError(f"{path.name} is too long: at most {MOST_BYTES} bytes are read")
        table = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # also a whole number without end
        raise PresetError(f"{path.name} cannot be read as TOML: {error}") from error
    for key, value in _leaves(table, ""):
        if isinstance(value, float) and not math.isfinite(value):
            raise PresetError(f"{path.name}: {key} must be finite, got {value}")
    return table


def table(file: str, name: str) -> dict[str, Any]:
    """One table of a shipped preset file, e.g. ``table("needles", "rf_18g_10mm")``."""
    found = _shipped(file)
    if name not in found or not isinstance(found[name], dict):
        raise PresetError(f"{file}.toml has no preset {name!r}{nearest(name, names(file))}")
    chosen: dict[str, Any] = copy.deepcopy(found[name])
    return chosen


def names(file: str) -> list[str]:
    """Names of the presets in a shipped file, sorted."""
    return sorted(name for name, value in _shipped(file).items() if isinstance(value, dict))


def _shipped(file: str) -> dict[str, Any]:
    """A shipped file, parsed once for as long as it is not written to; nobody may change it."""
    path = folder("presets") / f"{file}.toml"
    written = path.stat() if path.is_file() else None
    return _parsed(path, written and (written.st_mtime_ns, written.st_size))


@functools.lru_cache(maxsize=32)
def _parsed(path: Path, written: tuple[int, int] | None) -> dict[str, Any]:
    return read_toml(path)


def into(noun: type[_Noun], entries: Mapping[str, Any], *, where: str) -> _Noun:
    """Build a noun (a dataclass) from a table; a fault names file, table and key.

    Keys that a preset may hold beside the noun's fields are ``summary``, ``source`` and ``mark``.
    """
    fields = {field.name for field in dataclasses.fields(noun)}  # type: ignore[arg-type]
    values = plain({k: v for k, v in entries.items() if k in fields or k not in _BESIDE})
    _check_keys(values, noun, where)
    try:
        with _turn:
            return msgspec.convert(values, noun, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise PresetError(_placed(str(error), where)) from error


def _placed(text: str, where: str) -> str:
    """A message of msgspec with the place first: ``file: table.key: what is wrong``."""
    text = text.replace("Object missing required field", "it lacks the key")
    said, _, place = text.rpartition(" - at `$")
    if not said:
        text = text.replace("`$`", f"`{where}`")
        return text if where in text else f"{where}: {text}"
    key = place.rstrip("`").lstrip(".")
    return f"{where}{'.' if '.toml: ' in where else ': '}{key}: {said}"


def _check_keys(values: Any, wanted: Any, where: str) -> None:
    """Refuse keys that a noun, or one inside it, does not have."""
    inner = [one for one in get_args(wanted) if one is not type(None)]
    if dataclasses.is_dataclass(wanted) and isinstance(values, Mapping):
        types = get_type_hints(wanted)
        dot = "." if "." in where.partition(": ")[2] or not where.endswith(".toml") else ": "
        for key, value in values.items():
            if key not in types:
                raise PresetError(f"{where}{dot}{key} is not a known key{nearest(key, types)}")
            _check_keys(value, types[key], f"{where}{dot}{key}")
    elif isinstance(values, str):
        for one in (wanted, *inner):
            known = get_args(one) if get_origin(one) is Literal else (values,)
            if values not in known:
                raise PresetError(f"{where}: {values!r} cannot stand here{nearest(values, known)}")
    elif isinstance(values, list) and inner:
        for index, value in enumerate(values):
            _check_keys(value, inner[0], f"{where}[{index}]")
    elif isinstance(values, Mapping) and get_origin(wanted) in (Mapping, dict):
        for key, value in values.items():
            _check_keys(value, inner[-1], f"{where}.{key}")
    elif isinstance(values, Mapping):
        for one in inner:
            _check_keys(values, one, where)


def preset(noun: type[_Noun], file: str, name: str) -> _Noun:
    """The noun of a shipped preset, e.g. ``preset(Needle, "needles", "rf_18g_10mm")``."""
    return into(noun, table(file, name), where=f"{file}.toml: {name}")


def plain(entries: Any) -> Any:
    """The same structure with each ``{value, source, mark}`` replaced by its value."""
    if isinstance(entries, Mapping):
        if "value" in entries and set(entries) <= {"value", "sd", "source", "mark"}:
            return entries["value"]
        return {key: plain(value) for key, value in entries.items()}
    return [plain(value) for value in entries] if isinstance(entries, list) else entries


def numbers(entries: Mapping[str, Any], prefix: str = "") -> dict[str, Number]:
    """Every sourced number of a table by its dotted key; marks are checked."""
    found: dict[str, Number] = {}
    for key, value in entries.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and "value" in value:
            mark: Any = value.get("mark")
            if mark not in get_args(Mark) or not value.get("source"):
                raise PresetError(f"{name} needs a source and a mark, one of {get_args(Mark)}")
            found[name] = Number(value["value"], str(value["source"]), mark)
        elif isinstance(value, Mapping):
            found.update(numbers(value, f"{name}."))
        elif isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, Mapping):
                    found.update(numbers({f"{name}[{index}]": one}))
    return found


def sourced(entries: Mapping[str, Any], where: str) -> None:
    """Refuse a number that stands without source and mark, and a mark that is none."""
    numbers(entries, f"{where}: ")
    for key, value in _bare(entries, ""):
        raise PresetError(
            f"{where}: {key} = {value} needs a source and a mark: write "
            f'{{ value = {value}, source = "...", mark = "read" }}; marks are {get_args(Mark)}'
        )


def _bare(value: Any, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        if "value" in value and "source" in value:
            return
        for name, inner in value.items():
            yield from _bare(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _bare(inner, f"{key}[{index}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


def digests() -> dict[str, str]:
    """SHA-256 of each shipped preset and phantom file, by name: goes into ``run.json``."""
    files = [*folder("presets").rglob("*.toml"), *folder("phantoms").glob("*.toml")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def nearest(name: str, known: Any) -> str:
    """`"; did you mean 'x'? Known: ..."` for an unknown name."""
    known = sorted(str(one) for one in known)
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Known: {', '.join(known)}"


_BESIDE = frozenset({"summary", "source", "mark"})


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{key}[{index}]")
    else:
        yield key, value
