"""`InHand`: the needle of a rehearsal: where it is, how it came there, what was felt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg, unit
from needle_sim.instruments.contact import Feel, feel
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.clearance import clearances_mm, skin_entry_mm

Field = NDArray[np.float64]

SKIN_MM = 5.0
"""Depth of a needle that stands in the skin."""

STEERS_MM = 20.0
"""Deeper than this a straight needle cannot be angled without being drawn back (proposed)."""

_INNER_MM = 8.0  # a needle that is not in the body so deep points out of it
_OUT_MM, _LEAST_MM = 0.5, 0.1  # shallower than the first it falls out; the least that is drawn
_SAME_DEG, _SAME_MM = 0.5, 0.3  # headings nearer than this are one path
_REDIRECT_DEG, _REDIRECT_MM = 3.0, 5.0  # a new pass: so much turned after so much drawn back


@dataclass(frozen=True, slots=True, eq=False)
class Heading:
    """One straight way: its entry (3,), unit direction (3,), and how deep which needle went."""

    entry_mm: Field
    axis: Field
    deepest_mm: float
    needle: Needle
    name: str

    @property
    def placed(self) -> PlacedNeedle:
        """The needle at its deepest on this way."""
        return _placed(self.needle, self.entry_mm, self.axis, self.deepest_mm, 0.0)

    def same(self, entry_mm: Field, axis: Field, needle: Needle) -> bool:
        """Whether another way is this one."""
        if needle != self.needle or angle_deg(self.axis, axis) > _SAME_DEG:
            return False
        off = entry_mm - self.entry_mm
        return float(np.linalg.norm(off - (off @ self.axis) * self.axis)) <= _SAME_MM


@dataclass(slots=True)
class InHand:
    """A needle in the patient; `None` of it outside is no needle at all."""

    anatomy: Anatomy
    needle: Needle
    name: str = ""
    needle_pass: int = 0
    entry_mm: Field | None = None
    axis: Field = field(default_factory=lambda: np.array([0.0, -1.0, 0.0]))
    depth_mm: float = 0.0
    clock_deg: float = 0.0
    stylet_in: bool = True
    felt: Feel | None = None
    headings: list[Heading] = field(default_factory=list)
    _turned: Field | None = None  # direction of this pass at its deepest, and how deep that was
    _deepest_mm: float = 0.0

    @property
    def inside(self) -> bool:
        """Whether the needle is in the patient."""
        return self.entry_mm is not None

    def placed(self) -> PlacedNeedle | None:
        """The needle as it is now."""
        if self.entry_mm is None:
            return None
        return _placed(self.needle, self.entry_mm, self.axis, self.depth_mm, self.clock_deg)

    @property
    def tip_mm(self) -> Field:
        """The tip (3,)."""
        return self._entry() + self.depth_mm * self.axis

    def _entry(self) -> Field:
        if self.entry_mm is None:
            raise InputError("no needle is in the patient: mark the skin and insert one first")
        return self.entry_mm

    def insert(self, entry_mm: ArrayLike, axis: ArrayLike) -> None:
        """Through the skin at a point (3,), along a direction (3,)."""
        if self.entry_mm is not None:
            raise InputError("a needle is in the patient already: withdraw it first")
        entry = np.asarray(entry_mm, dtype=np.float64)
        way = unit(np.asarray(axis, dtype=np.float64))
        if not self._leads_in(entry, way):
            raise InputError(
                "the needle would point out of the body there: turn the C-arm so that the tube "
                "lies beneath the skin mark"
            )
        self._next_pass()
        self.entry_mm, self.axis = entry, way
        self.depth_mm, self.stylet_in = 0.0, True
        self._go_to(SKIN_MM)

    def angle(self, axis: ArrayLike) -> None:
        """Turn about the skin entry to another direction (3,)."""
        entry = self._entry()
        if self.depth_mm > STEERS_MM + 1e-6:
            raise InputError(
                f"the needle is {self.depth_mm:.0f} mm deep and cannot be angled there: withdraw "
                f"it to {STEERS_MM:g} mm or less first"
            )
        turned = unit(np.asarray(axis, dtype=np.float64))
        if not self._leads_in(entry, turned):
            raise InputError("the needle would point out of the body there: turn it back")
        self.axis, self.felt = turned, None
        self._note()

    def _leads_in(self, entry_mm: Field, axis: Field) -> bool:
        inner = entry_mm + _INNER_MM * axis
        return bool(self.anatomy.labels.sample(inner[None], outside=0)[0] != 0)

    def _next_pass(self) -> None:
        self.needle_pass += 1
        self._turned, self._deepest_mm = None, 0.0

    def advance(self, mm: float) -> bool:
        """Push on until bone; True where that begins another pass."""
        self._entry()
        redirected = self.redirected
        to = self.depth_mm + mm
        if to > self.needle.length_mm:
            raise InputError(
                f"the needle is {self.needle.length_mm:g} mm long and would be {to:.1f} mm deep: "
                f"{to - self.needle.length_mm:.1f} mm too short; take a longer one or another way"
            )
        if redirected:
            self._next_pass()
        self._go_to(to)
        return redirected

    @property
    def redirected(self) -> bool:
        """Whether it was drawn back and turned so far that pushing on is another pass."""
        if self._turned is None or self._deepest_mm - self.depth_mm < _REDIRECT_MM:
            return False
        return angle_deg(self._turned, self.axis) > _REDIRECT_DEG

    def withdraw(self, mm: float) -> bool:
        """Draw back; True where the needle comes out."""
        self._entry()
        self.depth_mm, self.felt = self.depth_mm - mm, None
        if self.depth_mm < _OUT_MM:
            self._out()
            return True
        return False

    def _out(self) -> None:
        self.entry_mm, self.depth_mm, self.felt = None, 0.0, None

    def rotate(self, deg: float) -> None:
        """Turn the bevel about the axis."""
        self._entry()
        self.clock_deg = (self.clock_deg + deg) % 360.0

    def pose(self, matrix: ArrayLike) -> bool:
        """Take a tracked pose ``patient_from_needle`` (4, 4); True where it begins another pass.

        Origin at the tip, +z along the axis; the bevel faces +y. The skin entry is where the axis
        leaves the body behind the tip. A tip outside of the body is a needle that is out.
        """
        tip, axis, clock = _read(matrix)
        if self.anatomy.labels.sample(tip[None], outside=0)[0] == 0:
            self._out()
            return False
        entry = skin_entry_mm(self.anatomy, tip, -axis)
        if entry is None:
            raise InputError("the needle would enter outside of the volume: aim from the back")
        depth = float(np.linalg.norm(tip - entry))
        if depth > self.needle.length_mm:
            raise InputError(
                f"the tip would be {depth:.1f} mm deep, the needle is {self.needle.length_mm:g} mm "
                f"long: {depth - self.needle.length_mm:.1f} mm too short"
            )
        fresh = self.entry_mm is None
        if fresh:
            self.stylet_in = True
        self.entry_mm, self.axis, self.clock_deg = entry, axis, clock
        redirected = not fresh and depth > self.depth_mm and self.redirected
        if fresh or redirected:
            self._next_pass()
        self.felt = self._feel(depth) if depth > self.depth_mm else None
        self.depth_mm = depth
        self._note()
        return redirected

    def _go_to(self, to: float) -> None:
        self.felt = felt = self._feel(to)
        self.depth_mm = felt.reached_mm
        self._note()

    def _feel(self, to_mm: float) -> Feel:
        return feel(
            self.anatomy, self.needle, self._entry(), self.axis, from_mm=self.depth_mm,
            to_mm=to_mm, syringe=not self.stylet_in,
        )  # fmt: skip

    def _note(self) -> None:
        """Keep the deepest of each heading: what the shaft has swept."""
        entry, deep = self._entry(), self.depth_mm
        if self._turned is None or deep >= self._deepest_mm:
            self._turned, self._deepest_mm = self.axis, deep
        last = self.headings[-1] if self.headings else None
        if last is None or not last.same(entry, self.axis, self.needle):
            self.headings.append(Heading(entry, self.axis, deep, self.needle, self.name))
        elif deep > last.deepest_mm:
            self.headings[-1] = replace(last, deepest_mm=deep)

    def clearance_mm(self) -> Mapping[str, float]:
        """Least clearance of every way from each structure, and from bone."""
        found: dict[str, float] = {}
        for one in self.headings:
            for name, gap in clearances_mm(self.anatomy, one.placed).items():
                found[name] = min(gap, found.get(name, np.inf))
        return found


def _placed(
    needle: Needle, entry_mm: Field, axis: Field, depth_mm: float, clock_deg: float
) -> PlacedNeedle:
    tip = entry_mm + max(depth_mm, _LEAST_MM) * axis
    return PlacedNeedle(needle, Trajectory.straight(entry_mm, tip), clock_deg)


def _read(matrix: ArrayLike) -> tuple[Field, Field, float]:
    """Tip (3,), axis (3,) and bevel clock of ``patient_from_needle``."""
    pose = rigid_of(matrix)
    turn = pose[:3, :3]
    tip, axis = pose[:3, 3], unit(turn[:, 2])
    rest = Trajectory.straight(tip - axis, tip).patient_from_needle
    bevel = rest.inverse().turn(turn[:, 1])
    return tip, axis, float(np.degrees(np.arctan2(bevel[0], bevel[1])) % 360.0)


def rigid_of(matrix: ArrayLike) -> Field:
    """A pose (4, 4) that turns and shifts, or why it does not."""
    pose = np.asarray(matrix, dtype=np.float64)
    if pose.shape != (4, 4) or not np.allclose(pose[3], [0.0, 0.0, 0.0, 1.0]):
        raise InputError("matrix must be (4, 4) with last row 0 0 0 1")
    turn = pose[:3, :3]
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3) or np.linalg.det(turn) < 0:
        raise InputError("matrix must be a turn and a shift, not scaled or mirrored")
    return pose
