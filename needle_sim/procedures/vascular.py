"""`Vascular`: vessels that no anatomy shows, as a recipe says them."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim.errors import InputError


@dataclass(frozen=True, slots=True)
class Vascular:
    """How often a tip lies in a vessel that no anatomy shows, and what an aspiration tells."""

    rate: float
    sensitivity: float
    specificity: float

    def __post_init__(self) -> None:
        for name in ("rate", "sensitivity", "specificity"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be 0 to 1, got {getattr(self, name)}")

    @property
    def chances(self) -> dict[str, float]:
        """What an aspiration goes by."""
        return {"sensitivity": self.sensitivity, "specificity": self.specificity}
