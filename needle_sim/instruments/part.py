"""`Part`: a convex body of some material, here in the patient; instruments are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.geometry.solids import Solid

VOID, CUT = "void", "cut"
"""A part of `VOID` is hollow, such as a bore; `CUT` takes away what is there of its instrument, and
leaves the patient."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A convex body of an instrument.

    Of parts of one instrument that overlap, the later takes the place of the earlier.

    Parameters
    ----------
    solid : Solid
        Where it is, patient LPS.
    g_cm3 : mapping of material to g/cm3
        What it holds, by names of ``attenuation.toml``; empty for `VOID` and `CUT`.
    kind : "solid", "void" or "cut"
    in_tissue : bool
        Whether tissue gives way to it.
    """

    solid: Solid
    g_cm3: Mapping[str, float]
    kind: str = "solid"
    in_tissue: bool = True

    def __post_init__(self) -> None:
        if self.kind not in ("solid", VOID, CUT) or (self.kind == "solid") != bool(self.g_cm3):
            raise InputError(
                f"a part is solid and holds something, or is {VOID} or {CUT} and does not: "
                f"got {self.kind!r} with {dict(self.g_cm3)}"
            )
        for name, density in self.g_cm3.items():
            density_g_cm3(name)
            if not 0 < density < 30:
                raise InputError(f"{name} of a part must be over 0 and under 30 g/cm3: {density}")
        object.__setattr__(self, "g_cm3", MappingProxyType(dict(self.g_cm3)))


def part(solid: Solid, material: str, *, in_tissue: bool = True) -> Part:
    """A part all of one material of ``attenuation.toml``, or of `VOID` or `CUT`."""
    if material in (VOID, CUT):
        return Part(solid, {}, material, in_tissue)
    return Part(solid, {material: density_g_cm3(material)}, in_tissue=in_tissue)


@cache
def density_g_cm3(material: str) -> float:
    """Density of a material of ``attenuation.toml``."""
    try:
        return float(presets.plain(presets.table("attenuation", material))["density_g_cm3"])
    except PresetError as error:
        raise InputError(str(error)) from error
