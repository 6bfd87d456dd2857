"""`Agent`: what is in the syringe."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.shown import Shown

LEAST_ML, MOST_ML = 0.05, 20.0
"""Volumes that the room takes: a drop, and a caudal epidural (10-20 mL)."""

MOST_MG_ML = 400.0
"""The densest iodinated contrast sold has 400 mg iodine in a millilitre."""


@dataclass(frozen=True, slots=True)
class Agent(Shown):
    """A contrast agent or a drug.

    Parameters
    ----------
    name : str
    iodine_mg_ml : float, mg/mL
        Iodine in the solution, 0 to 400; 0 for a drug, which no X-ray shows.
    least_ml, most_ml : float, mL
        Volumes that may be given at once.
    rate_ml_s : float, mL/s
        How fast it is given by hand.
    """

    name: str
    iodine_mg_ml: float
    least_ml: float = LEAST_ML
    most_ml: float = MOST_ML
    rate_ml_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.iodine_mg_ml <= MOST_MG_ML:
            raise InputError(
                f"iodine_mg_ml of {self.name} must be 0 to {MOST_MG_ML:g}, got "
                f"{self.iodine_mg_ml:g}; iohexol comes with 240 or 300"
            )
        if not LEAST_ML <= self.least_ml < self.most_ml <= MOST_ML:
            raise InputError(
                f"volumes of {self.name} must rise from {LEAST_ML:g} to {MOST_ML:g} mL, got "
                f"{self.least_ml=} {self.most_ml=}"
            )
        if not 0.01 <= self.rate_ml_s <= 10:
            raise InputError(
                f"rate_ml_s of {self.name} must be 0.01 to 10, got {self.rate_ml_s:g}; "
                "a hand gives about 0.5"
            )

    @classmethod
    def preset(cls, name: str) -> Agent:
        """A shipped agent by name: ``iohexol_240``, ``iohexol_300``, ``lidocaine``, ..."""
        tables = presets.read_toml(presets.folder("presets") / "contrast.toml")["agents"]
        if name not in tables:
            raise PresetError(f"contrast.toml has no agent {name!r}{presets.nearest(name, tables)}")
        presets.numbers(tables[name], f"contrast.toml: agents.{name}.")
        where = f"contrast.toml: agents.{name}"
        return presets.into(cls, {"name": name, **tables[name]}, where=where)

    def checked_contrast(self) -> Agent:
        """The agent itself, or an `InputError` that names those which X-rays show."""
        if self.iodine_mg_ml > 0:
            return self
        tables = presets.plain(presets.table("contrast", "agents"))
        shown = sorted(name for name, one in tables.items() if one["iodine_mg_ml"] > 0)
        raise InputError(
            f"{self.name} holds no iodine and no X-ray shows it: as contrast take "
            f"{' or '.join(shown)}, or give {self.name} in an inject step"
        )

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {"name": self.name, "iodine, mg/mL": f"{self.iodine_mg_ml:g}"}

    def checked_ml(self, volume_ml: float) -> float:
        """The volume, or an `InputError` that says which volumes may be given."""
        if not self.least_ml <= volume_ml <= self.most_ml:
            raise InputError(
                f"volume_ml of {self.name} must be {self.least_ml:g} to {self.most_ml:g}, got "
                f"{volume_ml:g}; take one in between, or another agent"
            )
        return float(volume_ml)
