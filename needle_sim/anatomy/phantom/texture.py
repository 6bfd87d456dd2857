"""Texture of tissues and irregularity of outlines: periodic noise, the same in every patient.

A tile repeats every 64 mm. What differs from patient to patient is the quantum noise (`noise`).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from needle_sim.anatomy.tissue import label, tissues

Tile = NDArray[np.float32]
PERIOD_MM = 64
_KEY = 20240817
SPONGY = -1
"""Kind of spongy bone: dense or sparse by its own HU."""

_MOTTLE, _DENSE, _SPARSE, _SEPTA, _FIBRES = range(5)
_KINDS = {
    "trabecular_bone": SPONGY,
    "cortical_bone": _DENSE,
    "fat": _SEPTA,
    **dict.fromkeys(
        ("muscle", "psoas", "quadratus_lumborum", "multifidus", "erector_spinae"), _FIBRES
    ),
    **dict.fromkeys(("abdominal_wall", "ligament", "interspinous_ligament"), _FIBRES),
}
_NO_TEXTURE = -2

# Gaussian sizes in mm along z and across, and the share of a 2.5 times wider one that is taken off
_GRAINS = {
    "mottle": ((1.5, 1.5), 0.0),
    "dense": ((1.3, 0.6), 0.4),  # trabeculae run along the spine: their texture too
    "sparse": ((2.0, 0.95), 0.35),  # few, thick and mostly vertical ones
    "septa": ((7.0, 4.0), 0.0),
    "fibres": ((5.0, 0.8), 0.3),
    "strands": ((9.0, 1.1), 0.0),
    "waves": ((6.0, 4.0), 0.0),
}
_CLOSE_MM = 0.75
_SHEET = 0.09  # half width of a septum, in SD of the waves whose zeros it follows


@cache
def texture_tiles(voxel_mm: float) -> NDArray[np.float32]:
    """Tiles (5, N, N, N), slices first: soft tissue, dense and sparse spongy bone, fat, muscle.

    Unit variance at 1 mm. Smaller voxels show more of the same texture, larger ones average it.
    """
    names = ("mottle", "dense", "sparse", "septa", "fibres")
    fine = voxel_mm < 0.75
    tiles = []
    for number, name in enumerate(names):
        tile = _shaped(name, _grain(name, number, 2 if fine else 1))
        at_1_mm = _averaged(tile, 2) if fine else tile
        tile = (tile - tile.mean()) / at_1_mm.std()
        tiles.append(_averaged(tile, 1 if fine else min(round(voxel_mm), 4)))
    return np.stack(tiles).astype(np.float32)


def tile_index(first_mm: float, count: int, voxel_mm: float, tile: int) -> NDArray[np.int64]:
    """Where in a tile of ``tile`` elements each of ``count`` voxels (N,) along an axis lies."""
    at = first_mm + voxel_mm * np.arange(count)
    return np.asarray(np.floor(at * (tile / PERIOD_MM)).astype(np.int64) % tile)


def kinds() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Tile of each label (L,), -1 for spongy bone and -2 for none, and its SD (L,) in HU."""
    spread = np.array([tissue.hu_sd for tissue in tissues()], dtype=np.float32)
    found = [_KINDS.get(tissue.family, _MOTTLE) for tissue in tissues()]
    return np.where(spread > 0, found, _NO_TEXTURE).astype(np.int64), spread


def spongy_hu() -> float:
    """HU of spongy bone that its texture is stated for."""
    return tissues()[label("trabecular_bone")].hu


@cache
def waves() -> Tile:
    """Slow waves (64, 64, 64) of unit variance, 1 mm apart: outlines of organs."""
    return _unit(_grain("waves", 6, 1))


@cache
def _strands() -> Tile:
    return _unit(_grain("strands", 5, 1))


def ripple(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Tile:
    """Slow waves of unit variance at places in mm; the shapes of x, y and z are broadcast."""
    return _read(waves(), x, y, z)


def strands(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Tile:
    """Thin strands along z, unit variance, at places in mm as for `ripple`."""
    return _read(_strands(), x, y, z)


def _read(tile: Tile, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Tile:
    """The nearest element below; where places lie closer than a tile's, linear in x and y."""
    across = np.asarray(x, dtype=np.float32)
    fine = across.shape[-1:] > (1,) and abs(float(across.flat[1] - across.flat[0])) < _CLOSE_MM
    level, row, column = _at(z), _at(y), _at(x)
    if not fine:
        return tile[level, row, column]
    beside, below = (column + 1) % PERIOD_MM, (row + 1) % PERIOD_MM
    u = across - np.floor(across)
    v = np.asarray(y, dtype=np.float32)
    v = v - np.floor(v)
    high = tile[level, row, column] * (1 - u) + tile[level, row, beside] * u
    low = tile[level, below, column] * (1 - u) + tile[level, below, beside] * u
    return np.asarray(high * (1 - v) + low * v)


def _at(at_mm: ArrayLike) -> NDArray[np.intp]:
    return np.asarray(np.floor(np.asarray(at_mm)).astype(np.intp) % PERIOD_MM)


def _grain(name: str, number: int, per_mm: int) -> NDArray[np.float64]:
    """White noise through two Gaussians, periodic."""
    (along, across), less = _GRAINS[name]
    size = PERIOD_MM * per_mm
    rng = np.random.default_rng(np.random.SeedSequence(_KEY, spawn_key=(number,)))
    spectrum = fft.rfftn(rng.standard_normal((size, size, size), dtype=np.float32))
    z, y = (2 * np.pi * fft.fftfreq(size, 1 / per_mm) for _ in range(2))
    x = 2 * np.pi * fft.rfftfreq(size, 1 / per_mm)
    square = (along * z[:, None, None]) ** 2 + across**2 * (y[:, None] ** 2 + x**2)
    gain = np.exp(-0.5 * square) - less * np.exp(-0.5 * 2.5**2 * square)
    grain = fft.irfftn(spectrum * gain.astype(np.float32), s=(size,) * 3)
    return np.asarray(grain, dtype=np.float64)


def _shaped(name: str, grain: NDArray[np.float64]) -> NDArray[np.float64]:
    value: NDArray[np.float64] = grain / grain.std()
    if name == "septa":  # sheets where slow waves pass through zero
        return np.asarray(np.exp(-((value / _SHEET) ** 2)))
    if name == "sparse":  # bright struts before a dark ground
        value = np.maximum(value + 0.3, 0.0) ** 1.5
    return value


def _unit(tile: NDArray[np.float64]) -> Tile:
    return np.asarray((tile - tile.mean()) / tile.std(), dtype=np.float32)


def _averaged(tile: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    """Means over blocks; ``by`` other than 1, 2 or 4 (of 64) takes the next smaller."""
    by = 1 << (max(by, 1).bit_length() - 1)
    size = len(tile) // by
    blocks = tile.reshape(size, by, size, by, size, by)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float64)
