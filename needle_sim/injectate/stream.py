"""`Stream`: a fluid that blood carries along a vessel and away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from needle_sim.geometry.paths import resample
from needle_sim.injectate.lattice import Cells, Lattice
from needle_sim.injectate.vessel import Branch

_SAMPLE_MM = 0.4
_LEAST_RADIUS = 0.75  # of a cube's side: thinner than this a vessel is drawn as wide as this
_EDGE_MM, _EDGE_SHARE = 2.0, 0.12  # length over which a bolus mixes, at the tip and per way run


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Plug flow along a path, mixed at its ends.

    During the injection blood and injectate run together, afterwards blood alone.

    Parameters
    ----------
    lattice : Lattice
    edges_mm : (S + 1,) array
        Way along the path at which its pieces meet, as long as it takes at the speed of the tip.
    spread : (cells, S) sparse array
        How a piece's content lies in the cubes. Columns sum to 1, and to less where a branch that
        is as long as that has ended: what runs on from there has left.
    area_mm2, flow_ml_s, rate_ml_s : float
        Cross-section, blood flow, and the flow of injectate into this vessel.
    duration_s : float, s
        Of the injection.
    """

    lattice: Lattice
    edges_mm: Cells
    spread: Any
    area_mm2: float
    flow_ml_s: float
    rate_ml_s: float
    duration_s: float

    @property
    def leaving_s(self) -> float:
        """Time from the injection's start until nineteen twentieths have run off the path."""
        low, high = 0.0, self.duration_s + 1e3 * float(self.edges_mm[-1])
        total = self.rate_ml_s * self.duration_s
        for _ in range(60):
            middle = 0.5 * (low + high)
            gone = middle > self.duration_s and self.filled_ml(middle).sum() < 0.05 * total
            low, high = (low, middle) if gone else (middle, high)
        return high

    def filled_ml(self, t_s: float) -> Cells:
        """Injectate (I, J, K) in each cube, mL, at ``t_s`` after the injection's start."""
        pieces = np.diff(self._within_ml(t_s))
        return np.asarray(self.spread @ pieces).reshape(self.lattice.shape)

    def _within_ml(self, t_s: float) -> Cells:
        """Injectate, mL, between the tip and each of ``edges_mm``."""
        given_s = min(max(t_s, 0.0), self.duration_s)
        if given_s <= 0:
            return np.zeros(len(self.edges_mm))
        after_s = max(t_s - self.duration_s, 0.0)
        fast = 1e3 * (self.flow_ml_s + self.rate_ml_s) / self.area_mm2
        rear = 1e3 * self.flow_ml_s / self.area_mm2 * after_s
        lead = rear + fast * given_s
        per_mm = self.rate_ml_s * given_s / (lead - rear)

        def up_to(way: Cells) -> Cells:
            return per_mm * (_soft_ramp(way, rear) - _soft_ramp(way, lead))

        # what mixing carries behind the tip is folded back, so that nothing is lost
        return up_to(self.edges_mm) - up_to(-self.edges_mm)


def _soft_ramp(way_mm: Cells, from_mm: float) -> Cells:
    """max(way - from, 0) (N,), smoothed by a Gaussian: the integral of a soft step."""
    sigma = _EDGE_MM + _EDGE_SHARE * from_mm
    x = (way_mm - from_mm) / sigma
    bell = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    return np.asarray(sigma * (x * special.ndtr(x) + bell))


def stream(
    path_mm: NDArray[np.float64],
    radius_mm: float,
    *,
    flow_ml_s: float,
    rate_ml_s: float,
    duration_s: float,
    step_mm: float,
    branches: Sequence[Branch] = (),
) -> Stream:
    """The stream along a path (N, 3), tip first, and its branches; `Stream` says the rest.

    The path keeps ``radius_mm`` until a branch leaves it. Cubes of radii sum to the same there
    (Murray 1926, doi:10.1073/pnas.12.3.207), so that blood runs slower in what is narrower: a way
    along it counts as longer by the cube root of its share.
    """
    fine = resample(path_mm, _SAMPLE_MM)
    pieces = np.linalg.norm(np.diff(fine, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(pieces)])
    trunk = np.ones(len(pieces))
    for one in branches:
        trunk = trunk - np.where(along[1:] > one.from_mm, one.share, 0.0)
    edges = np.concatenate([[0.0], np.cumsum(pieces / np.cbrt(trunk))])
    ways = 0.5 * (edges[1:] + edges[:-1])
    lines = [_branch(one, ways, float(np.interp(one.from_mm, along, edges))) for one in branches]
    lines.append((np.arange(len(ways)), 0.5 * (fine[1:] + fine[:-1]), trunk))
    piece, points, share = (np.concatenate(part) for part in zip(*lines, strict=True))
    reach = radius_mm + step_mm
    lattice = Lattice.around(
        np.stack([points.min(axis=0) - reach, points.max(axis=0) + reach]), step_mm
    )
    wide = np.maximum(radius_mm * np.cbrt(share), _LEAST_RADIUS * step_mm)
    balls = _splat(lattice, points, wide)
    gather = sparse.csr_array((share, (np.arange(len(piece)), piece)), (len(piece), len(ways)))
    area = np.pi * radius_mm**2
    return Stream(lattice, edges, balls @ gather, area, flow_ml_s, rate_ml_s, duration_s)


def _branch(
    one: Branch, ways: Cells, from_mm: float
) -> tuple[NDArray[np.intp], NDArray[np.float64], Cells]:
    """Pieces (P,) of the stream that have a place in a branch, their places (P, 3) and shares."""
    line = resample(one.path_mm, _SAMPLE_MM)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    way = (ways - from_mm) * np.cbrt(one.share)
    there = np.flatnonzero((way >= 0) & (way < along[-1]))
    at = [np.interp(way[there], along, line[:, axis]) for axis in range(3)]
    return there, np.stack(at, axis=1), np.full(len(there), one.share)


def _splat(lattice: Lattice, points_mm: NDArray[np.float64], radius_mm: Cells) -> Any:
    """Sparse (cells, points): each point a ball with soft edges whose shares sum to 1."""
    step = lattice.step_mm
    far = int(np.ceil(float(radius_mm.max()) / step + 1.0))
    ball = np.stack(np.meshgrid(*[np.arange(-far, far + 1)] * 3, indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    at = points_mm / step - np.array(lattice.low)
    cell = np.rint(at)[:, None, :] + ball
    away = np.linalg.norm(cell - at[:, None, :], axis=2) * step
    weight = np.clip(0.5 + (radius_mm[:, None] - away) / step, 0.0, 1.0)
    inside = (cell >= 0) & (cell < np.array(lattice.shape[::-1]))
    weight *= inside.all(axis=2)
    weight /= weight.sum(axis=1, keepdims=True)
    x, y, z = np.moveaxis(cell.astype(np.int64), -1, 0)
    number = (z * lattice.shape[1] + y) * lattice.shape[2] + x
    kept = weight > 0
    column = np.broadcast_to(np.arange(len(at))[:, None], kept.shape)
    size = int(np.prod(lattice.shape)), len(at)
    return sparse.csr_array((weight[kept], (number[kept], column[kept])), shape=size)
