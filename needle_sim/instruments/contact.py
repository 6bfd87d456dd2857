"""`feel`: what a hand feels while a point goes in: layers, force, loss of resistance, bone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import Compartment, compartment, compartments
from needle_sim.anatomy.tissue import family_of
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.shown import Shown

Field = NDArray[np.float64]

STEP_MM = 0.25
_COARSE_MM = 2.0  # of the way that was felt before: only its drag counts
_GAP_MM = 1.0  # between two surfaces that ought to touch
_BONE_MM = 0.02  # how exactly the surface of bone is found
_LAYER_OF = {
    "vascular": "vessel",
    "intrathecal": "dura",
    "nerve": "nerve",
    "bone": "bone",
    "intra_articular": "joint",
    "intradiscal": "disc",
    "flavum": "flavum",
    "epidural": "epidural",
    "outside": "outside",
}
_LAYER_OF_FAMILY = {"skin": "skin", "fat": "fat", "epidural_fat": "fat", "ligament": "ligament"}


@dataclass(frozen=True, slots=True, eq=False)
class Feel(Shown):
    """One stretch of a needle's way.

    Parameters
    ----------
    depth_mm : (P,) array, mm
        Of the point along its path, rising; the last is where it came to lie.
    layers : tuple of str
        What the point lies in at each depth (the layers of ``feel.toml``).
    force_n : (P,) array, N
        At the hub: cutting at the point and drag along the shaft.
    pressure_kpa : (P,) array, kPa
        At which a plunger would give way.
    bone : str or None
        The bone that stopped it.
    said : tuple of str
        What is noticed, in order and in words.
    """

    depth_mm: Field
    layers: tuple[str, ...]
    force_n: Field
    pressure_kpa: Field
    bone: str | None = None
    said: tuple[str, ...] = ()

    @property
    def reached_mm(self) -> float:
        """Where the point came to lie."""
        return float(self.depth_mm[-1])

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "to, mm": f"{self.reached_mm:.1f}",
            "layer": self.layers[-1],
            "force, N": f"{self.force_n[-1]:.1f}",
            "felt": "; ".join(self.said) or "nothing new",
        }


def feel(
    anatomy: Anatomy,
    needle: Needle,
    entry_mm: Field,
    axis: Field,
    *,
    from_mm: float,
    to_mm: float,
    syringe: bool = False,
) -> Feel:
    """Push a point along its path until it is there or stands on bone.

    Parameters
    ----------
    entry_mm, axis : (3,) arrays
        Skin entry and unit direction of travel, patient LPS.
    from_mm, to_mm : float, mm
        Depths, ``from_mm <= to_mm``.
    syringe : bool
        The stylet is out and a syringe is on: pressure is felt, and fluid is seen.

    References
    ----------
    Forces and pressures: ``feel.toml``.
    """
    if not 0 <= from_mm <= to_mm <= 400:
        raise InputError(f"a way needs 0 <= from_mm <= to_mm <= 400, got {from_mm=} {to_mm=}")
    depth = np.linspace(from_mm, to_mm, max(2, int(np.ceil((to_mm - from_mm) / STEP_MM)) + 1))
    met = compartments(anatomy, entry_mm + depth[:, None] * axis)
    bone = next((n for n, one in enumerate(met) if one.kind == "bone" and n > 0), None)
    name = None
    if bone is not None:
        name = met[bone].name
        depth, met = depth[: bone + 1].copy(), met[: bone + 1]
        depth[-1] = _surface_mm(anatomy, entry_mm, axis, depth[bone - 1], depth[bone])
    layers = tuple(_layer(one) for one in met)
    before = np.arange(0.0, from_mm, _COARSE_MM)
    passed = compartments(anatomy, entry_mm + before[:, None] * axis) if len(before) else []
    way = [_layer(one) for one in passed]
    force = _force_n(needle, layers, depth, way)
    pressure = np.array([_layers()[layer]["pressure_kpa"] for layer in layers])
    said = _said(depth, layers, name, syringe=syringe)
    return Feel(depth, layers, force, pressure, name, said)


def _surface_mm(anatomy: Anatomy, entry: Field, axis: Field, out: float, inside: float) -> float:
    """The last depth outside of bone between two."""
    while inside - out > _BONE_MM:
        middle = 0.5 * (out + inside)
        if compartment(anatomy, entry + middle * axis).kind == "bone":
            inside = middle
        else:
            out = middle
    return out


def _layer(met: Compartment) -> str:
    return _LAYER_OF.get(met.kind) or _LAYER_OF_FAMILY.get(family_of(met.name) or "", "muscle")


@cache
def _layers() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = presets.plain(_file())["layers"]
    return found


@cache
def _file() -> dict[str, Any]:
    file = presets.read_toml(presets.folder("presets") / "feel.toml")
    file.pop("revision", None)
    presets.sourced(file, "feel.toml")
    return file


def _force_n(needle: Needle, layers: tuple[str, ...], depth: Field, way: list[str]) -> Field:
    """Cutting force between those of a thin and a thick needle, and the drag of the whole shaft."""
    table, sizes = _layers(), presets.plain(_file())["sizes"]
    share = (needle.outer_mm - sizes["thin_mm"]) / (sizes["thick_mm"] - sizes["thin_mm"])
    share = min(max(share, 0.0), 1.0)
    cut = [table[one]["thin_n"] * (1 - share) + table[one]["thick_n"] * share for one in layers]
    thick = needle.outer_mm / sizes["thick_mm"]
    start = sum(table[one]["drag_n_mm"] for one in way) * _COARSE_MM
    steps = np.diff(depth, prepend=depth[0])
    drag = start + np.cumsum([table[one]["drag_n_mm"] for one in layers] * steps)
    return np.asarray(np.array(cut) + thick * drag)


_ENTERS = {
    "flavum": "firm and gritty",
    "dura": "a give",
    "joint": "a give, then a tight space",
    "disc": "firm and rubbery",
    "nerve": "sharp pain down the leg",
}
_FLUID = {"dura": "clear fluid at the hub", "vessel": "blood at the hub"}


def _said(
    depth: Field, layers: tuple[str, ...], bone: str | None, *, syringe: bool
) -> tuple[str, ...]:
    """What is noticed on entering each new layer."""
    found = []
    flavum_mm = -np.inf  # where it was left
    for (_, old), (at_mm, new) in pairwise(zip(depth, layers, strict=True)):
        if new == old:
            continue
        if old == "flavum":
            flavum_mm = at_mm
        gives = at_mm - flavum_mm <= _GAP_MM and new in ("epidural", "dura")
        if gives:
            found.append("loss of resistance" if syringe else "a give")
        if new in _ENTERS and not (gives and new == "dura"):
            found.append(_ENTERS[new])
        if syringe and new in _FLUID:
            found.append(_FLUID[new])
    if bone is not None:
        found.append("bone")
    return tuple(found)
