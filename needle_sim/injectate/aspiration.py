"""`aspirate`: what the syringe draws back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from needle_sim import presets
from needle_sim.errors import InputError

Drawn = Literal["blood", "csf", "clear"]


def aspirate(
    compartment_kind: str,
    *,
    rng: np.random.Generator,
    sensitivity: float | None = None,
    specificity: float | None = None,
    fluid_sensitivity: float | None = None,
) -> Drawn:
    """Blood, cerebrospinal fluid or nothing, as a draw of the plunger shows it.

    Parameters
    ----------
    compartment_kind : str
        Of the tip (`needle_sim.anatomy.compartment`); ``"vascular"`` also for a hidden vessel.
    rng : Generator
        Drawn from exactly once, whatever the tip lies in.
    sensitivity, specificity : float, optional
        Of blood for a vessel: 0.447 and 0.979 (Furman, Spine 2000;25:2628) when not given.
    fluid_sensitivity : float, optional
        Of cerebrospinal fluid for the dural sac; 0.9 when not given.
    """
    table = _published()
    given = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "fluid_sensitivity": fluid_sensitivity,
    }
    chance = {name: table[name] if one is None else one for name, one in given.items()}
    for name, one in chance.items():
        if not 0 <= one <= 1:
            raise InputError(f"{name} of an aspiration must be 0 to 1, got {one:g}")
    luck = rng.random()
    if compartment_kind == "vascular":
        return "blood" if luck < chance["sensitivity"] else "clear"
    if compartment_kind == "intrathecal":
        return "csf" if luck < chance["fluid_sensitivity"] else "clear"
    return "blood" if luck >= chance["specificity"] else "clear"


@cache
def _published() -> Mapping[str, float]:
    return MappingProxyType(presets.plain(presets.table("contrast", "aspiration")))
