"""3D Slicer's markups (``.mrk.json``), read and written: needles as lines, landmarks as points.

References
----------
https://slicer.readthedocs.io/en/latest/developer_guide/modules/markups.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.untrusted import nesting

SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/Resources/"
    "Schema/markups-schema-v1.0.3.json#"
)
MOST_BYTES = 16_000_000
_MOST_DEEP = 12
_SIGN = {"LPS": np.array([1.0, 1.0, 1.0]), "RAS": np.array([-1.0, -1.0, 1.0])}


@dataclass(frozen=True, slots=True, eq=False)
class Markups:
    """What a file holds, patient LPS.

    Parameters
    ----------
    lines : mapping of str to Trajectory
        The first control point is the entry, the last the tip.
    points : mapping of str to (3,) array
        By label.
    """

    lines: Mapping[str, Trajectory]
    points: Mapping[str, NDArray[np.float64]]


def save_line(trajectory: Trajectory, path: Path, *, name: str = "needle") -> Path:
    """Write a trajectory as a line, or as an open curve where it bends: entry first, tip last."""
    kind = "Line" if len(trajectory.points_mm) == 2 else "Curve"
    labels = [f"{name} entry", *(f"{name} {n}" for n in range(1, len(trajectory.points_mm) - 1))]
    return _save(kind, [*labels, f"{name} tip"], trajectory.points_mm, path)


def save_points(points_mm: Mapping[str, ArrayLike], path: Path) -> Path:
    """Write named points (3,), patient LPS, as a point list."""
    if not points_mm:
        raise InputError("there are no points to write")
    stacked = as_points(np.array([np.asarray(one) for one in points_mm.values()]), "points_mm")
    return _save("Fiducial", list(points_mm), stacked, path)


def _save(kind: str, labels: list[str], points: NDArray[np.float64], path: Path) -> Path:
    if not path.name.endswith(".mrk.json"):
        raise InputError(f"{path.name} must end with .mrk.json, or Slicer does not know it")
    controls = [
        {
            "id": str(number),
            "label": label,
            "description": "needle_sim, not for clinical use",
            "position": [float(value) for value in point],
            "positionStatus": "defined",
        }
        for number, (label, point) in enumerate(zip(labels, points, strict=True), 1)
    ]
    found = {
        "@schema": SCHEMA,
        "markups": [
            {
                "type": kind,
                "coordinateSystem": "LPS",
                "coordinateUnits": "mm",
                "controlPoints": controls,
            }
        ],
    }
    path.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def load_markups(path: str | Path) -> Markups:
    """Read lines, curves and point lists of a ``.mrk.json`` file, in LPS or RAS.

    Raises
    ------
    InputError
        Names the file and what is wrong with it; other kinds of markups are refused by name.
    """
    place = Path(path)
    try:
        size = place.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{place.name} has {size} bytes; {MOST_BYTES} are read at most")
        data = place.read_bytes()
    except OSError as error:
        raise InputError(f"{place.name} cannot be read: {error.strerror}") from error
    if nesting(data) > _MOST_DEEP:
        raise InputError(f"{place.name} is nested more than {_MOST_DEEP} deep: no markups file is")
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place.name} is no JSON: {error}") from error
    listed = found.get("markups") if isinstance(found, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{place.name} holds no list of markups; save it from Slicer as .mrk.json")
    lines: dict[str, Trajectory] = {}
    points: dict[str, NDArray[np.float64]] = {}
    for number, one in enumerate(listed):
        _read(one, f"{place.name}, markup {number + 1}", lines, points)
    return Markups(lines, points)


def _read(
    one: Any,
    where: str,
    lines: dict[str, Trajectory],
    points: dict[str, NDArray[np.float64]],
) -> None:
    kind = one.get("type") if isinstance(one, dict) else None
    if kind not in ("Line", "Curve", "Fiducial"):
        raise InputError(f"{where} is a {str(kind)[:40]!r}; Line, Curve and Fiducial can be read")
    system = one.get("coordinateSystem", "LPS")
    if system not in _SIGN:
        raise InputError(f"{where} lies in {str(system)[:40]!r}; LPS and RAS are known")
    if one.get("coordinateUnits", "mm") not in ("mm", ""):
        raise InputError(f"{where} is in {str(one['coordinateUnits'])[:40]!r}; mm are needed")
    controls = one.get("controlPoints")
    if not isinstance(controls, list) or not controls:
        raise InputError(f"{where} has no control points")
    at = np.array([_position(control, where) for control in controls]) * _SIGN[system]
    labels = [str(control.get("label") or f"{n}")[:200] for n, control in enumerate(controls, 1)]
    if kind == "Fiducial":
        for label, point in zip(labels, at, strict=True):
            if label in points:
                raise InputError(f"{where} has two points {label!r}: give each its own label")
            points[label] = point
        return
    if len(at) < 2:
        raise InputError(f"{where} is a {kind} of one point; entry and tip are needed")
    name = labels[0].removesuffix(" entry")
    if name in lines:
        raise InputError(f"{where} is a second line {name!r}: give each its own label")
    lines[name] = Trajectory(at)


def _position(control: Any, where: str) -> list[float]:
    found = control.get("position") if isinstance(control, dict) else None
    if (
        not isinstance(found, list)
        or len(found) != 3
        or not all(isinstance(v, int | float) for v in found)
    ):
        raise InputError(f"{where} has a control point without a position of three numbers")
    if not np.isfinite(found).all() or np.abs(found).max() > 1e5:
        raise InputError(f"{where} has a control point at {found}, which is nowhere in a patient")
    return [float(value) for value in found]
