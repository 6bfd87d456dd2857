"""`Blur`: the point spread on a grid of lines and samples, and the envelope that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.field.textures import scatterers
from needle_sim.imaging.ultrasound.point_spread import FWHM_OF_SIGMA, PointSpread, point_spread
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.jit import in_slabs

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

NOISE_DB = -120.0
"""Electronic noise at the receiver, before the compensation (proposed: 9 MHz then reaches 5 cm of
muscle and 3.5 MHz more than 12 cm)."""

FLOOR = 1e-20
"""Power that is always there, so that silence has a logarithm: -200 dB."""

SLAB = 16
_BLOCK = 64
_REACH_SIGMA = 2.6
_PER_LINE = 2.0  # lines within the width of a beam, at least
_TAPS_SIGMA = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Blur:
    """The point spread in lines and samples, as `_kernels.blur` takes it.

    ``gain`` (S,) makes blurred noise of mean square 1 of unblurred; ``stride`` marched lines make
    one of the picture, ``pad`` more lie on either side.
    """

    weights: NDArray[np.float32]
    reach: NDArray[np.int64]
    taps: NDArray[np.float32]
    gain: NDArray[np.float32]
    stride: int
    pad: int
    spread: PointSpread

    @property
    def cell_mm(self) -> float:
        """Side of the cubes that each hold one scatterer amplitude: half of the pulse's length."""
        return _cell_mm(self.spread)


@lru_cache(maxsize=8)
def blur_of(probe: Probe, depth_mm: float, lines: int, samples: int) -> Blur:
    """The point spread of a probe on a grid of lines and samples."""
    step = depth_mm / samples
    at = np.linspace(0.5 * step, depth_mm - 0.5 * step, samples)
    spread = point_spread(probe).at(at)
    wide = spread.lateral_mm / probe.spacing_mm(lines, at)
    stride = max(1, int(np.ceil(_PER_LINE / wide.min())))
    stride += 1 - stride % 2  # odd, so that a line of the picture lies on one that is marched
    sigma = np.maximum(wide * stride / FWHM_OF_SIGMA, 0.3)
    pad = int(np.ceil(_REACH_SIGMA * sigma.max()))
    away = np.arange(pad + 1)[:, None]
    weights = np.exp(-0.5 * (away / sigma) ** 2) * (away <= np.ceil(_REACH_SIGMA * sigma))
    weights /= weights[0] + 2 * weights[1:].sum(axis=0)
    blocks = -(-samples // _BLOCK)
    block = -(-samples // blocks)
    reach = np.array(
        [
            int(np.ceil(_REACH_SIGMA * sigma[b * block : (b + 1) * block].max()))
            for b in range(blocks)
        ]
    )
    along = spread.axial_mm / step / FWHM_OF_SIGMA
    taps = np.exp(-0.5 * (np.arange(int(np.ceil(_TAPS_SIGMA * along)) + 1) / along) ** 2)
    power = (weights[0] ** 2 + 2 * (weights[1:] ** 2).sum(axis=0)) * _power(taps, spread, step)
    return Blur(
        weights.astype(np.float32),
        reach,
        taps.astype(np.float32),
        (1.0 / np.sqrt(power)).astype(np.float32),
        stride,
        pad,
        spread,
    )


def _cell_mm(spread: PointSpread) -> float:
    return 0.5 * spread.axial_mm


def _power(taps: Floats, spread: PointSpread, step_mm: float) -> float:
    """Mean square of noise of mean square 1 after the taps; neighbours share a cell in part."""
    full = np.concatenate([taps[:0:-1], taps])
    lag = np.abs(np.arange(len(full))[:, None] - np.arange(len(full)))
    # of all directions, the mean chance that two places a lag apart fall into one cube
    alike = np.maximum(0.0, 1.0 - 0.9 * lag * step_mm / _cell_mm(spread)) ** 1.2
    return float(full @ alike @ full)


def detected(
    echo: NDArray[np.float32], blur: Blur, lines: int, rng: np.random.Generator | None
) -> NDArray[np.float32]:
    """Envelope (L, S) in dB after the point spread, with the receiver's noise."""
    samples = echo.shape[2]
    out = np.empty((2, lines, samples), dtype=np.float32)
    first = blur.pad + blur.stride // 2

    def work(start: int, stop: int) -> None:
        row = np.zeros(samples + 2 * len(blur.taps), dtype=np.float32)
        to = (blur.stride, first, start, stop, row, out)
        _kernels.blur(echo, blur.weights, blur.reach, blur.taps, *to)

    in_slabs(work, lines, slab=SLAB)
    if rng is not None:
        normal = scatterers()  # complex, of mean square 1; which of them is drawn, sample by sample
        drawn = rng.integers(0, normal.shape[1], out.shape[1:], dtype=np.uint16)
        _kernels.hiss(out, normal, drawn, np.float32(10 ** (NOISE_DB / 20)))
    power = out[0] * out[0] + out[1] * out[1]
    power += np.float32(FLOOR)
    return np.asarray(np.float32(10.0 / np.log(10.0)) * np.log(power))
