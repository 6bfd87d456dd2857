"""The folder that a command writes into: never over what is there, proved writable before work."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from needle_sim.errors import InputError

HOME = Path("needle_sim_runs")


@contextmanager
def output_folder(asked: Path | None, name: str, *, force: bool) -> Iterator[Path]:
    """The folder to write into: ``asked``, else the next free ``needle_sim_runs/name``.

    Folders that were made for it are taken away again where the work inside fails.

    Raises
    ------
    InputError
        ``asked`` is a file, holds something and ``force`` is not given, or cannot be written.
    """
    if asked is not None and asked.exists() and not asked.is_dir():
        raise InputError(f"--out {asked} is a file; give a folder")
    if asked is not None and asked.is_dir() and any(asked.iterdir()) and not force:
        raise InputError(f"--out {asked} is not empty; add --force or give another folder")
    folder = HOME / name if asked is None else asked
    fresh = [one for one in folder.parents if not one.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if asked is None:
            folder = _next_free(folder)
            fresh = [folder, *fresh]
        elif not folder.exists():
            folder.mkdir()
            fresh = [folder, *fresh]
        _try_to_write(folder)
    except OSError as error:
        why = error.strerror or error
        raise InputError(
            f"cannot write into {folder}: {why}; give another folder with --out"
        ) from error
    try:
        yield folder
    except BaseException:
        for one in fresh:
            if one.is_dir() and not any(one.iterdir()):
                one.rmdir()
        raise


def _try_to_write(folder: Path) -> None:
    probe = folder / ".needle_sim_probe"
    probe.write_bytes(b"")
    probe.unlink()


def _next_free(folder: Path) -> Path:
    """The folder, or it with the next free number, made at once so that two runs never share."""
    for k in itertools.count(1):
        one = folder if k == 1 else folder.with_name(f"{folder.name}-{k}")
        try:
            one.mkdir()
        except FileExistsError:
            continue
        return one
    raise AssertionError  # the count has no end
