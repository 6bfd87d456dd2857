"""Random numbers of many samples at once, each from its own `SeedSequence`.

A sample's numbers come from ``SeedSequence([study seed, index])`` alone, so that they depend on
neither workers nor chunks nor order. NumPy makes such sequences one by one; here the same words are
made for a whole chunk.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from needle_sim.errors import InputError

Words = NDArray[np.uint64]
MOST_SEED = 2**64 - 1
MOST_INDEX = 2**32 - 1

# constants of numpy.random.SeedSequence, after O'Neill, "Developing a seed_seq alternative" (2015)
_POOL, _SHIFT = 4, np.uint32(16)
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_MASK = 0xFFFFFFFF


def words(seed: int, indices: ArrayLike, count: int) -> Words:
    """Words (N, count) of samples (N,): ``SeedSequence([seed, index]).generate_state(count)``.

    Equal to NumPy's, 64 bits each.
    """
    index = np.asarray(indices, dtype=np.int64)
    if not 0 <= seed <= MOST_SEED:
        raise InputError(f"seed must be 0 to {MOST_SEED}, got {seed}")
    if len(index) and not (index.min() >= 0 and index.max() <= MOST_INDEX):
        raise InputError(f"indices must be 0 to {MOST_INDEX}, got {index.min()} to {index.max()}")
    pool = _pool(seed, index.astype(np.uint32))
    found = np.empty((len(index), 2 * count), dtype=np.uint32)
    constant = _INIT_B
    for place in range(2 * count):
        value = pool[place % _POOL] ^ np.uint32(constant)
        constant = constant * _MULT_B & _MASK
        value = value * np.uint32(constant)
        found[:, place] = value ^ (value >> _SHIFT)
    low, high = found[:, ::2].astype(np.uint64), found[:, 1::2].astype(np.uint64)
    return low | (high << np.uint64(32))


def uniforms(seed: int, indices: ArrayLike, count: int) -> NDArray[np.float64]:
    """Numbers (N, count) between 0 and 1, never either: the middles of 2 to the 53 steps."""
    steps = (words(seed, indices, count) >> np.uint64(11)).astype(np.float64)
    # the last middle would round to 1; a double ends just below it
    return np.minimum((steps + 0.5) * 2.0**-53, 1.0 - 2.0**-53)


def normals(seed: int, indices: ArrayLike, count: int) -> NDArray[np.float64]:
    """Standard normal numbers (N, count), by the inverse of the normal distribution."""
    return np.asarray(ndtri(uniforms(seed, indices, count)))


def _pool(seed: int, index: NDArray[np.uint32]) -> list[NDArray[np.uint32]]:
    """The four mixed words of each sample's entropy."""
    entropy = [np.full(len(index), word, dtype=np.uint32) for word in _halves(seed)]
    entropy.append(index)
    constant = _INIT_A
    none = np.zeros(len(index), dtype=np.uint32)

    def hashed(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
        nonlocal constant
        value = value ^ np.uint32(constant)
        constant = constant * _MULT_A & _MASK
        value = value * np.uint32(constant)
        return np.asarray(value ^ (value >> _SHIFT))

    pool = [hashed(entropy[n] if n < len(entropy) else none) for n in range(_POOL)]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mixed(pool[target], hashed(pool[source]))
    return pool


def _mixed(first: NDArray[np.uint32], second: NDArray[np.uint32]) -> NDArray[np.uint32]:
    value = _MIX_LEFT * first - _MIX_RIGHT * second
    return np.asarray(value ^ (value >> _SHIFT))


def _halves(seed: int) -> list[int]:
    return [seed] if seed <= _MASK else [seed & _MASK, seed >> 32]
