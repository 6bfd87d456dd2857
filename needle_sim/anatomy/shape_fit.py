"""`solved`: pose and sizes of a parametric bone, brought to what a label shows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from needle_sim.anatomy.evidence import Evidence
from needle_sim.anatomy.phantom.sizes import SIGNED as MAY_BE_NEGATIVE
from needle_sim.errors import InputError
from needle_sim.geometry.parts import half_sizes
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Transform, cross

Points = NDArray[np.float64]
Sizes = Mapping[str, float]

SIGNED = MAY_BE_NEGATIVE | frozenset(
    {"wall_below_mm", "foramen_mm", "tail_mm"}
    | {"ala_ventral_mm", "ala_back_mm", "ala_up_mm", "ala_dorsal_mm"}
)
"""Lengths that may be zero or negative; the others are fitted by their logarithm."""

_TURN_RAD, _SHIFT_MM = 0.1, 3.0  # what one unit of the pose unknowns stands for
_NOISE_MM = 3.0  # 1 mm a point, about 9 neighbouring points err together
_ROBUST_MM = 2.0  # distances beyond it count linearly
_STEP = 0.02
_REACH_MM = 10.0  # from a part of the bone, beyond which its sizes are taken to change nothing
_GRADIENT_MM = 1e-3
_STIFF = 2.5  # departures of so many spreads count double, and ever more beyond (proposed)
_TRIALS = 4
_ENOUGH = 1e-3  # a step that takes less of the sum of squares away is the last


@dataclass(frozen=True, slots=True, eq=False)
class BoneModel:
    """A bone that its sizes shape.

    Parameters
    ----------
    mean : mapping of str to float
        Average of each size that is fitted.
    spread : mapping of str to float
        Its standard deviation, in the same unit and order.
    shape : callable
        Sizes to the bone in its body frame, always of as many rows.
    anchors : callable
        Sizes to points (A, 3) in the body frame that `Evidence.anchors_mm` are known for.
    """

    mean: Sizes
    spread: Sizes
    shape: Callable[[Sizes], Implicit]
    anchors: Callable[[Sizes], Points]

    def sizes(self, unknowns: Points) -> dict[str, float]:
        """Sizes at unknowns (U,) in spreads; none given are at the mean."""
        found = dict(self.mean)
        for (name, sd), z in zip(self.spread.items(), unknowns.tolist(), strict=False):
            mean = self.mean[name]
            either_sign = name.endswith("_deg") or name in SIGNED
            found[name] = mean + sd * z if either_sign else mean * float(np.exp(sd / mean * z))
        return found


def solved(model: BoneModel, evidence: Evidence, start: Transform) -> tuple[Sizes, Transform]:
    """Least squares of pose and sizes, robust, both ways.

    Four kinds of residuals are brought down together: the distance of the label's surface points
    from the model; in a band about the label, the difference of the two distances, both saturated
    (so that what the model has too much counts like what it lacks); the anchors; and each size's
    departure from its mean in units of its spread, so that what the label does not show stays as
    it is on average. First the pose alone, without the anchors, then all on a third of the points,
    then on all.
    """
    whole = _Problem(model, evidence, start)
    third = _Problem(model, evidence.thinned(3), start)
    pose = _Problem(model, third.evidence.loose(), start).solved(np.zeros(6), 10)
    rough = third.solved(np.concatenate([pose, np.zeros(len(model.spread))]), 10)
    return whole.at(whole.solved(rough, 4))


def shaped(model: BoneModel, evidence: Evidence, pose: Transform) -> Sizes:
    """The same for the sizes alone, in a pose that is known: first on a third of the points."""
    whole, third = (_Problem(model, one, pose, held=6) for one in (evidence, evidence.thinned(3)))
    rough = third.solved(np.zeros(6 + len(model.spread)), 10)
    return whole.at(whole.solved(rough, 4))[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """What a small step of one size changes: rows (R, 24), anchors (A, 3); the points near (P,)."""

    rows: Points
    anchors: Points
    near: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Residuals as a function of 3 turns, 3 shifts, then sizes in spreads.

    The first ``held`` of these stay as they are.
    """

    model: BoneModel
    evidence: Evidence
    start: Transform
    held: int = 0

    def at(self, unknowns: Points) -> tuple[dict[str, float], Transform]:
        """Sizes and pose that the unknowns stand for."""
        turn = Rotation.from_rotvec(_TURN_RAD * unknowns[:3]).as_matrix()
        matrix = self.start.matrix.copy()
        matrix[:3, :3] = matrix[:3, :3] @ turn
        matrix[:3, 3] += _SHIFT_MM * unknowns[3:6]
        pose = Transform(matrix, target=self.start.target, source=self.start.source)
        return self.model.sizes(unknowns[6:]), pose

    def misfits(self, distance: Points, which: NDArray[np.bool_] | slice) -> Points:
        """Model less wanted distance at the points in units of the noise, robust (pseudo-Huber)."""
        limit = self.evidence.limit_mm[which]
        off = np.clip(distance, -limit, limit) - self.evidence.wanted_mm[which]
        square = 2 * _ROBUST_MM**2 * (np.hypot(1, off / _ROBUST_MM) - 1)
        scale = np.sqrt(self.evidence.weight) / _NOISE_MM
        return np.asarray(np.sign(off) * np.sqrt(square) * scale)

    def strains(self, anchors: Points, pose: Transform) -> Points:
        """How far anchors (A, 3) are off (3 A,), in units of how well they are known."""
        off = pose.apply(anchors) - self.evidence.anchors_mm
        return np.asarray(np.einsum("aij,aj->ai", self.evidence.anchor_weight, off).ravel())

    def anchors(self, sizes: Sizes) -> Points:
        """Those of the model, none where none are known."""
        if not len(self.evidence.anchors_mm):
            return np.zeros((0, 3))
        return self.model.anchors(sizes)

    def residuals(self, unknowns: Points) -> Points:
        """Misfits, strains of the anchors, then the departures of the sizes."""
        sizes, pose = self.at(unknowns)
        local = pose.inverse().apply(self.evidence.points_mm)
        misfits = self.misfits(self.model.shape(sizes).distance_mm(local), slice(None))
        return np.concatenate(
            [misfits, self.strains(self.anchors(sizes), pose), _departure(unknowns[6:])]
        )

    def tried(self, unknowns: Points) -> Points | None:
        """The residuals, or ``None`` where the sizes make no bone."""
        try:
            return self.residuals(unknowns)
        except InputError:
            return None

    def changes(self, unknowns: Points) -> list[_Change]:
        """What a small step of each size changes; taken as the same all along a descent."""
        sizes, pose = self.at(unknowns)
        local = pose.inverse().apply(self.evidence.points_mm)
        rows, anchors, found = self.model.shape(sizes).rows, self.anchors(sizes), []
        for k in range(len(unknowns) - 6):
            moved = unknowns[6:].copy()
            moved[k] += _STEP
            there = self.model.sizes(moved)
            change = self.model.shape(there).rows - rows
            shift = self.anchors(there) - anchors
            found.append(_Change(change, shift, _beside(rows, change, local)))
        return found

    def slopes(self, unknowns: Points, here: Points, changes: list[_Change]) -> Points:
        """Forward differences (R, U) of the residuals, which are ``here`` at the unknowns.

        A turn or a shift moves the points along the distance's gradient; a size is looked at only
        about the parts of the bone that it changes.
        """
        sizes, pose = self.at(unknowns)
        points, count = self.evidence.points_mm, len(self.evidence.points_mm)
        local, shape = pose.inverse().apply(points), self.model.shape(sizes)
        distance, anchors = shape.distance_mm(local), self.anchors(sizes)
        gradient, last = _gradient(shape, local, distance), count + 3 * len(anchors)
        found = np.zeros((len(here), len(unknowns)))
        for k in range(6):
            moved = unknowns.copy()
            moved[k] += _STEP
            _, there = self.at(moved)
            shift = there.inverse().apply(points) - local
            further = distance + (gradient * shift).sum(axis=1)
            found[:count, k] = self.misfits(further, slice(None)) - here[:count]
            found[count:last, k] = self.strains(anchors, there) - here[count:last]
        for k, one in enumerate(changes, start=6):
            further = Implicit(shape.rows + one.rows).distance_mm(local[one.near])
            found[:count, k][one.near] = self.misfits(further, one.near) - here[:count][one.near]
            found[count:last, k] = self.strains(anchors + one.anchors, pose) - here[count:last]
        found[last:, 6:] = np.diag(_departure(unknowns[6:] + _STEP) - here[last:])
        return found / _STEP

    def solved(self, unknowns: Points, most: int) -> Points:
        """The unknowns at the least sum of squares, after at most ``most`` steps.

        Levenberg-Marquardt (doi:10.1137/0111030) on the normal equations; they are summed without
        BLAS, whose last bits depend on its threads.
        """
        here, damping = self.residuals(unknowns), 1e-2
        changes = self.changes(unknowns)
        for _ in range(most):
            slopes = self.slopes(unknowns, here, changes)[:, self.held :]
            normal = np.einsum("ni,nj->ij", slopes, slopes)
            downhill = -np.einsum("ni,n->i", slopes, here)
            before = float(np.square(here).sum())
            for _ in range(_TRIALS):
                free = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
                step = np.concatenate([np.zeros(self.held), free])
                there = self.tried(unknowns + step)
                if there is not None and np.square(there).sum() < before:
                    break
                damping *= 6.0
            else:
                return unknowns
            unknowns, here, damping = unknowns + step, there, damping / 6.0
            if before - np.square(here).sum() < _ENOUGH * before:
                break
        return unknowns


def _departure(z: Points) -> Points:
    """What a departure of ``z`` spreads (U,) counts."""
    return np.asarray(z * (1.0 + (z / _STIFF) ** 4))


def _gradient(shape: Implicit, points: Points, distance: Points) -> Points:
    """Forward differences (P, 3) of the distance (P,)."""
    steps = _GRADIENT_MM * np.eye(3)
    ahead = [shape.distance_mm(points + step) - distance for step in steps]
    return np.stack(ahead, axis=1) / _GRADIENT_MM


def _beside(rows: Points, slopes: Points, points: Points) -> NDArray[np.bool_]:
    """True (P,) within reach of a row that changes."""
    found = np.zeros(len(points), dtype=bool)
    for row in rows[np.abs(slopes).max(axis=1) > 1e-9]:
        half, run = half_sizes(row)
        centre = row[3:6] + 0.5 * run * cross(row[6:9], row[9:12])
        reach = float(np.linalg.norm(half + np.array([0.0, 0.0, 0.5 * run]))) + _REACH_MM
        found |= np.square(points - centre).sum(axis=1) < reach * reach
    return found
