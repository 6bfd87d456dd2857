"""Cost of a projection against the size of detector and volume, as a plot and a table.

``python -m benchmarks.projector_sizes [--out FILE.png] [--threads N]``: wall time, the least of
five, of one material whose box is full (a trunk of ellipsoids), 25 degrees oblique.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.jit import set_threads
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import centred, ellipsoids, on_grid

DETECTORS, VOLUMES = (256, 512, 1024), (128, 256, 512)
FIELD_MM, BOX_MM = 256.0, 160.0
ROUNDS = 5
DEFAULT = Path(__file__).resolve().parent / "images" / "projector_sizes.png"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.projector_sizes")
    parser.add_argument("--out", type=Path, default=DEFAULT)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args(arguments)
    set_threads(asked.threads)
    found = {side: measured(side, DETECTORS) for side in VOLUMES}
    print("| volume | " + " | ".join(f"{one} x {one}" for one in DETECTORS) + " | `prepare` |")
    print("| --- " * (len(DETECTORS) + 2) + "|")
    for side, (prepare_ms, times_ms) in found.items():
        cells = " | ".join(f"{one:.1f} ms" for one in times_ms)
        print(f"| {side} cubed | {cells} | {prepare_ms:.0f} ms |")
    draw({side: times for side, (_, times) in found.items()}, asked.out, asked.threads)
    return 0


def measured(side: int, detectors: Sequence[int]) -> tuple[float, list[float]]:
    """Milliseconds of `prepare`, and of `project` for each detector, of a cube of voxels."""
    spacing, shape = (BOX_MM / side,) * 3, (side,) * 3
    place = centred(spacing, shape)
    hu = (1000 * on_grid(place, shape, ellipsoids) - 1000).clip(-1000, 100).astype("int16")
    volume = Volume(hu, place)
    prepare(volume)
    start = time.perf_counter()
    materials = prepare(volume)
    prepare_ms = 1e3 * (time.perf_counter() - start)
    times = []
    for pixels in detectors:
        carm = CArm((0, 0, 0), 25, 0, pixel_mm=FIELD_MM / pixels, shape=(pixels, pixels))
        rounds = []
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            project(materials, carm)
            rounds.append(1e3 * (time.perf_counter() - start))
        times.append(min(rounds))
    return prepare_ms, times


def draw(times_ms: dict[int, list[float]], out: Path, threads: int) -> None:
    """One line a volume, over the detector's side."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    for side, times in times_ms.items():
        axes.plot(DETECTORS, times, marker="o", label=f"volume {side}³")
        axes.annotate(
            f"{times[-1]:.0f} ms",
            (DETECTORS[-1], times[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.axhline(20, color="0.6", lw=0.8, ls="--")
    axes.annotate(
        "50 frames a second",
        (DETECTORS[0], 20),
        (0, 4),
        textcoords="offset points",
        color="0.4",
        fontsize=8,
    )
    axes.set(xscale="log", yscale="log", xlabel="detector, pixels a side", ylabel="project, ms")
    axes.set_xticks(DETECTORS, [str(one) for one in DETECTORS])
    axes.set_xlim(DETECTORS[0] / 1.1, DETECTORS[-1] * 1.35)
    axes.minorticks_off()
    axes.set_title(f"One material, one pose, {threads} threads", fontsize=10)
    axes.legend(frameon=False)
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    raise SystemExit(main())
