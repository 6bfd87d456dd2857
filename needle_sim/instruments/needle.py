"""`Needle`: a cannula, its bevel and its active tip."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim import presets
from needle_sim.errors import InputError


@dataclass(frozen=True, slots=True)
class Needle:
    """A straight or bent cannula.

    Parameters
    ----------
    gauge : int
        Birmingham (Stubs) gauge.
    outer_mm, inner_mm : float, mm
        Diameters; ``inner_mm`` 0 is solid (a stylet or an electrode fills the bore).
    length_mm : float, mm
        Hub to tip.
    bevel_deg : float, degrees
        Angle between bevel plane and axis; 90 is blunt.
    tip_bend_deg : float, degrees
        Bend of the distal end.
    active_tip_mm : float, mm
        Bare length of an RF cannula, 0 for none; the rest of the shaft is insulated.
    """

    gauge: int
    outer_mm: float
    inner_mm: float
    length_mm: float
    bevel_deg: float = 90.0
    tip_bend_deg: float = 0.0
    active_tip_mm: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.inner_mm < self.outer_mm <= 5:
            raise InputError(
                "a needle needs 0 <= inner_mm < outer_mm <= 5, "
                f"got {self.inner_mm=} {self.outer_mm=}"
            )
        if not 0 <= self.active_tip_mm < self.length_mm <= 400:
            raise InputError(
                "a needle needs 0 <= active_tip_mm < length_mm <= 400, "
                f"got {self.active_tip_mm=} {self.length_mm=}"
            )
        if not 5 <= self.bevel_deg <= 90:
            raise InputError(f"bevel_deg must be 5 to 90, got {self.bevel_deg}")

    @classmethod
    def preset(cls, name: str) -> Needle:
        """A shipped needle by name; ``needle-sim list needles`` shows them."""
        return presets.preset(cls, "needles", name)
