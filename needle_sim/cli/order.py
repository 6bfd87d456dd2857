"""What is ordered: procedure, patient, level and side, asked for in the same words everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.procedures.procedure import Procedure

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.argument("procedure", required=False),
    click.option(
        "--procedure-file",
        type=_FILE,
        help="A procedure file of your own instead (docs/procedure_file.md).",
    ),
    click.option("--phantom", help="A shipped phantom.  [default: lumbar_normal]"),
    click.option("--ct", type=_FILE, help="Folder or zip of a DICOM CT instead."),
    click.option("--labels", type=_FILE, help="Its label map: NIfTI, .seg.nrrd, DICOM SEG."),
    click.option("--level", help="A nerve, e.g. L4, or an interspace, e.g. L4-L5."),
    click.option("--side", help="left or right."),
)


def order(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and options of an order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ordered_recipe(name: str | None, file: Path | None) -> Procedure:
    """The procedure that was named, or that a file holds; ``medial-branch-rfa`` by default."""
    from needle_sim.procedures.reading import read_procedure, shipped

    if name is not None and file is not None:
        raise InputError(f"{name} and --procedure-file {file} name two procedures: give one")
    return shipped(name or "medial-branch-rfa") if file is None else read_procedure(file)


def check_one_patient(phantom: str | None, ct: Path | None) -> None:
    """Refuse a phantom and a CT at once."""
    if phantom is not None and ct is not None:
        raise InputError("--phantom and --ct name two patients: give one of them")
