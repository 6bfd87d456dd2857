"""What the panels of the instrument read: the state as JSON, and the trace of what was felt."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from needle_sim.instruments.needle import Needle
from needle_sim.views.front_end.said import said_of
from needle_sim.views.marker import angles_in_words

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal


def panel_of(it: Rehearsal, rate_ugy_m2_s: float, *, exam: bool = False) -> dict[str, Any]:
    """The state of a rehearsal as JSON; ``rate`` is what live pictures cost here a second.

    In an exam it calls no view by its name and says nothing that a picture shows.
    """
    now = it.state
    pose = now.pose
    needle = it.hand.needle
    return {
        "t_s": now.t_s, "said": said_of(it, exam=exam),
        "outcome": now.outcome, "declared": now.declared,
        "pose": {
            "orbital_deg": pose.orbital_deg, "tilt_deg": pose.tilt_deg,
            "width_mm": pose.width_mm, "height_mm": pose.height_mm,
            "isocentre_mm": list(pose.isocentre_mm),
            "words": angles_in_words(pose.orbital_deg, pose.tilt_deg),
        },
        "view": None if exam else now.view, "live": now.live, "exposures": now.exposures,
        "fluoro_s": now.fluoro_s, "kap_ugy_m2": now.kap_ugy_m2, "kerma_mgy": now.kerma_mgy,
        "kap_rate": rate_ugy_m2_s if now.live else 0.0,
        "marked": now.mark_mm is not None,
        "needle": {"name": now.needle, **needle_facts(needle)},
        "depth_mm": now.depth_mm, "needle_pass": now.needle_pass,
        "bevel_clock_deg": now.bevel_clock_deg, "stylet_in": now.stylet_in,
        "hub_deg": None if now.hub_deg is None else list(now.hub_deg),
        "hub_words": None if now.hub_deg is None else hub_in_words(*now.hub_deg),
        "felt": list(now.felt), "force_n": now.force_n, "pressure_kpa": now.pressure_kpa,
        "contrast_ml": now.contrast_ml, "probe": now.probe, "heated": now.heated,
    }  # fmt: skip


def needle_facts(needle: Needle) -> dict[str, float]:
    """Sizes that are printed on a hub."""
    return {
        "gauge": needle.gauge,
        "outer_mm": needle.outer_mm,
        "length_mm": needle.length_mm,
        "active_tip_mm": needle.active_tip_mm,
    }


def hub_in_words(orbital_deg: float, tilt_deg: float) -> str:
    """Where a hub leans: ``"12° to the right, 4° to the head"``."""
    said = [
        f"{abs(angle):.0f}° to the {names[angle < 0]}"
        for angle, names in ((orbital_deg, ("left", "right")), (tilt_deg, ("head", "feet")))
        if abs(angle) >= 0.5
    ]
    return ", ".join(said) or "upright"


class Trace:
    """What was felt on the present way in, stretch after stretch."""

    def __init__(self) -> None:
        self.stretches: list[dict[str, Any]] = []

    def add(self, it: Rehearsal, *, layers: bool) -> dict[str, Any] | None:
        """The last push; with ``layers`` it says what the point went through."""
        felt = it.hand.felt
        if felt is None:
            return None
        depth = [round(float(value), 3) for value in felt.depth_mm]
        made: dict[str, Any] = {
            "needle_pass": it.hand.needle_pass,
            "depth_mm": depth,
            "force_n": [round(float(value), 3) for value in felt.force_n],
            "pressure_kpa": None
            if it.hand.stylet_in
            else [round(float(value), 2) for value in felt.pressure_kpa],
            "bone": felt.bone is not None,
            "said": list(felt.said),
        }
        if layers:
            made["layers"] = [
                [name, max(at for at, _ in run)]
                for name, group in groupby(
                    zip(depth, felt.layers, strict=True), key=lambda pair: pair[1]
                )
                if (run := list(group))
            ]
        if self.stretches and self.stretches[-1]["needle_pass"] != made["needle_pass"]:
            self.stretches.clear()
        self.stretches.append(made)
        return made
