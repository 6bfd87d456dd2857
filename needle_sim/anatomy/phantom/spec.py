"""`SpineSpec`: the sizes of a spine, read from ``phantoms/`` or drawn from its population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from needle_sim import presets
from needle_sim.anatomy.numbering import in_order
from needle_sim.anatomy.phantom.sizes import FIELDS, VertebraSpec
from needle_sim.errors import InputError, PresetError

__all__ = ["FIELDS", "SpineSpec", "VertebraSpec", "phantom_names", "spine_spec"]

_SIZE_SHARE, _SMOOTH_SHARE = 0.6, 0.7
_MOST_SD = 2.0


@dataclass(frozen=True, slots=True)
class SpineSpec:
    """The sizes of a lumbar spine on its sacrum, and of the trunk around it.

    Parameters
    ----------
    name : str
        Of the phantom file.
    vertebrae : mapping of str to VertebraSpec
        From the top, S1 last, as they were drawn (the inferior joints not yet fitted to the bone
        below).
    sacrum, trunk : mapping of str to float
        Sizes by name, in the unit that ends it.
    origin : str
        The vertebra whose body lies level, its centre the patient's origin.
    """

    name: str
    vertebrae: Mapping[str, VertebraSpec]
    sacrum: Mapping[str, float]
    trunk: Mapping[str, float]
    origin: str = "L3"

    def __post_init__(self) -> None:
        for level in ("S1", self.origin):
            if level not in self.vertebrae:
                raise InputError(f"{self.name} lacks {level}; it has {', '.join(self.vertebrae)}")
        ordered = {level: self.vertebrae[level] for level in in_order(self.vertebrae)}
        object.__setattr__(self, "vertebrae", ordered)
        for name in ("vertebrae", "sacrum", "trunk"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def levels(self) -> tuple[str, ...]:
        """Vertebrae from the top."""
        return tuple(self.vertebrae)


def phantom_names() -> list[str]:
    """Names of the shipped phantoms, sorted."""
    return sorted(path.stem for path in presets.folder("phantoms").glob("*.toml"))


def spine_spec(name: str = "lumbar_normal", *, rng: np.random.Generator | None = None) -> SpineSpec:
    """Read a phantom; ``rng`` draws one of its population, ``None`` is the mean spine.

    Lengths share a size factor (correlation 0.6 with body size) and a residual that runs smoothly
    over the levels; angles have the residual alone. Parts beyond 2 SD are drawn again. The sacral
    slope takes up what lordosis below L3 differs from the mean, so that L3 lies level as it does on
    a table.
    """
    if name not in phantom_names():
        raise PresetError(f"no phantom is called {name!r}{presets.nearest(name, phantom_names())}")
    file = presets.read_toml(presets.folder("phantoms") / f"{name}.toml")
    levels, origin = _levels(file, f"{name}.toml")
    vertebrae, sds = _columns(file.get("vertebra", {}), levels, f"{name}.toml: vertebra")
    beside = {part: _sizes(file.get(part, {}), f"{name}.toml: {part}") for part in _BESIDE}
    means = vertebrae
    if rng is not None:
        vertebrae = _drawn(vertebrae, sds, rng, [key for key in sds["S1"] if key not in _APART])
    drawn = {
        part: {
            key: mean + (sd * float(_normal(rng, 1)[0]) if rng is not None else 0.0)
            for key, (mean, sd) in sizes.items()
        }
        for part, sizes in beside.items()
    }
    if rng is not None:
        apart = _drawn(means, sds, rng, _APART)
        vertebrae = {level: sizes | apart[level] for level, sizes in vertebrae.items()}
    for level in levels[levels.index(origin) + 1 :]:
        more = vertebrae[level]["lordosis_above_deg"] - means[level]["lordosis_above_deg"]
        drawn["sacrum"]["slope_deg"] += more
    specs = {
        level: presets.into(VertebraSpec, values, where=f"{name}.toml: vertebra.{level}")
        for level, values in vertebrae.items()
    }
    return SpineSpec(name, specs, drawn["sacrum"], drawn["trunk"], origin)


def spreads(name: str, level: str) -> dict[str, float]:
    """SD of each size of a vertebra between people, by field."""
    file = presets.read_toml(presets.folder("phantoms") / f"{name}.toml")
    levels, _ = _levels(file, f"{name}.toml")
    return _columns(file.get("vertebra", {}), levels, f"{name}.toml: vertebra")[1][level]


def _levels(file: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], str]:
    """The vertebrae of a file from the top, and the one at the origin."""
    levels, origin = file.get("levels"), file.get("origin")
    if not isinstance(levels, list) or len(set(levels)) != len(levels) or "S1" not in levels:
        raise PresetError(f"{where}: levels must list vertebrae down to S1, got {levels!r}")
    if in_order(levels) != tuple(levels) or origin not in levels:
        raise PresetError(
            f"{where}: levels must run from the top and hold the origin, got "
            f"{levels} and {origin!r}"
        )
    return tuple(levels), str(origin)


_APART = ("flavum_mm",)  # does not go with body size (KHAS23): drawn on its own, after the rest
_BESIDE = {
    "sacrum": ("slope_deg", "length_mm", "width_mm", "curve_deg", "sac_width_mm", "sac_depth_mm"),
    "trunk": (
        "half_width_mm",
        "front_mm",
        "behind_spinous_mm",
        "furrow_mm",
        "skin_mm",
        "subcutis_back_mm",
        "subcutis_side_mm",
        "subcutis_front_mm",
        "wall_mm",
    ),
}


def _sizes(entries: Mapping[str, Any], where: str) -> dict[str, tuple[float, float]]:
    """Mean and SD by key; `PresetError` for a key that is missing or unknown."""
    known = _BESIDE[where.rsplit(" ", 1)[-1]]
    found = presets.numbers(entries)
    for key in found:
        if key not in known:
            raise PresetError(f"{where}.{key} is not a known key{presets.nearest(key, known)}")
    for key in known:
        if key not in found:
            raise PresetError(f"{where} lacks {key}")
    sds = {key: float(entries[key].get("sd", 0.0)) for key in known}
    return {key: (float(found[key].value), sds[key]) for key in known}


_Table = dict[str, dict[str, float]]


def _columns(
    entries: Mapping[str, Any], levels: Sequence[str], where: str
) -> tuple[_Table, _Table]:
    """Means and SDs by level and field; a list holds one number a level."""
    means: _Table = {level: {} for level in levels}
    sds: _Table = {level: {} for level in levels}
    presets.numbers(entries)
    for field, entry in entries.items():
        for key, table in (("value", means), ("sd", sds)):
            values = entry.get(key)
            values = values if isinstance(values, list) else [values] * len(levels)
            if len(values) != len(levels) or not all(isinstance(v, int | float) for v in values):
                raise PresetError(
                    f"{where}.{field}.{key} needs {len(levels)} numbers, got {values}"
                )
            for level, value in zip(levels, values, strict=True):
                table[level][field] = float(value)
    return means, sds


def _drawn(means: _Table, sds: _Table, rng: np.random.Generator, fields: Sequence[str]) -> _Table:
    size = _normal(rng, 1)[0]
    drawn: _Table = {level: {} for level in means}
    for field in fields:  # file order: the same draws for the same file
        smooth, own = _normal(rng, 1)[0], _normal(rng, len(means))
        share = _SIZE_SHARE if field.endswith("_mm") else 0.0
        for n, level in enumerate(means):
            rest = _SMOOTH_SHARE * smooth + np.sqrt(1 - _SMOOTH_SHARE**2) * own[n]
            z = share * size + np.sqrt(1 - share**2) * rest
            drawn[level][field] = float(means[level][field] + sds[level][field] * z)
    return drawn


def _normal(rng: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = rng.standard_normal(count)
    while (np.abs(values) > _MOST_SD).any():
        out = np.abs(values) > _MOST_SD
        values[out] = rng.standard_normal(int(out.sum()))
    return values
