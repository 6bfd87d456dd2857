"""The patient of a command, from --phantom, or --ct with --labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from needle_sim.cli.order import check_one_patient
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy


def check_patient(given: Mapping[str, Any]) -> None:
    """Refuse two patients, labels without a CT, and a CT without labels."""
    check_one_patient(given["phantom"], given["ct"])
    if given["labels"] is not None and given["ct"] is None:
        raise InputError("--labels goes with a CT: give --ct DIR as well")
    if given["ct"] is not None and given["labels"] is None:
        raise InputError("vertebrae are found by their labels: give --labels FILE with --ct")


def patient_of(given: Mapping[str, Any], *, vertebrae: Sequence[str] | None = None) -> Anatomy:
    """The phantom, or the CT with a spine fitted to its labels."""
    if given["ct"] is None:
        from needle_sim.anatomy.phantom.build import build_phantom

        return build_phantom(given["phantom"] or "lumbar_normal")
    from needle_sim.anatomy.load import load_anatomy

    wanted = tuple(vertebrae) if vertebrae else None
    return load_anatomy(given["ct"], given["labels"], vertebrae=wanted, name="ct")
