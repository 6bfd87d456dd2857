"""`Member`: one file of a folder, a list or a zip; opened one at a time, never extracted."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from needle_sim.errors import InputError

PathLike = str | os.PathLike[str]
MOST_FILES = 200_000
MOST_FILE_BYTES = 2**30
MOST_ZIP_BYTES = 2**34
MOST_ZIP_RATIO = 300  # CT compresses 2 to 5 times; a constant picture about 1000 times


@dataclass(frozen=True, slots=True)
class Member:
    """A file that may be DICOM: its name below what was given, its size, and how to open it."""

    name: str
    size_bytes: int
    opener: Callable[[], BinaryIO]

    def open(self) -> BinaryIO:
        """A seekable binary stream; the caller closes it."""
        return self.opener()


@contextmanager
def members(path: PathLike | Sequence[PathLike]) -> Iterator[tuple[Member, ...]]:
    """The files of a folder (nested), a list of files, a zip or a single file, by name."""
    if not isinstance(path, (str, os.PathLike)):
        yield tuple(_file(Path(one), Path(one).name) for one in path)
        return
    place = Path(path)
    try:
        if place.is_dir():
            yield tuple(_walk(place))
        elif place.is_file() and zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as archive:
                yield tuple(_unpacked(archive, place.name))
        else:
            yield (_file(place, place.name),)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{place.name} is a damaged zip ({error}); make or fetch it anew"
        ) from error


def _file(path: Path, name: str) -> Member:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give a folder, a zip or CT files"
        ) from error
    if path.is_dir():
        raise InputError(f"{path} is a folder inside a list of files; give one folder, or files")
    return Member(name, size, partial(_open, path))


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _walk(folder: Path) -> Iterator[Member]:
    paths = []
    for here, folders, names in os.walk(folder, onerror=_cannot_list):
        folders.sort()
        paths += [Path(here, name) for name in names]
        if len(paths) > MOST_FILES:
            raise InputError(
                f"{folder} holds more than {MOST_FILES} files; give the folder of one study"
            )
    for path in sorted(paths):
        if path.is_file():
            yield _file(path, path.relative_to(folder).as_posix())


def _cannot_list(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be listed ({error.strerror})") from error


def _unpacked(archive: zipfile.ZipFile, name: str) -> Iterator[Member]:
    infos = sorted((one for one in archive.infolist() if not one.is_dir()), key=_zip_name)
    size = sum(one.file_size for one in infos)
    packed = max(sum(one.compress_size for one in infos), 1)
    for what, value, most in (
        ("files", len(infos), MOST_FILES),
        ("bytes unpacked", size, MOST_ZIP_BYTES),
        ("times its packed size", size // packed, MOST_ZIP_RATIO),
    ):
        if value > most:
            raise InputError(
                f"{name} holds {value} {what}; at most {most} are read from a zip: unpack it first"
            )
    for info in infos:
        if info.flag_bits & 1:
            raise InputError(f"{name}: {info.filename} is encrypted; unpack it first")
        yield Member(info.filename, info.file_size, partial(_open_zipped, archive, info))


def _open_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    return info.filename
