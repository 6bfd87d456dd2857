"""`Syringe`: what is drawn and given through the needle of a rehearsal, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import compartment
from needle_sim.errors import InputError
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.aspiration import aspirate
from needle_sim.injectate.spread import Spread, spread
from needle_sim.injectate.vessel import Vessel, vessel_at
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.fluoroscope import rules

Field = NDArray[np.float64]

MOST_CONTRAST_ML = 20.0
_PLACES, _DRAWS = 11, 12  # children of the seed
_PATTERN_OF = {"flavum": "soft_tissue", "bone": "soft_tissue"}


@dataclass(slots=True)
class Syringe:
    """Whether a vessel that nothing shows lies at the tip is drawn once a place, from the seed."""

    recipe: Procedure
    anatomy: Anatomy
    seed: int
    given: Spread | None = None
    given_at_s: float = 0.0
    contrast_ml: float = 0.0
    drawn: int = 0
    _place: Field | None = None
    _vessel: Vessel | None = None

    def _rng(self, places: bool = False) -> np.random.Generator:
        """Of the present place, or of the next thing drawn from there."""
        self.drawn += 1
        return np.random.default_rng([self.seed, _PLACES if places else _DRAWS, self.drawn])

    def _known(self, placed: PlacedNeedle) -> str:
        """The kind of compartment at the tip, hidden vessels included."""
        tip = placed.trajectory.tip_mm
        if self._place is None or float(np.linalg.norm(tip - self._place)) > rules()["vessel_mm"]:
            rate = 0.0 if self.recipe.vascular is None else self.recipe.vascular.rate
            self._place, self._vessel = tip, None
            rng = self._rng(places=True)
            if rng.random() < rate and self.anatomy.bodies:
                self._vessel = vessel_at(self.anatomy, tip, rng)
        kind = compartment(self.anatomy, tip).kind
        return "vascular" if self._vessel is not None and kind != "bone" else kind

    def aspirate(self, placed: PlacedNeedle) -> str:
        """``"clear"``, ``"blood"`` or ``"csf"``."""
        known = self.recipe.vascular
        chances = {} if known is None else known.chances
        kind = self._known(placed)  # draws first, where the place is new
        return aspirate(kind, rng=self._rng(), **chances)

    def contrast(self, placed: PlacedNeedle, agent: str, volume_ml: float, now_s: float) -> Spread:
        """Give contrast; `Spread` says where it runs from now on."""
        found = Agent.preset(agent)
        if not found.iodine_mg_ml > 0:
            raise InputError(f"{agent} holds no iodine and shows nothing: give it as the drug")
        left = MOST_CONTRAST_ML - self.contrast_ml
        if volume_ml > left:
            raise InputError(
                f"{volume_ml:g} mL more would be over the {MOST_CONTRAST_ML:g} mL of contrast "
                f"that one rehearsal takes: {left:g} mL are left"
            )
        found.checked_ml(volume_ml)
        kind = self._known(placed)
        clock = np.deg2rad(placed.bevel_clock_deg)
        bevel = placed.trajectory.patient_from_needle.turn([np.sin(clock), np.cos(clock), 0.0])
        made = spread(
            self.anatomy,
            placed.trajectory.tip_mm,
            bevel,
            agent=found,
            volume_ml=volume_ml,
            vessel=self._vessel if kind == "vascular" else None,
            rng=self._rng(),
        )
        self.given, self.given_at_s = made, now_s
        self.contrast_ml += volume_ml
        return made

    def inject(self, placed: PlacedNeedle, agent: str, volume_ml: float) -> tuple[str, float]:
        """Give a drug: where it goes, and how long that takes, s."""
        found = Agent.preset(agent)
        found.checked_ml(volume_ml)
        kind = self._known(placed)
        return _PATTERN_OF.get(kind, kind), volume_ml / found.rate_ml_s
