"""`State`: what an operator can know at one moment of a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from needle_sim.planning.sightline import angles_of
from needle_sim.rehearsal.fluoroscope import Pose
from needle_sim.shown import Shown

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


@dataclass(frozen=True, slots=True)
class State(Shown):
    """One moment.

    Parameters
    ----------
    t_s : float, s
        Simulated time.
    said : str
        What the last act came to, in words.
    outcome : str or None
        ``"finished"`` or ``"aborted"``.
    declared : str or None
        Side and level as declared.
    pose, view : Pose, str or None
        Of the C-arm, and the recipe's view that it stands in.
    live : bool
    exposures, fluoro_s, kap_ugy_m2, kerma_mgy
        So far.
    mark_mm : (3,) or None
        On the skin.
    needle : str
        Preset.
    depth_mm, needle_pass, bevel_clock_deg, stylet_in
        Of the needle; ``depth_mm`` is None while it is outside.
    hub_deg : (orbital, tilt) or None
        Where the hub points, as C-arm angles.
    felt, force_n, pressure_kpa
        Of the last push.
    contrast_ml : float
    probe : str or None
    heated : bool
    """

    t_s: float
    said: str
    outcome: str | None
    declared: str | None
    pose: Pose
    view: str | None
    live: bool
    exposures: int
    fluoro_s: float
    kap_ugy_m2: float
    kerma_mgy: float
    mark_mm: tuple[float, float, float] | None
    needle: str
    depth_mm: float | None
    needle_pass: int
    bevel_clock_deg: float
    stylet_in: bool
    hub_deg: tuple[float, float] | None
    felt: tuple[str, ...]
    force_n: float
    pressure_kpa: float | None
    contrast_ml: float
    probe: str | None
    heated: bool

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        depth = "outside" if self.depth_mm is None else f"{self.depth_mm:.1f} mm deep"
        return {
            "time": f"{self.t_s:.0f} s",
            "C-arm": f"orbital {self.pose.orbital_deg:g}°, tilt {self.pose.tilt_deg:g}°",
            "needle": f"{self.needle}, {depth}, pass {self.needle_pass}",
            "exposures": str(self.exposures),
            "fluoroscopy, s": f"{self.fluoro_s:.3g}",
            "kerma-area product, µGy m2": f"{self.kap_ugy_m2:.3g}",
            "reference air kerma, mGy": f"{self.kerma_mgy:.3g}",
            "last": self.said,
        }

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "t_s": self.t_s,
            "exposures": self.exposures,
            "fluoro_s": self.fluoro_s,
            "kap_ugy_m2": self.kap_ugy_m2,
            "kerma_mgy": self.kerma_mgy,
            "needle_passes": self.needle_pass,
            "depth_mm": self.depth_mm,
            "contrast_ml": self.contrast_ml,
        }


def state_of(rehearsal: Rehearsal) -> State:
    """The present moment."""
    hand = rehearsal.hand
    placed = hand.placed()
    view = rehearsal.scope.view(placed)
    felt = hand.felt if placed is not None else None
    return State(
        t_s=rehearsal.t_s,
        said=rehearsal.said,
        outcome=rehearsal.outcome,
        declared=rehearsal.declared,
        pose=rehearsal.scope.pose,
        view=None if view is None else view.name,
        live=rehearsal.live_since_s is not None,
        exposures=rehearsal.exposures,
        fluoro_s=rehearsal.fluoro_s,
        kap_ugy_m2=rehearsal.kap_ugy_m2,
        kerma_mgy=rehearsal.kerma_mgy,
        mark_mm=rehearsal.mark_mm,
        needle=rehearsal.needle_name,
        depth_mm=None if placed is None else hand.depth_mm,
        needle_pass=hand.needle_pass,
        bevel_clock_deg=hand.clock_deg,
        stylet_in=hand.stylet_in,
        hub_deg=None if placed is None else angles_of(-hand.axis),
        felt=() if felt is None else felt.said,
        force_n=0.0 if felt is None else float(felt.force_n[-1]),
        pressure_kpa=None if felt is None or hand.stylet_in else float(felt.pressure_kpa[-1]),
        contrast_ml=rehearsal.syringe.contrast_ml,
        probe=None if rehearsal.probe is None else rehearsal.probe[0],
        heated=rehearsal.heated is not None,
    )
