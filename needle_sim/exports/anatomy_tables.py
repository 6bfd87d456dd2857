"""What an `Anatomy` knows as tables: landmarks, structures, levels; CSV and JSON, patient LPS."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Provenance
from needle_sim.anatomy.finding import findings
from needle_sim.errors import InputError

SCHEMA = "needle_sim.anatomy/1"
SAYS = "needle_sim: simulation for rehearsal and research, not for clinical use; patient LPS, mm"
"""The first line of every table."""

Row = dict[str, Any]


def landmark_rows(anatomy: Anatomy) -> list[Row]:
    """Each landmark with its place and where it comes from."""
    return [
        {"name": name, **_point(at), "provenance": _source(anatomy, name.split(" ")[0])}
        for name, at in anatomy.landmarks_mm.items()
    ]


def structure_rows(anatomy: Anatomy) -> list[Row]:
    """Each bone, nerve, vessel and space with its kind, its box and where it comes from."""
    rows = [
        {"name": name, "kind": "bone", "provenance": _source(anatomy, name), **_box(bone.box_mm)}
        for name, bone in anatomy.bones.items()
    ]
    for one in anatomy.structures.values():
        long = sum(
            float(np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1).sum())
            for tube in one.tubes
        )
        row = {"name": one.name, "kind": one.kind, "provenance": one.provenance}
        rows.append({**row, **_box(one.box_mm), "tubes": len(one.tubes), "length_mm": _round(long)})
    for space in anatomy.spaces.values():
        row = {"name": space.name, "kind": space.kind, "provenance": space.provenance}
        rows.append({**row, **_box(space.shape.box_mm)})
    return rows


def level_rows(anatomy: Anatomy) -> list[Row]:
    """Each vertebra with the centre of its body, its pose and the surface RMS of its fit."""
    rows = []
    for name, body in anatomy.bodies.items():
        rms = anatomy.fit_rms_mm.get(name)
        row: Row = {"vertebra": name, "provenance": _source(anatomy, name)}
        row["surface_rms_mm"] = None if rms is None else _round(rms)
        row.update(_point(body.matrix[:3, 3]))
        axes = body.matrix[:3, :3]
        for column, axis in enumerate(("left", "posterior", "cranial")):
            row.update({f"{axis}_{n}": _round(axes[i, column], 5) for i, n in enumerate("xyz")})
        rows.append(row)
    return rows


def anatomy_of_rows(anatomy: Anatomy) -> Row:
    """The content of ``anatomy.json``."""
    return {
        "schema": SCHEMA,
        "version": metadata.version("needle_sim"),
        "disclaimer": SAYS,
        "coordinate_system": "LPS",
        "unit": "mm",
        "name": anatomy.name,
        "ct_shape": list(anatomy.ct.shape),
        "ct_spacing_mm": [_round(step) for step in anatomy.ct.spacing_mm],
        "levels": level_rows(anatomy),
        "landmarks": landmark_rows(anatomy),
        "structures": structure_rows(anatomy),
        "findings": [
            {
                key: _round(value) if isinstance(value, float) else value
                for key, value in row.items()
            }
            for row in (one.to_row() for one in findings(anatomy))
        ],
        "notes": [str(note) for note in anatomy.notes],
    }


def save_tables(anatomy: Anatomy, folder: Path) -> list[Path]:
    """Write ``landmarks.csv``, ``structures.csv``, ``levels.csv`` and ``anatomy.json``."""
    text = json.dumps(anatomy_of_rows(anatomy), indent=1, ensure_ascii=False, allow_nan=False)
    path = folder / "anatomy.json"
    path.write_text(text + "\n", encoding="utf-8")
    return [
        save_csv(landmark_rows(anatomy), folder / "landmarks.csv"),
        save_csv(structure_rows(anatomy), folder / "structures.csv"),
        save_csv(level_rows(anatomy), folder / "levels.csv"),
        path,
    ]


def save_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows as CSV under a line of comment that says what it is; unknown is empty."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    path.write_text(f"# {SAYS}\n{out.getvalue()}", encoding="utf-8")
    return path


def load_landmarks(path: Path) -> dict[str, NDArray[np.float64]]:
    """Landmarks (3,) by name from a ``landmarks.csv``, patient LPS, mm."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows: Iterator[dict[str, str]] = csv.DictReader(one for one in lines if one[:1] != "#")
    try:
        return {row["name"]: np.array([float(row[axis]) for axis in _AXES]) for row in rows}
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path.name} is no table of landmarks: the columns are name, {', '.join(_AXES)}"
        ) from error


_AXES = ("x_mm", "y_mm", "z_mm")


def _source(anatomy: Anatomy, vertebra: str) -> Provenance:
    """A fit infers what a phantom was built with."""
    fitted = vertebra in anatomy.fit_rms_mm or bool(anatomy.fit_rms_mm)
    return "inferred" if fitted else "constructed"


def _point(at: NDArray[np.float64]) -> dict[str, float]:
    return {axis: _round(value) for axis, value in zip(_AXES, at, strict=True)}


def _box(box_mm: NDArray[np.float64]) -> dict[str, float]:
    low, high = np.asarray(box_mm)
    ends = (("low", low), ("high", high))
    return {
        f"{end}_{axis}": _round(v) for end, at in ends for axis, v in zip(_AXES, at, strict=True)
    }


def _round(value: float, digits: int = 3) -> float:
    return round(float(value), digits) + 0.0
