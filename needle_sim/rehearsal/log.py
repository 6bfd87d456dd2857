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

SCHEMA = "needle_sim.rehearsal"
VERSION = 1
MOST_BYTES = 32_000_000
MOST_ACTS = 100_000
_MOST_LINE = 20_000
_MOST_DEEP = 8


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
            size = file.stat().st_size
            if size > MOST_BYTES:
                raise InputError(f"{file.name} has {size} bytes; a log has {MOST_BYTES} at most")
            data = file.read_bytes()
        except OSError as error:
            raise InputError(f"{file.name} cannot be read: {error.strerror}") from error
        return cls.parse(data, name=file.name)

    @classmethod
    def parse(cls, data: bytes | str, *, name: str = "log") -> Log:
        """From the bytes of a file; sizes and depths are checked before anything is built."""
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MOST_BYTES:
            raise InputError(f"{name} has {len(raw)} bytes; a log has {MOST_BYTES} at most")
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
    if _depth(line) > _MOST_DEEP:
        raise InputError(f"{where} is nested more than {_MOST_DEEP} deep")
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{where} must be an object")
    return found


def _depth(line: bytes) -> int:
    """Deepest nesting, whatever stands in strings: an upper bound that costs no recursion."""
    deep = most = 0
    for byte in line:
        if byte in b"[{":
            deep += 1
            most = max(most, deep)
        elif byte in b"]}":
            deep -= 1
    return most


def _header(found: dict[str, Any], name: str) -> Header:
    if found.get("schema") != SCHEMA:
        raise InputError(f"{name} is no log of a rehearsal: its first line names no {SCHEMA!r}")
    version = found.get("schema_version")
    if version != VERSION:
        raise InputError(
            f"{name} is a log of schema {str(version)[:20]}, this needle_sim reads {VERSION}; "
            "replay it with the needle_sim that wrote it "
            f"({str(found.get('version', 'unknown'))[:20]})"
        )
    try:
        header = msgspec.convert(found, Header, strict=True)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}, line 1: {error}") from error
    if unknown := sorted(set(found) - set(Header.__slots__)):
        raise InputError(f"{name}, line 1: unknown key {unknown[0][:40]!r}")
    return header
