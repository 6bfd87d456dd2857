"""`executions`: the same plan under the errors of a hand, many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.candidates import outside_mm
from needle_sim.planning.hand import HandErrors, draws, strayed
from needle_sim.planning.hazards import KINDS, HazardMaps
from needle_sim.planning.planner import Plan
from needle_sim.planning.walls import BODY_REACH_MM, DEFAULT_MARGINS_MM
from needle_sim.shown import Shown

Field = NDArray[np.float64]
FAR_MM = 30.0
_Z = 1.959964  # 95 % of a normal distribution, two-sided


@dataclass(frozen=True, slots=True, eq=False)
class Executions(Shown):
    """What came of ``n`` passes; each is one straight pass without a corrective look.

    Parameters
    ----------
    margins_mm : mapping of str to float
        Clearance under which a kind counts as breached.
    tip_error_mm, target_error_mm : (n,) array
        Distance of the tip from the planned tip, and from the target's centre.
    angle_deg : (n,) array
        Between the pass and the plan.
    clearance_mm : mapping of str to (n,) array
        Least distance of the needle's surface to bone, dura, root and vessel, where there are any;
        from maps of 1 mm, `FAR_MM` at most. Bone under 0: the hand would have felt it and stopped.
    breached : mapping of str to (n,) array of bool
        Clearance under the margin, for each kind that has one.
    window_met : (n,) array of bool
        Tip inside the target's radius, in one of its spaces and dorsal of its limit.
    """

    margins_mm: Mapping[str, float]
    tip_error_mm: Field
    target_error_mm: Field
    angle_deg: Field
    clearance_mm: Mapping[str, Field]
    breached: Mapping[str, NDArray[np.bool_]]
    window_met: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.tip_error_mm)

    @property
    def met(self) -> NDArray[np.bool_]:
        """Window met and nothing breached (n,)."""
        good = self.window_met.copy()
        for one in self.breached.values():
            good &= ~one
        return good

    def columns(self) -> dict[str, NDArray[Any]]:
        """One flat column (n,) a measure; a kind that is not around the target has none."""
        return {
            "tip_error_mm": self.tip_error_mm,
            "target_error_mm": self.target_error_mm,
            "angle_deg": self.angle_deg,
            **{f"{kind}_mm": one for kind, one in self.clearance_mm.items()},
            **{f"{kind}_breached": one for kind, one in self.breached.items()},
            "window_met": self.window_met,
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat row of Python scalars a pass, of the same columns."""
        columns: dict[str, list[Any]] = {name: one.tolist() for name, one in self.columns().items()}
        names = list(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def summary(self) -> dict[str, Any]:
        """Shares with their 95 % interval, and mean errors: flat Python scalars."""
        shares = {"met": self.met, "window_met": self.window_met}
        shares.update({f"{kind}_breached": one for kind, one in self.breached.items()})
        found: dict[str, Any] = {"n": len(self)}
        for name, one in shares.items():
            low, high = wilson(int(one.sum()), len(one))
            found[f"{name}_share"] = float(one.mean())
            found[f"{name}_share_low"], found[f"{name}_share_high"] = low, high
        found["tip_error_mean_mm"] = float(self.tip_error_mm.mean())
        found["tip_error_p95_mm"] = float(np.quantile(self.tip_error_mm, 0.95))
        found["angle_mean_deg"] = float(self.angle_deg.mean())
        return found

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        found = self.summary()
        shown = {"passes": str(found["n"])}
        for name in found:
            if name.endswith("_share"):
                low, high = 100 * found[f"{name}_low"], 100 * found[f"{name}_high"]
                said = name.removesuffix("_share").replace("_", " ")
                shown[said] = f"{100 * found[name]:.1f} % ({low:.1f} to {high:.1f})"
        shown["tip error, mm"] = f"{found['tip_error_mean_mm']:.1f}"
        return shown


def executions(
    anatomy: Anatomy,
    planned: Plan | PlacedNeedle,
    target: Target,
    *,
    errors: HandErrors,
    n: int,
    rng: np.random.Generator,
    margins_mm: Mapping[str, float] | None = None,
) -> Executions:
    """Carry out a plan ``n`` times with a hand's errors and look at each pass through the maps.

    Parameters
    ----------
    planned : Plan or PlacedNeedle
        The best path of a plan, or a needle; a bent one counts as straight from entry to tip.
    margins_mm : mapping of str to float
        As for `needle_sim.planning.planner.plan`; bone has none unless given.

    Returns
    -------
    Executions
        No picture is taken and nothing is heated: clearances and the window alone.
    """
    return executed(
        anatomy, planned, target, errors=errors, drawn=draws(n, rng), margins_mm=margins_mm
    )


def executed(
    anatomy: Anatomy,
    planned: Plan | PlacedNeedle,
    target: Target,
    *,
    errors: HandErrors,
    drawn: Field,
    margins_mm: Mapping[str, float] | None = None,
) -> Executions:
    """`executions` for standard normal numbers (n, 5) of your own; a pass depends on its row."""
    placed = planned.placed if isinstance(planned, Plan) else planned
    margins = DEFAULT_MARGINS_MM if margins_mm is None else margins_mm
    strange = sorted(set(margins) - set(KINDS))
    if strange:
        raise InputError(f"margins_mm knows {', '.join(KINDS)}, got {', '.join(strange)}")
    tips, axes = strayed(placed, errors, drawn)
    maps = HazardMaps.around(anatomy, target.centre_mm)
    found = maps.trace(tips, axes, reach_mm=BODY_REACH_MM, far_mm=FAR_MM).least_mm
    radius = placed.needle.outer_mm / 2
    clearance = {
        kind: found[:, index].astype(np.float64) - radius
        for index, kind in enumerate(KINDS)
        if kind in maps.kinds
    }
    breached = {
        kind: away < margins[kind]
        for kind, away in clearance.items()
        if margins.get(kind, -1.0) >= 0
    }
    straight = unit(placed.trajectory.tip_mm - placed.trajectory.entry_mm)
    off = np.linalg.norm(tips - target.centre_mm, axis=1)
    return Executions(
        margins_mm=dict(margins),
        tip_error_mm=np.linalg.norm(tips - placed.trajectory.tip_mm, axis=1),
        target_error_mm=off,
        angle_deg=np.degrees(np.arccos(np.clip((axes * straight).sum(axis=1), -1.0, 1.0))),
        clearance_mm=clearance,
        breached=breached,
        window_met=(off <= target.radius_mm) & _placed_well(anatomy, target, tips),
    )


def _placed_well(anatomy: Anatomy, target: Target, tips: Field) -> NDArray[np.bool_]:
    good = np.ones(len(tips), dtype=bool)
    if target.ventral_mm is not None:
        good &= tips[:, 1] >= target.ventral_mm[1]
    if target.within:
        good &= outside_mm(anatomy, target, tips) <= target.within_mm
    return good


def wilson(met: int, n: int) -> tuple[float, float]:
    """95 % interval of a share of ``n``.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    if not 0 <= met <= n or n < 1:
        raise InputError(f"a share needs 0 <= met <= n and n >= 1, got {met} of {n}")
    share, square = met / n, _Z * _Z / n
    middle = (share + square / 2) / (1 + square)
    half = np.sqrt(share * (1 - share) * square + square * square / 4) / (1 + square)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
