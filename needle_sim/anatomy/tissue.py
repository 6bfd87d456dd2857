"""`Tissue`: what a label means to X-rays, heat and current, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from needle_sim import presets
from needle_sim.errors import InputError, PresetError


@dataclass(frozen=True, slots=True)
class Thermal:
    """Heat: conductivity W/(m K), heat capacity J/(kg K), perfusion mL/(min kg)."""

    conductivity_w_mk: float
    capacity_j_kgk: float
    perfusion_ml_min_kg: float


@dataclass(frozen=True, slots=True)
class Electrical:
    """Current at about 480 kHz: conductivity S/m at 37 °C."""

    conductivity_s_m: float


@dataclass(frozen=True, slots=True)
class Tissue:
    """A tissue and its properties; ``None`` where unknown, an error when it is needed.

    ``hu`` is the mean at 120 kV and ``hu_sd`` its texture; ``xray`` names the ICRU-44 composition
    (`needle_sim.imaging.xray.materials`).
    """

    name: str
    density_kg_m3: float
    hu: float
    hu_sd: float
    xray: str | None
    thermal: Thermal | None
    electrical: Electrical | None
    source: str

    def __post_init__(self) -> None:
        if not self.density_kg_m3 > 0:
            raise InputError(
                f"{self.name}.density_kg_m3 must be positive, got {self.density_kg_m3}"
            )


@cache
def tissues() -> tuple[Tissue, ...]:
    """The shipped tissues in label order: label ``n`` of an Anatomy is ``tissues()[n]``."""
    file = presets.read_toml(presets.folder("presets") / "tissues.toml")
    found = []
    for name, entries in file.items():
        if isinstance(entries, dict):
            where = f"tissues.toml: {name}"
            presets.numbers(entries)
            found.append(presets.into(Tissue, {**_NONE, "name": name, **entries}, where=where))
    if found[0].name != "air":
        raise PresetError("tissues.toml: the first tissue must be air (label 0)")
    return tuple(found)


def label(name: str) -> int:
    """The label of a tissue by name."""
    for index, tissue in enumerate(tissues()):
        if tissue.name == name:
            return index
    raise InputError(
        f"no tissue is called {name!r}{presets.nearest(name, [t.name for t in tissues()])}"
    )


_NONE = {"thermal": None, "electrical": None, "xray": None}
