"""Label maps as 3D Slicer's segmentations (``.seg.nrrd``), each segment with name and colour.

References
----------
https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html
https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import colorsys
import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from needle_sim.errors import InputError
from needle_sim.volume.volume import Volume

_TURN = 0.618034  # golden section: neighbouring numbers get colours far apart


def save_segmentation(
    labels: Volume,
    path: Path,
    names: Mapping[int, str],
    *,
    colours: Mapping[int, tuple[float, float, float]] | None = None,
) -> Path:
    """Write a label map whose every number in use becomes a segment; same bytes each time.

    Parameters
    ----------
    labels : Volume
        (I, J, K) whole numbers; sheared grids too.
    names : mapping of int to str
        Of the numbers that are used; 0 is the background.
    colours : mapping of int to (red, green, blue), optional
        From 0 to 1; one is made up for every other number.
    """
    if not path.name.endswith(".seg.nrrd"):
        raise InputError(f"{path.name} must end with .seg.nrrd, or Slicer loads it as a volume")
    array = np.ascontiguousarray(labels.array)
    if array.dtype.kind not in "iu":
        raise InputError(f"a label map holds whole numbers, this is {array.dtype}")
    used = [int(number) for number in np.unique(array) if number != 0]
    if not used:
        raise InputError("the label map is empty: there is no segment to write")
    if missing := [number for number in used if number not in names]:
        raise InputError(f"label {missing[0]} has no name: give names for {missing[:10]}")
    depth = "uchar" if max(used) < 256 else "ushort"
    typed = array.astype("<u1" if depth == "uchar" else "<u2")
    lines = _header(labels, depth)
    for number, label in enumerate(used):
        lines += _segment(number, label, names[label], typed, (colours or {}).get(label))
    text = "\n".join(lines) + "\n\n"
    packed = gzip.compress(typed.tobytes(), compresslevel=6, mtime=0)
    path.write_bytes(text.encode() + packed)
    return path


def _header(labels: Volume, depth: str) -> list[str]:
    """The fastest axis comes first in NRRD, the last in ours."""
    matrix = labels.patient_from_voxel.matrix
    sizes = " ".join(str(side) for side in reversed(labels.shape))
    steps = " ".join(_vector(matrix[:3, axis]) for axis in (2, 1, 0))
    return [
        "NRRD0004",
        "# needle_sim; simulation for rehearsal and research, not for clinical use",
        f"type: {depth}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {sizes}",
        f"space directions: {steps}",
        "kinds: domain domain domain",
        *(["endian: little"] if depth == "ushort" else []),
        "encoding: gzip",
        f"space origin: {_vector(matrix[:3, 3])}",
        "Segmentation_MasterRepresentation:=Binary labelmap",
        "Segmentation_ContainedRepresentationNames:=Binary labelmap|",
        "Segmentation_ReferenceImageExtentOffset:=0 0 0",
    ]


def _segment(
    number: int,
    label: int,
    name: str,
    array: np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]],
    colour: tuple[float, float, float] | None,
) -> list[str]:
    there = array == label
    extent = []
    for axis in (2, 1, 0):
        rows = np.flatnonzero(there.any(axis=tuple(n for n in range(3) if n != axis)))
        extent += [int(rows[0]), int(rows[-1])]
    shown = colour or colorsys.hls_to_rgb((label * _TURN) % 1.0, 0.6, 0.6)
    key = f"Segment{number}"
    said = name.replace("\n", " ")
    return [
        f"{key}_ID:={said}",
        f"{key}_Name:={said}",
        f"{key}_LabelValue:={label}",
        f"{key}_Layer:=0",
        f"{key}_Color:={' '.join(f'{part:.4f}' for part in shown)}",
        f"{key}_Extent:={' '.join(str(end) for end in extent)}",
        f"{key}_Tags:=DICOM.SegmentAlgorithmType:SEMIAUTOMATIC|",
    ]


def _vector(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"
