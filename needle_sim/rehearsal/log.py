"""`Log`: header and acts of a rehearsal as JSON lines, read as if a stranger had written them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from needle_sim.errors import InputError
from needle_sim.rehearsal.act import Act, act_of
from needle_sim.untrusted import nesting

SCHEMA = "needle_sim.rehearsal"
VERSION = 1
MOST_BYTES = 16_000_000
MOST_ACTS = 20_000
_MOST_LINE = 20_000
_MOST_DEEP = 8
_MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Header:
    """What a rehearsal is about: enough to replay it, no path and no date.

    Parameters
    ----------
    patient : str
        Phantom name, or what the CT is called.
    patient_digest : str
        Of the anatomy's voxels and surfaces: the log belongs to no other patient.
    phantom_seed : int or None
        Of a varied phantom.
    procedure, procedure_digest : str
        Name, and digest of what its file says.
    level, side, variant : str
        As ordered.
    seed : int
    pictures : bool
        Whether pictures were taken: what contrast showed rests on them.
    version : str
        Of needle_sim that wrote it.
    """

    patient: str
    patient_digest: str
    procedure: str
    procedure_digest: str
    level: str
    side: str
    variant: str
    seed: int
    pictures: bool = True
    phantom_seed: int | None = None
    version: str = ""
    schema: str = SCHEMA
    schema_version: int = VERSION

    def __post_init__(self) -> None:
        for key in self.__slots__:
            value = getattr(self, key)
            if isinstance(value, str) and not (len(value) <= _MOST_TEXT and value.isprintable()):
                raise InputError(
                    f"{key} must be printable text of at most {_MOST_TEXT} letters, "
                    f"got {value[:40]!a}"
                )

    def check_same(self, here: Header) -> None:
        """Refuse a log that was written for another patient or another recipe than ``here``."""
        if here.patient_digest != self.patient_digest:
            raise InputError(
                f"the log was written for {self.patient} ({self.patient_digest}), this patient is "
                f"{here.patient} ({here.patient_digest}): give the same one"
            )
        if here.procedure_digest != self.procedure_digest:
            raise InputError(
                f"the log was written for another {self.procedure} ({self.procedure_digest}, here "
                f"{here.procedure_digest}): give that procedure file"
            )


@dataclass(frozen=True, slots=True)
class Log:
    """A header and the acts under it."""

    header: Header
    acts: tuple[Act, ...]

    def text(self) -> str:
        """JSON lines, the header first."""
        lines: Iterable[dict[str, Any]] = (
            msgspec.to_builtins(self.header),
            *(act.to_line() for act in self.acts),
        )
        return "".join(line_of(one) for one in lines)

    @classmethod
    def read(cls, path: str | Path) -> Log:
        """From a file; `InputError` names the line that cannot be."""
        file = Path(path)
        try:
            there, size = file.is_file(), file.stat().st_size  # a pipe or a device has no end
            data = file.read_bytes() if there and size <= MOST_BYTES else b""
        except OSError as error:
            raise InputError(f"{file.name} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise InputError(f"that is no name of a file: {error}") from error
        if not there:
            raise InputError(f"{file.name} is no file: give the log that a rehearsal wrote")
        _check_size(size, file.name)
        return cls.parse(data, name=file.name)

    @classmethod
    def parse(cls, data: bytes | str, *, name: str = "log") -> Log:
        """From the bytes of a file; sizes and depths are checked before anything is built."""
        if not isinstance(data, str | bytes):
            raise InputError(f"{name} must be text or bytes, got a {type(data).__name__}")
        _check_size(len(data), name)
        raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
        _check_size(len(raw), name)
        if raw.count(b"\n") > MOST_ACTS + 1:
            raise InputError(f"{name} has more than {MOST_ACTS} acts")
        lines = raw.split(b"\n")
        if lines and not lines[-1].strip():
            lines.pop()
        if not lines:
            raise InputError(f"{name} is empty; a log begins with its header")
        header = _header(_object(lines[0], f"{name}, line 1"), name)
        acts = []
        for number, line in enumerate(lines[1:], 2):
            where = f"{name}, line {number}"
            try:
                acts.append(act_of(_object(line, where)))
            except InputError as error:
                said = str(error)
                raise InputError(said if said.startswith(where) else f"{where}: {said}") from error
        return cls(header, tuple(acts))


def line_of(entries: dict[str, Any]) -> str:
    """One line of a log, with its end."""
    return json.dumps(entries, allow_nan=False, separators=(",", ":")) + "\n"


def _object(line: bytes, where: str) -> dict[str, Any]:
    if len(line) > _MOST_LINE:
        raise InputError(f"{where} has {len(line)} bytes; a line has {_MOST_LINE} at most")
    opened = line.count(b"[") + line.count(b"{")  # few of them cannot be deep
    if opened > _MOST_DEEP and nesting(line) > _MOST_DEEP:
        raise InputError(f"{where} is nested more than {_MOST_DEEP} deep")
    try:
        found = _JSON.decode(line.decode("utf-8"))
    except ValueError as error:  # JSON, UTF-8, a key twice, a number without end
        raise InputError(f"{where} is no JSON: {str(error)[:200]}") from error
    if not isinstance(found, dict):
        raise InputError(f"{where} must be an object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!a} stands there twice")
    return found


def _not_finite(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_not_finite)


def _check_size(size: int, name: str) -> None:
    if size > MOST_BYTES:
        raise InputError(f"{name} has {size} bytes; a log has {MOST_BYTES} at most")


def _header(found: dict[str, Any], name: str) -> Header:
    if found.get("schema") != SCHEMA:
        raise InputError(f"{name} is no log of a rehearsal: its first line names no {SCHEMA!r}")
    version = found.get("schema_version")
    if type(version) is not int or version != VERSION:
        raise InputError(
            f"{name} is a log of schema {ascii(version)[:20]}, this needle_sim reads {VERSION}; "
            "replay it with the needle_sim that wrote it "
            f"({ascii(found.get('version', 'unknown'))[:20]})"
        )
    try:
        header = msgspec.convert(found, Header, strict=True)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}, line 1: {error}") from error
    if unknown := sorted(set(found) - set(Header.__slots__)):
        raise InputError(f"{name}, line 1: unknown key {unknown[0][:40]!a}")
    return header
