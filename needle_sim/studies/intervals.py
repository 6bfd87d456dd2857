"""Means and shares with their 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from needle_sim.planning.robustness import wilson

_UPPER = 0.975


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean or share of ``n`` values with its 95 % interval; None where too few tell it.

    ``method`` is ``"Wilson"`` for the share of a yes or no, else ``"t"``.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None
    method: str


def interval(values: NDArray[Any]) -> Interval:
    """Of values (N,) of bool or float.

    References
    ----------
    Shares: Wilson (1927), doi:10.1080/01621459.1927.10502953. Means: Student (1908),
    doi:10.1093/biomet/6.1.1; right where the mean of ``n`` is close to normal.
    """
    n = len(values)
    shares = values.dtype == np.bool_
    method = "Wilson" if shares else "t"
    if n == 0:
        return Interval(0, None, None, None, method)
    if shares:
        return Interval(n, float(values.mean()), *wilson(int(values.sum()), n), method)
    mean = float(values.mean())
    if n == 1:
        return Interval(1, mean, None, None, method)
    half = float(stdtrit(n - 1, _UPPER) * values.std(ddof=1) / np.sqrt(n))
    return Interval(n, mean, mean - half, mean + half, method)
