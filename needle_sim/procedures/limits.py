"""`Limits`: what a good attempt keeps, as a recipe says it."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim.errors import InputError
from needle_sim.injectate.spread import check_patterns


@dataclass(frozen=True, slots=True)
class Limits:
    """What a good attempt keeps; what a procedure has no limit for is not scored.

    Under ``sac_mm2`` of dural sac a level is too narrow for it, a gate; under ``narrow_mm2`` it is
    said.
    """

    target_error_mm: float
    patterns: tuple[str, ...] = ()
    approach_deg: float | None = None
    axis_to_nerve_deg: float | None = None
    nerve_share: float | None = None
    window_share: float | None = None
    root_c: float | None = None
    dura_c: float | None = None
    tissue_c: float | None = None
    sac_mm2: float | None = None
    narrow_mm2: float | None = None

    def __post_init__(self) -> None:
        check_patterns(self.patterns)
        if not 0.0 <= (self.sac_mm2 or 0.0) <= (self.narrow_mm2 or 0.0):
            raise InputError(
                "sac_mm2 must be 0 or more and at most narrow_mm2, "
                f"got {self.sac_mm2} and {self.narrow_mm2}"
            )
