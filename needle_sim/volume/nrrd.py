"""Label maps of 3D Slicer (``.seg.nrrd``, ``.nrrd``), read as if a stranger had written them.

References
----------
https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.volume.nifti import MOST_VOXELS, Nifti

_MOST_HEAD = 4_000_000
_TYPES = {
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
}
_SPACES = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
}


def read_nrrd(path: str | os.PathLike[str]) -> tuple[Nifti, dict[int, str]]:
    """The grid of an NRRD label map in patient LPS, and the names of its segments by number.

    Raises
    ------
    InputError
        Missing, truncated, of another space or encoding, or with overlapping segments (a fourth
        dimension): save it from Slicer as one label map then.
    """
    place = Path(path)
    if not place.is_file():
        why = "is a folder" if place.is_dir() else "does not exist"
        raise InputError(f"{place} {why}; give a label map (.seg.nrrd or .nrrd)")
    with place.open("rb") as file:
        head = file.read(_MOST_HEAD)
    end = re.search(rb"\r?\n\r?\n", head)
    if not head.startswith(b"NRRD000") or end is None:
        raise InputError(f"{place.name} is no NRRD file, or its header has no end")
    fields, named = _fields(head[: end.start()].decode("utf-8", "replace"), place.name)
    sizes = _sizes(fields, place.name)
    order = np.zeros((4, 4))
    order[[2, 1, 0, 3], [0, 1, 2, 3]] = 1.0  # our first axis is their last
    affine = _affine(fields, place.name) @ order
    kind = np.dtype(("<" if fields.get("endian", "little") == "little" else ">") + _type(fields))
    raw = _data(place, end.end(), int(np.prod(sizes)) * kind.itemsize, fields)
    array: NDArray[np.generic] = np.frombuffer(raw, dtype=kind).reshape(sizes[::-1])
    return Nifti(place.name, array.astype(kind.newbyteorder("=")), affine), _segments(named)


def _fields(text: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
    fields, named = {}, {}
    for line in text.splitlines()[1:]:
        if line.startswith("#") or not line.strip():
            continue
        if ":=" in line:
            key, _, value = line.partition(":=")
            named[key.strip()] = value.strip()
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise InputError(f"{name} has a header line without a colon: {line[:60]!r}")
        fields[key.strip().lower()] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise InputError(f"{name} keeps its voxels in another file; save it as one file")
    return fields, named


def _sizes(fields: dict[str, str], name: str) -> list[int]:
    found = fields.get("sizes", "").split()
    if fields.get("dimension") != "3" or len(found) != 3 or not all(n.isdigit() for n in found):
        raise InputError(
            f"{name} has dimension {fields.get('dimension', '?')[:10]!r} and sizes "
            f"{fields.get('sizes', '?')[:40]!r}; three are needed (segments that overlap lie in "
            "layers: export them as one label map)"
        )
    sizes = [int(n) for n in found]
    if min(sizes) < 1 or np.prod(sizes, dtype=np.float64) > MOST_VOXELS:
        raise InputError(f"{name} has {sizes} voxels; 1 to {MOST_VOXELS} are read")
    return sizes


def _type(fields: dict[str, str]) -> str:
    kind = fields.get("type", "").lower()
    if kind not in _TYPES:
        raise InputError(f"a label map of type {kind[:40]!r} cannot be read; whole numbers can")
    return _TYPES[kind]


def _data(place: Path, start: int, needed: int, fields: dict[str, str]) -> bytes:
    encoding = fields.get("encoding", "raw").lower()
    with place.open("rb") as file:
        file.seek(start)
        if encoding == "raw":
            raw = file.read(needed + 1)
        elif encoding in ("gzip", "gz"):
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                raw = unpack.decompress(file.read(), needed + 1)
            except zlib.error as error:
                raise InputError(f"{place.name} is damaged: {error}; save it again") from error
        else:
            raise InputError(f"{place.name} is encoded as {encoding[:20]!r}; raw and gzip are read")
    if len(raw) != needed:
        raise InputError(
            f"{place.name} holds {'more' if len(raw) > needed else len(raw)} bytes of voxels where "
            f"its header says {needed}; save it again"
        )
    return raw


def _affine(fields: dict[str, str], name: str) -> NDArray[np.float64]:
    space = fields.get("space", "").lower()
    if space not in _SPACES:
        raise InputError(f"{name} lies in space {space[:40]!r}; LPS and RAS are known")
    vectors = re.findall(r"\(([^)]*)\)", fields.get("space directions", ""))
    origin = re.findall(r"\(([^)]*)\)", fields.get("space origin", ""))
    try:
        columns = [[float(v) for v in one.split(",")] for one in (*vectors, *origin)]
        affine = np.eye(4)
        affine[:3] = np.array(columns, dtype=np.float64).reshape(4, 3).T
    except ValueError as error:
        raise InputError(f"{name} has no space directions and origin that can be read") from error
    affine[:3] *= np.array(_SPACES[space])[:, None]
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise InputError(f"{name} has space directions that span no volume")
    return affine


def _segments(named: dict[str, str]) -> dict[int, str]:
    """Names by label value; what has no number or name is left out."""
    found = {}
    for key, value in named.items():
        match = re.fullmatch(r"Segment(\d{1,5})_LabelValue", key)
        name = named.get(f"Segment{match[1]}_Name") if match else None
        if match and name and value.isdigit():
            found[int(value)] = name[:200]
    return found
