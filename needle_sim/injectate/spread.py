"""`spread`: where an injection goes from a tip, and what of it is there at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import Compartment, compartment
from needle_sim.errors import InputError
from needle_sim.geometry.paths import as_points
from needle_sim.geometry.transform import unit
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.column import Column
from needle_sim.injectate.filling import carried, filled
from needle_sim.injectate.front import Front
from needle_sim.injectate.lattice import Cells, Lattice
from needle_sim.injectate.stream import Stream
from needle_sim.injectate.vessel import Vessel, great_vessel
from needle_sim.presets import nearest
from needle_sim.shown import Shown
from needle_sim.volume.volume import Volume

SOLID = ("bone", "flavum")
"""Compartments into which nothing can be injected by hand."""

_STREAM_STEP_MM = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Spread(Shown):
    """An injection that spreads: `Spread.at` gives it at any time.

    Parameters
    ----------
    pattern : str
        What it would look like: ``"vascular"`` whenever part of it enters a vessel, else the kind
        of the compartment.
    compartment : Compartment
        Of the tip.
    agent : Agent
    volume_ml : float, mL
        What the syringe gave; 0 where the plunger did not move.
    tip_mm : (3,) array
    staying : Front or Column or None
        What fills room and stays.
    stream : Stream or None
        What blood carries off.
    notes : tuple of str
        What happened besides, in words.
    """

    pattern: str
    compartment: Compartment
    agent: Agent
    volume_ml: float
    tip_mm: NDArray[np.float64]
    staying: Front | Column | None
    stream: Stream | None
    vessel: Vessel | None = None
    notes: tuple[str, ...] = ()
    _reach: tuple[float, float] = field(init=False, default=(0.0, 0.0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reach", self._measured_reach())

    @property
    def duration_s(self) -> float:
        """How long the injection takes."""
        return self.volume_ml / self.agent.rate_ml_s

    @property
    def iodine_mg(self) -> float:
        """Iodine that was given."""
        return self.volume_ml * self.agent.iodine_mg_ml

    @property
    def leaving_s(self) -> float | None:
        """Seconds after the start until 95 % of what entered a vessel has gone; else None."""
        return None if self.stream is None else self.stream.leaving_s

    @property
    def reach_mm(self) -> tuple[float, float]:
        """How far cranial and caudal of the tip it is at the injection's end."""
        return self._reach

    @property
    def lattice(self) -> Lattice | None:
        """Of `at`; None where nothing was given."""
        parts = [part.lattice for part in (self.staying, self.stream) if part is not None]
        return None if not parts else parts[0] if len(parts) == 1 else parts[0].joined(parts[1])

    def given_ml(self, t_s: float) -> float:
        """What the syringe has given ``t_s`` after the injection's start."""
        return min(max(t_s, 0.0) * self.agent.rate_ml_s, self.volume_ml)

    def here_ml(self, t_s: float) -> float:
        """What of it lies in the field of `at`; the rest has left (`left_ml`)."""
        return float(self._filled_ml(t_s).sum())

    def left_ml(self, t_s: float) -> float:
        """What blood has carried off, or what ran on beyond the field."""
        return max(self.given_ml(t_s) - self.here_ml(t_s), 0.0)

    def at(self, t_s: float) -> Volume:
        """Iodine, mg/mL, float32, ``t_s`` seconds after the injection started."""
        filled = self._filled_ml(t_s)
        lattice = self.lattice
        if lattice is None:
            lattice = Lattice.around(np.stack([self.tip_mm, self.tip_mm]), _STREAM_STEP_MM)
        amount = filled * (self.agent.iodine_mg_ml / lattice.cell_ml)
        return Volume(amount.astype(np.float32), lattice.patient_from_voxel, "iodine_mg_ml")

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return {
            "pattern": self.pattern,
            "tip in": f"{self.compartment.kind} ({self.compartment.name})",
            "given": f"{self.volume_ml:.3g} mL {self.agent.name}",
            "iodine, mg": f"{self.iodine_mg:.3g}",
            "reach up, down, mm": f"{self.reach_mm[0]:.0f}, {self.reach_mm[1]:.0f}",
            "notes": "; ".join(self.notes) or "none",
        }

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        return {
            "injection_pattern": self.pattern,
            "injection_compartment": self.compartment.name,
            "agent": self.agent.name,
            "injected_ml": self.volume_ml,
            "iodine_mg": self.iodine_mg,
            "reach_cranial_mm": self.reach_mm[0],
            "reach_caudal_mm": self.reach_mm[1],
            "leaving_s": self.leaving_s,
        }

    def _filled_ml(self, t_s: float) -> Cells:
        """Injectate (I, J, K) in each cube of `lattice`, mL."""
        lattice = self.lattice
        if lattice is None:
            return np.zeros((3, 3, 3))
        stays, runs = self.staying, self.stream
        into = 0.0 if self.vessel is None or runs is None else self.vessel.into
        given = (1.0 - into) * self.given_ml(t_s)
        found = []
        if isinstance(stays, Column):
            since = max(t_s - 0.5 * self.duration_s, 0.0)
            found.append((stays.lattice, stays.filled_ml(given, since)))
        elif stays is not None:
            found.append((stays.lattice, stays.filled_ml(given)))
        if runs is not None:
            found.append((runs.lattice, runs.filled_ml(t_s)))
        if len(found) == 1:
            return found[0][1]
        total = np.zeros(lattice.shape)
        for part, content in found:
            total[lattice.place_of(part)] += content
        return total

    def _measured_reach(self) -> tuple[float, float]:
        """Heights over and under the tip between which all but 2 % lie at the injection's end."""
        lattice = self.lattice
        if lattice is None or self.volume_ml <= 0:
            return 0.0, 0.0
        per_slice = self._filled_ml(self.duration_s).sum(axis=(1, 2))
        share = np.cumsum(per_slice) / max(float(per_slice.sum()), 1e-12)
        _, _, z = lattice.axes_mm()
        low, high = (float(np.interp(q, share, z)) for q in (0.01, 0.99))
        return max(high - float(self.tip_mm[2]), 0.0), max(float(self.tip_mm[2]) - low, 0.0)


def spread(
    anatomy: Anatomy,
    tip_mm: ArrayLike,
    bevel: ArrayLike,
    *,
    agent: Agent,
    volume_ml: float,
    vessel: Vessel | None = None,
    rng: np.random.Generator | None = None,
) -> Spread:
    """Where ``volume_ml`` of an agent goes from a tip, by the compartment that the tip lies in.

    Parameters
    ----------
    anatomy : Anatomy
        With `needle_sim.anatomy.anatomy.Space` for canal, foramina, joints and discs.
    tip_mm, bevel : (3,) arrays
        The tip in the patient, and the direction in which the bevel opens.
    agent : Agent
    volume_ml : float, mL
    vessel : Vessel or None
        A hidden vessel that the tip lies in (`needle_sim.injectate.vessel.vessel_at`).
    rng : Generator or None
        Draws texture and uneven resistance; without it the same pattern is used each time.

    Returns
    -------
    Spread
        Volume is conserved: what was given lies in the field or has left it.
    """
    volume = agent.checked_ml(volume_ml)
    tip = as_points(np.atleast_2d(np.asarray(tip_mm)), "tip_mm")[0]
    side = unit(np.asarray(bevel, dtype=np.float64))
    found = compartment(anatomy, tip)
    if found.kind == "outside":
        raise InputError(
            f"the tip {tip.round(1)} lies outside the body: nothing is injected; advance it first"
        )
    if vessel is None and found.kind == "vascular":
        vessel = great_vessel(anatomy.structures[found.name], tip)
    if vessel is None and found.kind in SOLID:
        note = f"the plunger does not move: the tip lies in {found.name}"
        return Spread(found.kind, found, agent, 0.0, tip, None, None, None, (note,))
    stays: Front | Column | None = None
    notes: tuple[str, ...] = ()
    into = 0.0 if vessel is None else vessel.into
    if into < 1.0:
        part = (1.0 - into) * volume
        stays, notes = filled(anatomy, found, tip, side, part, rng)
    runs = None
    if vessel is not None:
        notes = (f"{into:.0%} of it enters a {vessel.kind}", *notes)
        step = _STREAM_STEP_MM if stays is None else stays.lattice.step_mm
        runs = carried(vessel, agent, volume, step)
    pattern = "vascular" if vessel is not None else found.kind
    return Spread(pattern, found, agent, volume, tip, stays, runs, vessel, notes)


PATTERNS: Mapping[str, str] = {
    "epidural": "epidural: patchy, along the canal and out along the roots",
    "vascular": "vascular: a line that runs off",
    "intrathecal": "intrathecal: a smooth column in the dural sac",
    "intra_articular": "intra-articular: the joint's outline with its recesses",
    "intradiscal": "intradiscal: the nucleus",
    "soft_tissue": "soft tissue: streaks along the fibres",
    "nerve": "nerve: streaks along the nerve",
}
"""Each pattern in words."""
_OF_WORD = {
    **dict.fromkeys(("muscle", "fat", "fascia", "skin", "ligament"), "soft_tissue"),
    **dict.fromkeys(("joint", "facet", "facet_joint", "capsule"), "intra_articular"),
    **dict.fromkeys(("disc", "nucleus"), "intradiscal"),
    **dict.fromkeys(("canal", "foramen", "foraminal"), "epidural"),
    **dict.fromkeys(("dura", "sac", "csf", "spinal"), "intrathecal"),
    **dict.fromkeys(("vessel", "artery", "vein"), "vascular"),
    **dict.fromkeys(("root", "ganglion"), "nerve"),
}


def check_patterns(names: Iterable[str]) -> None:
    """Refuse a name that is none of `PATTERNS`, and say which was probably meant."""
    for name in names:
        if name not in PATTERNS:
            meant = _OF_WORD.get(name, name)
            raise InputError(
                f"patterns: no contrast has pattern {name!r}{nearest(meant, PATTERNS)}"
            )
