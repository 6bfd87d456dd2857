"""`Tissue`: what a label means to X-rays, heat, current and sound, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

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


Texture = Literal["none", "fine", "fibres", "strands", "lobules", "blotches"]


@dataclass(frozen=True, slots=True)
class Acoustic:
    """Sound at 1 to 15 MHz.

    Parameters
    ----------
    speed_m_s : float, m/s
    attenuation_db_cm_mhz : float, dB/(cm MHz)
        Of the amplitude, one way; grows with the frequency.
    level_db : float, dB
        Mean speckle against that of muscle.
    texture : str
        How the speckle's level varies from place to place.
    wall : float
        Amplitude that a membrane around the tissue reflects, 0 for none.
    anisotropy_db : float, dB
        How much less comes back along the fibres than across them.
    """

    speed_m_s: float
    attenuation_db_cm_mhz: float
    level_db: float
    texture: Texture = "fine"
    wall: float = 0.0
    anisotropy_db: float = 0.0

    def __post_init__(self) -> None:
        if not (self.speed_m_s > 0 and self.attenuation_db_cm_mhz >= 0):
            raise InputError(
                "sound needs speed_m_s over 0 and attenuation_db_cm_mhz of 0 or more, got "
                f"{self.speed_m_s} and {self.attenuation_db_cm_mhz}"
            )
        if not (0 <= self.wall <= 1 and self.anisotropy_db >= 0):
            raise InputError(
                f"wall must be 0 to 1 and anisotropy_db 0 or more, got {self.wall} and "
                f"{self.anisotropy_db}"
            )


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
    acoustic: Acoustic | None = None

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


_NONE = {"thermal": None, "electrical": None, "acoustic": None, "xray": None}
