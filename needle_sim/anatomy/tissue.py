"""`Tissue`: what a label means to X-rays, heat, current and sound, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

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
    (`needle_sim.imaging.xray.materials`). ``family`` is the plainer tissue that it behaves as and
    has its missing numbers from (psoas is muscle, a kidney viscera); its own name where it is one.
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
    family: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)
        if not self.density_kg_m3 > 0:
            raise InputError(
                f"{self.name}.density_kg_m3 must be positive, got {self.density_kg_m3}"
            )


@cache
def tissues() -> tuple[Tissue, ...]:
    """The shipped tissues in label order: label ``n`` of an Anatomy is ``tissues()[n]``."""
    found = tissues_of(presets.read_toml(presets.folder("presets") / "tissues.toml"))
    if found[0].name != "air":
        raise PresetError("tissues.toml: the first tissue must be air (label 0)")
    if len(found) > MOST_LABELS:
        raise PresetError(f"tissues.toml: {len(found)} tissues, at most {MOST_LABELS} fit")
    return found


def tissues_of(file: Mapping[str, Any], where: str = "tissues.toml") -> tuple[Tissue, ...]:
    """Tissues from the tables of a file, what a table lacks taken from that of its family.

    Parameters
    ----------
    file : mapping
        Parsed TOML: a table a tissue, in label order; other keys are passed over.
    where : str
        What the file is called in errors.

    Raises
    ------
    PresetError
        A number without source, an unknown key or family, or a family that has one itself.
    """
    tables = {name: one for name, one in file.items() if isinstance(one, dict)}
    found = []
    for name, entries in tables.items():
        presets.numbers(entries)
        family = entries.get("family", name)
        if family != name and "family" in tables.get(family, {"family": ""}):
            plain = [one for one, table in tables.items() if "family" not in table]
            raise PresetError(
                f"{where}: {name}.family must be a tissue that has none itself, got {family!r}"
                f"{presets.nearest(family, plain)}"
            )
        whole = _over(tables[family], entries)
        found.append(presets.into(Tissue, _NONE | whole | {"name": name}, where=f"{where}: {name}"))
    return tuple(found)


def _over(under: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Entries laid over those of the family, number by number."""
    laid = dict(under)
    for key, value in own.items():
        table = isinstance(value, Mapping) and "value" not in value
        laid[key] = _over(under.get(key, {}), value) if table else value
    return laid


@cache
def _numbers() -> dict[str, int]:
    return {tissue.name: index for index, tissue in enumerate(tissues())}


def label(name: str) -> int:
    """The label of a tissue by name."""
    if name not in _numbers():
        raise InputError(f"no tissue is called {name!r}{presets.nearest(name, list(_numbers()))}")
    return _numbers()[name]


@cache
def families() -> NDArray[np.uint16]:
    """Label (T,) of the family of each label, so that ``families()[labels]`` holds families."""
    table = np.array([label(tissue.family) for tissue in tissues()], dtype=np.uint16)
    table.flags.writeable = False
    return table


@cache
def family_labels(*names: str) -> tuple[int, ...]:
    """The labels of all tissues of some families, e.g. of every muscle, rising."""
    wanted = [label(name) for name in names]
    for name, number in zip(names, wanted, strict=True):
        if families()[number] != number:
            raise InputError(f"{name} is no family, it belongs to {tissues()[number].family}")
    return tuple(n for n, family in enumerate(families().tolist()) if family in wanted)


def bone_labels() -> tuple[int, ...]:
    """Labels of what stops a needle: cortical and trabecular bone, and what stands in bone."""
    return family_labels("cortical_bone", "trabecular_bone")


def family_of(name: str) -> str | None:
    """The family of a tissue by name; None for a name that is no tissue."""
    number = _numbers().get(name)
    return None if number is None else tissues()[number].family


MOST_LABELS = 64
"""A label has six bits where others go with it (`needle_sim.imaging.ultrasound`)."""

_NONE = {"thermal": None, "electrical": None, "acoustic": None, "xray": None}
