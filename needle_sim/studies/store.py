"""`Store`: a study's folder: what it is, its finished parts, and the whole table at the end.

Each file is written under another name, flushed to the disk and then renamed, so that a name stands
for a whole file whenever the power goes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies import table
from needle_sim.studies.identity import Identity

STUDY, PARTS, WHOLE = "study.json", "parts", "table.parquet"
MOST_STUDY_BYTES, MOST_PART_BYTES = 100_000_000, 1_000_000_000
_UNFINISHED, _ASIDE, _LOCK = ".unfinished", ".aside", ".lock"


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """A folder with ``study.json``, ``parts/part-NNNNNNNN.parquet`` and ``table.parquet``.

    A part is named after its first sample.
    """

    folder: Path
    digest: str

    @classmethod
    def of(cls, folder: Path, identity: Identity) -> Store:
        """The folder of a study, new or begun before.

        Raises
        ------
        InputError
            The folder holds another study or something else, or cannot be written.
        """
        told = folder / STUDY
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; give a folder")
        if told.exists():
            identity.check(_told(told), str(folder))
        elif folder.is_dir() and any(_others(folder)):
            raise InputError(
                f"{folder} is not empty and holds no study; give another folder, or empty it"
            )
        store = cls(folder, identity.digest)
        try:
            (folder / PARTS).mkdir(parents=True, exist_ok=True)
            if not told.exists():
                store._write(told, identity.text().encode())
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"cannot write into {folder}: {why}; give another folder") from error
        return store

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Work in the folder while nobody else does; what was left half written is taken away.

        Raises
        ------
        InputError
            Another process is at work in it.
        """
        with (self.folder / _LOCK).open("wb") as lock:
            _locked(lock, self.folder)
            for left in self.folder.rglob(f"*{_UNFINISHED}"):
                left.unlink()
            yield

    def parts(self) -> tuple[list[Any], list[str]]:
        """Tables of the whole parts, and a note on each that is not and was set aside."""
        tables, notes = [], []
        for path in sorted((self.folder / PARTS).glob("part-*.parquet")):
            try:
                if path.stat().st_size > MOST_PART_BYTES:
                    raise NeedleSimError(f"over {MOST_PART_BYTES} bytes")
                tables.append(table.read_parquet(path.read_bytes(), digest=self.digest))
            except NeedleSimError as error:
                aside = path.with_suffix(path.suffix + _ASIDE)
                path.replace(aside)
                why = str(error).splitlines()[0]
                notes.append(
                    f"{path.name} cannot be used ({why}): set aside as {aside.name}, its samples "
                    "are done again"
                )
        return tables, notes

    def save(self, part: Any) -> None:
        """Write a part."""
        first = part["index"][0].as_py()
        data = table.parquet(part, digest=self.digest)
        self._write(self.folder / PARTS / f"part-{first:08d}.parquet", data)

    def finish(self, whole: Any) -> Path:
        """Write the whole table."""
        path = self.folder / WHOLE
        self._write(path, table.parquet(whole, digest=self.digest))
        return path

    def _write(self, path: Path, data: bytes) -> None:
        unfinished = path.with_name(f"{path.name}.{os.getpid()}{_UNFINISHED}")
        try:
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _flush_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise NeedleSimError(
                f"cannot write {path}: {error.strerror or error}. Every finished part in "
                f"{self.folder} stays: make room and start the same study again to go on"
            ) from error


def gaps(tables: list[Any], count: int) -> list[tuple[int, int]]:
    """Runs of samples (start, stop) that no table holds, in order."""
    found, at = [], 0
    for start, stop in sorted((t["index"][0].as_py(), t["index"][-1].as_py() + 1) for t in tables):
        if not stop <= count:
            raise InputError(f"a part ends at sample {stop - 1}; the study has {count}")
        if start > at:
            found.append((at, start))
        at = max(at, stop)
    return [*found, (at, count)] if at < count else found


def _told(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MOST_STUDY_BYTES:
        raise InputError(f"{path} is no study: over {MOST_STUDY_BYTES} bytes")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}; give another folder") from error
    if not isinstance(told, dict) or not str(told.get("schema", "")).startswith("needle_sim.study"):
        raise InputError(f"{path} is no study of needle_sim; give another folder")
    return told


def _others(folder: Path) -> Iterator[Path]:
    """What lies in a folder beside what a study that was stopped at once leaves."""
    for path in folder.iterdir():
        begun = path.name == PARTS and path.is_dir() and not any(path.glob("part-*.parquet"))
        if not begun and not path.name.endswith((_UNFINISHED, _LOCK)):
            yield path


def _locked(lock: IO[bytes], folder: Path) -> None:
    """Hold a file until it is closed, also by a kill; systems that cannot lock go without."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"another process is at work on the study in {folder}: let it finish, or stop it first"
        ) from error
    except OSError:
        return


def _flush_folder(folder: Path) -> None:
    """The rename itself onto the disk, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
