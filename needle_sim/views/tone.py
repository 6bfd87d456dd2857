"""From detector signal to grey: logarithm, evened shading, window, collimator's edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError

Field = Literal["rectangle", "circle"]
Picture = NDArray[np.float64]
Smooth = NDArray[np.floating]

# Choices of this screen, made by eye until CT pictures read as fluoroscopy (proposed).
_SHADING = 0.11  # how broad body thickness varies, share of the field
_MEASURING = 0.6  # side of the measuring field, share of the field
_RAW_BEAM = 4.0  # times the median signal; skin and raw beam are brighter
_SHARE_OF_RAW = 0.05  # weight of such places in the shading: they would darken what lies beside
_LEAST_WHOLE = 0.2  # share of the measuring field that must be whole to be measured alone
_THIN = 0.025  # a needle is thinner than this share of the field
_GAMMA = 0.8  # lifts the dark middle, where bone lies
_DARKEST = 0.01  # times the median signal; under it there is only noise
_KNEE = 0.8  # grey above which bright places are bent gently instead of cut off
_DIM = 0.7  # brightness left where the end of the volume cuts the rays
_CELLS = 10.0  # cells of a broad shading over its width
_STEPS = 4096  # of the table of `Scale.bytes_of` over the span of the scale
_EDGE = 0.012  # softness of the collimator's edge, share of the field


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """The grey scale of one field, so that many pictures of it can be drawn alike and fast.

    ``usual`` is the median signal, ``floor`` (R, C) what is taken off its logarithm, and ``low``
    and ``span`` the ends of the scale.
    """

    usual: float
    floor: Picture
    low: float
    span: float

    def grey(self, signal: Picture) -> Picture:
        """Grey values (R, C), 0 to 1."""
        depth = np.log(np.maximum(signal, _DARKEST * self.usual) / self.usual)
        even = depth - self.floor
        return np.asarray(_shoulder((even - self.low) / self.span) ** _GAMMA)

    def bytes_of(self, signal: NDArray[np.float32]) -> NDArray[np.uint8]:
        """`grey` in 256 steps, by a table over the logarithm: within one step of it, and faster."""
        depth = np.log2(np.maximum(signal, np.float32(_DARKEST * self.usual)))
        start = float(np.log2(self.usual))
        at = (depth - np.float32(start)) * np.float32(np.log(2.0)) - self._floor32()
        index = (at - np.float32(self.low)) * np.float32(_STEPS / self.span)
        index = np.clip(index, 0, 2 * _STEPS - 1).astype(np.int16)
        return np.asarray(_table()[index])

    def _floor32(self) -> NDArray[np.float32]:
        return np.asarray(self.floor, dtype=np.float32)


@cache
def _table() -> NDArray[np.uint8]:
    steps = (np.arange(2 * _STEPS) + 0.5) / _STEPS
    return np.rint(255.0 * _shoulder(steps) ** _GAMMA).astype(np.uint8)


def measured(
    signal: Picture,
    *,
    percentiles: tuple[float, float],
    flatten: float,
    whole: NDArray[np.bool_] | None = None,
) -> Picture:
    """Grey values (R, C), 0 to 1, windowed by the measuring field in the middle; see `scale_of`."""
    return scale_of(signal, percentiles=percentiles, flatten=flatten, whole=whole).grey(signal)


def scale_of(
    signal: Picture,
    *,
    percentiles: tuple[float, float],
    flatten: float,
    whole: NDArray[np.bool_] | None = None,
) -> Scale:
    """The grey scale that the measuring field in the middle of a picture asks for.

    Parameters
    ----------
    signal : (R, C) array
        Detector signal. What lies under a hundredth of the median of the measuring field is drawn
        as that (noise takes dark pixels to nothing, where there is no logarithm). What broad places
        have over four times the median (skin, raw beam) is taken off, so that a needle stays
        visible there.
    percentiles : (float, float)
        Of the logarithm of the signal of the body in the measuring field: the ends of the scale.
    flatten : float
        Share of the broad shading that is taken out first.
    whole : (R, C) bool array, optional
        Where the picture is to be trusted: only there it is measured; all of it by default, and
        where hardly any of the measuring field is whole.
    """
    middle = _middle(signal.shape)
    trusted = np.ones(signal.shape, dtype=np.bool_) if whole is None else whole
    if trusted[middle].mean() < _LEAST_WHOLE:
        trusted = np.ones(signal.shape, dtype=np.bool_)
    usual = float(np.median(signal[middle][trusted[middle]]))
    if not usual > 0:
        raise InputError(f"the detector saw nothing: the median of its signal is {usual:g}")
    depth = np.log(np.maximum(signal, _DARKEST * usual) / usual)
    over = np.maximum(depth - np.log(_RAW_BEAM), 0.0)
    if over.any():  # closing keeps edges, and fills what is thin and dark: it reads the raw beam
        over = ndimage.grey_closing(over, size=round(min(depth.shape) * _THIN) | 1)
        depth = depth - over
    body = (over == 0) & trusted  # at least half of what is measured, by the median
    weight = (over == 0) + _SHARE_OF_RAW if over.any() else None
    shading = _broad(depth, min(depth.shape) * _SHADING, weight)
    level = np.median(shading[middle][trusted[middle]])
    uneven = flatten * (shading - level)
    low, high = np.percentile((depth - uneven)[middle][body[middle]], percentiles)
    return Scale(usual, over + uneven, float(low), max(float(high - low), 1e-9))


def _middle(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """The measuring field."""
    edges = [round(side * (1 - _MEASURING) / 2) for side in shape]
    return tuple(slice(edge, side - edge) for edge, side in zip(edges, shape, strict=True))


def _broad(
    picture: Smooth, sigma: float, weight: Smooth | None = None, *, cells: float = _CELLS
) -> Smooth:
    """Near to a Gaussian blur, of the weighted picture over that of its weight if one is given.

    What is far wider than a pixel is worked out in cells, and linear between their middles.
    """
    cell = max(1, int(sigma / cells))
    if weight is None:
        smooth = _boxes(_means(picture, cell), sigma / cell)
    else:
        above = _boxes(_means(weight * picture, cell), sigma / cell)
        smooth = above / _boxes(_means(weight, cell), sigma / cell)
    return _between(smooth, cell, picture.shape)


def _means(picture: Smooth, cell: int) -> Smooth:
    """Means of the cells (R, C); the last ones of a side look at the edge again."""
    if cell == 1:
        return picture
    beyond = [(0, -side % cell) for side in picture.shape]
    padded = np.pad(picture, beyond, mode="edge")
    parts = [padded[i::cell, j::cell] for i in range(cell) for j in range(cell)]
    return np.asarray(sum(parts[1:], parts[0]) / cell**2)


def _between(cells: Smooth, cell: int, shape: tuple[int, ...]) -> Smooth:
    """Cells of a picture brought back to its pixels (R, C), linear between their middles."""
    if cell == 1:
        return cells
    for side in reversed(shape):  # columns first, then rows: each time along the first axis
        cells = cells.T
        last = len(cells) - 1
        at = np.clip((np.arange(side) + 0.5) / cell - 0.5, 0, last)
        low = np.minimum(at.astype(int), max(last - 1, 0))
        share = (at - low).astype(cells.dtype)[:, None]
        cells = cells[low] * (1 - share) + cells[np.minimum(low + 1, last)] * share
    return cells


def _boxes(picture: Smooth, sigma: float) -> Smooth:
    width = round(np.sqrt(4 * sigma**2 + 1)) | 1  # odd, so that nothing shifts
    for _ in range(3):
        picture = ndimage.uniform_filter(picture, width, mode="nearest")
    return picture


def windowed(signal: Picture, window: tuple[float, float]) -> Picture:
    """Grey values (R, C), logarithmic from 0 at the low end of a window of signal to its high."""
    low, high = window
    return _shoulder(np.log(np.maximum(signal, low) / low) / np.log(high / low))


def _shoulder(grey: Picture) -> Picture:
    over = np.maximum(grey - _KNEE, 0.0) / (1 - _KNEE)
    bent = np.minimum(grey, _KNEE) + (1 - _KNEE) * np.tanh(over)
    return np.asarray(np.clip(bent, 0.0, 1.0))


def whole_mask(whole: NDArray[np.bool_]) -> Picture:
    """Openness (R, C) of a picture of which only a part is whole: 1 there, dim beyond."""
    if whole.all():
        return np.ones(whole.shape)
    shut = (~whole).astype(np.float32)
    soft = 1.0 - np.clip(_broad(shut, _EDGE * min(whole.shape), cells=3.0), 0.0, 1.0)
    ramp = np.clip(2.0 * soft - 1.0, 0.0, 1.0)  # open only where the soft edge is all whole
    return np.asarray(_DIM + (1.0 - _DIM) * ramp)


@lru_cache(maxsize=16)
def field_mask(shape: tuple[int, int], field: Field) -> Picture:
    """Openness (R, C) of a collimator: 1 in the field, 0 outside, soft between; read only."""
    rows, columns = shape
    half = min(rows, columns) / 2
    y = np.abs(np.arange(rows) - (rows - 1) / 2)[:, None]
    x = np.abs(np.arange(columns) - (columns - 1) / 2)[None, :]
    soft = _EDGE * 2 * half
    if field == "circle":
        inside = half - soft - np.hypot(x, y)
    else:
        corner = 0.06 * half
        dx, dy = x - (columns / 2 - soft - corner), y - (rows / 2 - soft - corner)
        outward = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
        inside = corner - outward - np.minimum(np.maximum(dx, dy), 0)
    ramp = np.clip(0.5 + inside / soft, 0.0, 1.0)
    open_ = np.asarray(ramp * ramp * (3.0 - 2.0 * ramp))
    open_.flags.writeable = False
    return open_
