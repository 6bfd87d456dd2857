"""`Journal`: the log of a rehearsal on disk, written act by act."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from needle_sim.errors import InputError
from needle_sim.rehearsal.log import line_of

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


class Journal:
    """A new file of JSON lines, the header first; what is written is never touched again."""

    def __init__(self, path: Path, rehearsal: Rehearsal) -> None:
        self._path, self._it, self._written = path, rehearsal, 0
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(line_of(msgspec.to_builtins(rehearsal.header)))
        except FileExistsError as error:
            raise InputError(
                f"{path} is there already, and a log is never overwritten: give another file"
            ) from error
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{path} cannot be written: {why}; give another file") from error

    def write(self) -> None:
        """The acts that are not on disk yet."""
        fresh = self._it.acts[self._written :]
        if not fresh:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(line_of(act.to_line()) for act in fresh))
        except OSError as error:
            why = error.strerror or error
            raise InputError(
                f"the log {self._path} cannot be written: {why}; the rehearsal goes on"
            ) from error
        self._written += len(fresh)
