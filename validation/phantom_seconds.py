"""Seconds that a phantom takes: the torso at 1 mm, the spine box at 0.5 mm set into it.

The bounds are those of two idle cores. CPU time, which the load of other work hardly moves, is
printed beside.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from needle_sim.anatomy.phantom.build import build_phantom

TORSO_S, BOX_S = 1.0, 5.0
TORSO_MM = 360 * 250 * 280
"""Voxels of 1 mm of the torso that the bound is stated for."""


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a bound is broken. An argument says how often, 5 by default."""
    times = int(arguments[0]) if arguments else 5
    shape = build_phantom().labels.shape
    inset = build_phantom(fine_mm=0.5).inset
    whole = _least(build_phantom, times)
    both = _least(lambda: build_phantom(fine_mm=0.5), times)
    rows = (
        (f"phantom at 1 mm, {_sides(shape)} voxels", *whole, TORSO_S * _voxels(shape) / TORSO_MM),
        (f"spine box at 0.5 mm, {_sides(inset.shape) if inset else ''}", both[0] - whole[0],
         both[1] - whole[1], BOX_S),
    )  # fmt: skip
    for name, wall, cpu, limit in rows:
        print(f"{name:50} {wall:.2f} s by the wall, {cpu:.2f} s of CPU (limit {limit:.2f} s)")
    return int(any(wall > limit for _, wall, _, limit in rows))


def _least(work: Callable[[], object], times: int) -> tuple[float, float]:
    wall, cpu = [], []
    for _ in range(times):
        start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    return min(wall), min(cpu)


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _voxels(shape: tuple[int, int, int]) -> int:
    return shape[0] * shape[1] * shape[2]
