"""`Intensifier`: the round, bent and veiled picture of an image intensifier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.receptor import _kernels
from needle_sim.jit import in_slabs

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

_PHASES = 256  # of a pixel between two places that are read
_SLAB = 32
_PIXEL_US = 0.04  # about what a bent pixel takes
_CELL = 8  # most pixels of a cell in which glare is worked out,
_FINE = 8  # and least cells over the length at which it falls off
_MOST_TWIST_DEG = 20.0


@dataclass(frozen=True, slots=True)
class Intensifier:
    """What electron optics and a curved input screen do to a picture.

    A place at radius r of the flat detector is seen at r (1 + pincushion (r/R)^2), turned by
    twist_deg (r/R)^2; R is half of ``field_mm``. In the middle the magnification is that of the
    C-arm.

    Parameters
    ----------
    field_mm : float, mm
        Diameter of the round field, on the flat detector before it is bent.
    pincushion : float
        Share by which the edge of the field is seen further out.
    twist_deg : float, degrees
        Turn of the edge against the middle (S-distortion): an outer magnetic field's doing, which
        changes with the pose.
    glare_share : float
        Share of the light that strays far: the low-frequency drop of the modulation transfer.
    glare_mm : float, mm
        How far: the stray light falls off as exp(-r / glare_mm) / r. After Seibert, Nalcioglu and
        Roeck (1985), doi:10.1118/1.595720.
    """

    field_mm: float
    pincushion: float = 0.0
    twist_deg: float = 0.0
    glare_share: float = 0.0
    glare_mm: float = 30.0

    def __post_init__(self) -> None:
        if not (0 < self.field_mm <= 600 and 0 <= self.pincushion <= 0.3):
            raise InputError(
                "an intensifier needs field_mm over 0 and at most 600, pincushion 0 to 0.3, got "
                f"{self.field_mm=} {self.pincushion=}"
            )
        if not abs(self.twist_deg) <= _MOST_TWIST_DEG:
            raise InputError(f"twist_deg is at most {_MOST_TWIST_DEG:g}, got {self.twist_deg}")
        if not (0 <= self.glare_share < 1 and 0 < self.glare_mm <= 500):
            raise InputError(
                "glare needs glare_share 0 to under 1, glare_mm over 0 and at most 500, got "
                f"{self.glare_share=} {self.glare_mm=}"
            )


def seen_at(intensifier: Intensifier, carm: CArm, rowcol: ArrayLike) -> Floats:
    """Where places (..., 2) of the flat detector are seen in the picture, row and column."""
    from_middle = _from_middle(carm, rowcol)
    radius = 0.5 * intensifier.field_mm / carm.pixel_mm
    square = (from_middle**2).sum(axis=-1) / radius**2
    grown = from_middle * (1.0 + intensifier.pincushion * square)[..., None]
    turned = _turned(grown, np.deg2rad(intensifier.twist_deg) * square)
    return np.asarray(turned + _middle(carm))


def flat_at(intensifier: Intensifier, carm: CArm, rowcol: ArrayLike) -> Floats:
    """Places (..., 2) of the flat detector that are seen at row and column: `seen_at` undone."""
    from_middle = _from_middle(carm, rowcol)
    radius = 0.5 * intensifier.field_mm / carm.pixel_mm
    seen = np.sqrt((from_middle**2).sum(axis=-1)) / radius
    true = _undone(seen, intensifier.pincushion)
    shrunk = from_middle / (1.0 + intensifier.pincushion * true**2)[..., None]
    turned = _turned(shrunk, -np.deg2rad(intensifier.twist_deg) * true**2)
    return np.asarray(turned + _middle(carm))


def _undone(seen: Floats, pincushion: float) -> Floats:
    """The radius r whose r (1 + pincushion r^2) is ``seen``: the cubic's one real root."""
    if pincushion == 0:
        return seen
    # r = 2 sqrt(1 / 3p) sinh(asinh(seen 1.5 sqrt(3p)) / 3)
    scale = np.sqrt(3.0 * pincushion)
    return np.asarray(2.0 / scale * np.sinh(np.arcsinh(1.5 * scale * seen) / 3.0))


def bent(image: Image, carm: CArm, intensifier: Intensifier) -> Image:
    """The picture (R, C) as it is seen; dark outside the round field.

    What a pixel gathers follows the area of the detector that it shows: the edge is darker
    (vignetting).
    """
    at_row, at_column, gain = _places(carm.shape, carm.pixel_mm, _shape_alone(intensifier))
    image = np.ascontiguousarray(image, dtype=np.float32)
    out, phases = np.empty_like(image), _lanczos()

    def work(start: int, stop: int) -> None:
        _kernels.bent(image, at_row, at_column, gain, phases, start, stop, out)

    in_slabs(work, image.shape[0], slab=_SLAB, row_us=image.shape[1] * _PIXEL_US)
    return out


def nearest(values: NDArray[Any], carm: CArm, intensifier: Intensifier) -> NDArray[Any]:
    """Values (R, C) of the flat detector where they are seen, the nearest; 0 outside the field."""
    at_row, at_column, gain = _places(carm.shape, carm.pixel_mm, _shape_alone(intensifier))
    row, column = (
        np.clip(np.rint(at).astype(int), 0, side - 1)
        for at, side in zip((at_row, at_column), carm.shape, strict=True)
    )
    return np.asarray(np.where(gain > 0, values[row, column], values.dtype.type(0)))


def veiled(image: Image, carm: CArm, intensifier: Intensifier) -> Image:
    """The picture (R, C) with a share of its light strayed far; beyond the round field is none."""
    share = intensifier.glare_share
    if share == 0:
        return image
    inside = image * _edge(carm.shape, carm.pixel_mm, intensifier.field_mm)
    rows, columns = image.shape
    fine = int(intensifier.glare_mm / (_FINE * carm.pixel_mm))
    fold = max(1, min(_CELL, fine, min(rows, columns) // 8))
    padded = np.pad(inside, ((0, -rows % fold), (0, -columns % fold)), mode="edge")
    high, wide = padded.shape[0] // fold, padded.shape[1] // fold
    coarse = padded.reshape(high, fold, wide, fold).mean(axis=(1, 3), dtype=np.float64)
    # twice the size, so that nothing comes round; exp(-r/k) / r has this transfer in the plane
    size = (fft.next_fast_len(2 * high), fft.next_fast_len(2 * wide))
    squared = (np.fft.fftfreq(size[0])[:, None] ** 2 + np.fft.rfftfreq(size[1])[None, :] ** 2) / (
        fold * carm.pixel_mm
    ) ** 2
    transfer = 1.0 / np.sqrt(1.0 + (2 * np.pi * intensifier.glare_mm) ** 2 * squared)
    stray = fft.irfft2(fft.rfft2(coarse, size) * transfer, size)[:high, :wide]
    stray = np.maximum(stray, 0.0).astype(np.float32)
    smooth = _finer(np.ascontiguousarray(_finer(stray, rows, fold).T), columns, fold).T
    return np.asarray(np.float32(1 - share) * image + np.float32(share) * smooth, np.float32)


def _finer(cells: Image, count: int, fold: int) -> Image:
    """Rows of cells of ``fold`` pixels as ``count`` rows of pixels, linear between middles."""
    if fold == 1:
        return cells
    at = np.clip((np.arange(count) + 0.5) / fold - 0.5, 0, len(cells) - 1)
    low = np.minimum(at.astype(int), len(cells) - 2)
    share = (at - low).astype(np.float32)[:, None]
    return np.asarray(cells[low] * (1 - share) + cells[low + 1] * share)


def _shape_alone(intensifier: Intensifier) -> tuple[float, float, float]:
    return intensifier.field_mm, intensifier.pincushion, intensifier.twist_deg


@lru_cache(maxsize=8)
def _places(
    shape: tuple[int, int], pixel_mm: float, bend: tuple[float, float, float]
) -> tuple[Image, Image, Image]:
    """Row and column of the flat detector seen at each pixel, and its gain, 0 outside the field."""
    field_mm, pincushion, twist_deg = bend
    carm = CArm((0.0, 0.0, 0.0), pixel_mm=pixel_mm, shape=shape)
    every = np.moveaxis(np.indices(shape), 0, -1)
    at = flat_at(Intensifier(field_mm, pincushion, twist_deg), carm, every)
    square = ((at - _middle(carm)) ** 2).sum(axis=-1) * (2.0 * pixel_mm / field_mm) ** 2
    # area of the flat detector over that of the pixel that shows it
    gain = _edge(shape, pixel_mm, field_mm * (1.0 + pincushion))
    gain = gain / ((1.0 + pincushion * square) * (1.0 + 3.0 * pincushion * square))
    return _fine(at[..., 0]), _fine(at[..., 1]), _fine(gain)


def _fine(values: Floats) -> Image:
    return np.ascontiguousarray(values, dtype=np.float32)


def opening(carm: CArm, intensifier: Intensifier) -> Image:
    """Openness (R, C) of the round field as it is seen: 1 inside, 0 outside."""
    across = intensifier.field_mm * (1.0 + intensifier.pincushion)
    return _edge(carm.shape, carm.pixel_mm, across).astype(np.float32)


def _edge(shape: tuple[int, int], pixel_mm: float, across_mm: float) -> Floats:
    """A disc (R, C), its edge soft over a pixel."""
    rows, columns = (np.arange(n) - 0.5 * (n - 1) for n in shape)
    radius = np.hypot(rows[:, None], columns)
    return np.asarray(np.clip(0.5 * across_mm / pixel_mm - radius + 0.5, 0.0, 1.0))


@lru_cache(maxsize=1)
def _lanczos() -> Image:
    """Weights (phases + 1, 6) of Lanczos with three lobes; each sums to 1."""
    away = np.arange(-2, 4) - np.linspace(0, 1, _PHASES + 1)[:, None]
    weights = np.sinc(away) * np.sinc(away / 3.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _middle(carm: CArm) -> Floats:
    return 0.5 * (np.array(carm.shape, dtype=np.float64) - 1.0)


def _from_middle(carm: CArm, rowcol: ArrayLike) -> Floats:
    places = np.asarray(rowcol, dtype=np.float64)
    if places.shape[-1:] != (2,) or not np.isfinite(places).all():
        raise InputError(
            f"places of a picture are finite (..., 2) row and column, got {places.shape}"
        )
    return places - _middle(carm)


def _turned(places: Floats, angle: Floats) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    row, column = places[..., 0], places[..., 1]
    return np.stack([cosine * row - sine * column, sine * row + cosine * column], axis=-1)
