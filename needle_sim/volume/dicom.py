"""`load_series`: a folder, a list of files or a zip -> a sorted, checked `Volume` in HU."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import DicomError
from needle_sim.progress import Progress, silent
from needle_sim.volume.header import Header
from needle_sim.volume.info import SeriesInfo, read_info, refused_info
from needle_sim.volume.members import PathLike, members
from needle_sim.volume.pixels import Repairs, hounsfield
from needle_sim.volume.series import Series, Stack, stack
from needle_sim.volume.survey import WORKERS, Survey, kind, survey
from needle_sim.volume.volume import AIR_HU, Note, Volume

_log = logging.getLogger(__name__)


def load_series(
    path: PathLike | Sequence[PathLike], *, series: str | None = None, progress: Progress = silent
) -> Volume:
    """Read one CT series as a volume in HU.

    Parameters
    ----------
    path : path or sequence of paths
        A folder (nested, any file names, other files among them), a zip, or a list of files.
    series : str, optional
        Which one, where there are several: a Series Instance UID or its end, or a key that
        `describe` gives.
    progress : Progress
        Called with slices done and slices there are.

    Returns
    -------
    Volume
        (I, J, K) int16 HU where slope and intercept are integral and the range fits, else float32.
        ``i`` grows along the normal of the slices. What was left out or repaired is in its notes.

    Raises
    ------
    InputError
        There is no such path, or no DICOM in it.
    DicomError
        No CT, several, or one that makes no right volume; names file, tag and value.
    """
    with members(path) as files:
        found = survey(files, _place(path))
        volume = _volume(stack(found.chosen(series)), progress)
    volume = replace(volume, notes=(*found.left_out(), *volume.notes))
    for note in volume.notes:
        _log.info("%s", note)
    return volume


def describe(path: PathLike | Sequence[PathLike]) -> tuple[SeriesInfo, ...]:
    """What is in a folder, list or zip: each series, its geometry, HU range and whether it loads.

    Every CT series is read in full, one at a time, so that *loadable* is a fact and not a guess.
    """
    with members(path) as files:
        found = survey(files, _place(path))
        infos = [_ct_info(series, found) for series in found.series]
    groups: dict[tuple[str, str], list[Header]] = {}
    for header in found.others:
        groups.setdefault((header.text("SeriesInstanceUID"), kind(header)), []).append(header)
    for (uid, name), headers in groups.items():
        infos.append(refused_info(uid, name, tuple(headers), f"{name}: no CT slices"))
    if not infos:
        raise found.nothing()
    return tuple(infos)


def _place(path: PathLike | Sequence[PathLike]) -> str:
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else "the list of files"


def _volume(found: Stack, progress: Progress) -> Volume:
    integral = all(picture.integral for picture in found.pictures)
    array, repairs = _fill(found, np.int16 if integral else np.float32, progress)
    if any(one.too_large for one in repairs):
        array, repairs = _fill(found, np.float32, progress)
    notes = (*found.notes, *_repair_notes(found, repairs))
    return Volume(array, found.patient_from_voxel, "hu", notes=notes)


def _fill(
    found: Stack, dtype: type[np.int16] | type[np.float32], progress: Progress
) -> tuple[NDArray[Any], list[Repairs]]:
    array: NDArray[Any] = np.empty(found.shape, dtype)

    def read(index: int) -> Repairs:
        array[index], repairs = hounsfield(found.pictures[index], dtype)
        return repairs

    done: list[Repairs] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for repairs in pool.map(read, range(len(array))):
            done.append(repairs)
            progress(len(done), len(array))
    return array, done


def _repair_notes(found: Stack, repairs: list[Repairs]) -> list[Note]:
    first, notes = found.pictures[0].header, []
    padded = sum(one.padded for one in repairs)
    if padded:
        text = f"{padded} padded voxels became air ({AIR_HU} HU)"
        notes.append(first.note("PixelPaddingValue", first.word("PixelPaddingValue"), text))
    below = sum(one.below_air for one in repairs)
    if below:
        lowest = min(one.lowest for one in repairs)
        text = f"{below} voxels lighter than air, down to {lowest:g} HU, became {AIR_HU} HU"
        notes.append(first.note("RescaleIntercept", first.text("RescaleIntercept"), text))
    return notes


def _ct_info(series: Series, found: Survey) -> SeriesInfo:
    try:
        volume = _volume(stack(series), silent)
    except DicomError as error:
        return refused_info(series.key, "CT", series.headers, str(error))
    info = read_info(series.key, series.headers, volume)
    parts = sum(one.name == series.name for one in found.series)
    if parts > 1:
        text = f"one of {parts} parts of a mixed series"
        note = series.first.note("SeriesInstanceUID", series.uid, text)
        info = replace(info, notes=(*info.notes, note))
    return replace(info, refusal=str(found.damaged[0]) if found.damaged else None)
