"""`sonogram` beside the same model in plain NumPy, all lines at once, on a scene made of shapes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import needle_sim as ns
from benchmarks.pair import Pair, Size
from benchmarks.reference.sonogram import numpy_sonogram
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.ultrasound.scene import Echoes, prepare
from needle_sim.imaging.ultrasound.sonogram import Sonogram
from tests.imaging.ultrasound.blocks import block, facing

LAYERS_MM = {"fat": 12.0, "muscle": 45.0, "epidural_fat": 48.0, "csf": 62.0, "viscera": 1e3}


def tissue(x: np.ndarray, down: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Layers as of the back, down to a sac and what lies behind it."""
    names = np.array([label(name) for name in LAYERS_MM])
    return names[np.digitize(down + 2.0 * np.sin(0.1 * x), list(LAYERS_MM.values())[:-1])]


def laminae(x: np.ndarray, down: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Round bones in a row, 28 mm apart, and a plate behind them."""
    rods = np.hypot((x + 14.0) % 28.0 - 14.0, down - 48.0) - 7.0
    return np.minimum(rods, 66.0 - down)


def largest_difference(ours: Sonogram, theirs: np.ndarray) -> float:
    """Of a pixel, % of the grey scale."""
    return float(100.0 * np.abs(ours.array - theirs).max())


def pairs(size: Size) -> Iterator[Pair]:
    scene = block(tissue, laminae, half_mm=100.0 if size.full else 60.0)
    for name in ("curved_3p5mhz", "linear_9mhz"):
        probe = Probe.preset(name)
        for lines, samples in size.pick(smoke=[(128, 512)], full=[(256, 1024)]):
            for slices in size.pick(smoke=[1], full=[1, 3]):
                settings = {"lines": lines, "samples": samples, "slices": slices}
                named = f"{probe.kind}, {lines} x {samples}, {slices} slices"
                yield _pair(named, scene, probe, facing(), **settings)
    spine, probe = ns.build_phantom(), Probe.preset("curved_3p5mhz")
    seat = ns.pose(spine, "paramedian_sagittal_oblique", level="L4-L5", side="right", probe=probe)
    echoes = prepare(spine, seat.apply([0.0, 0.0, 0.5 * probe.depth_mm]), reach_mm=75.0)
    for lines, samples in size.pick(smoke=[(128, 512)], full=[(256, 1024)]):
        named = f"paramedian view of the phantom with noise, {lines} x {samples}, 1 slice"
        yield _pair(named, echoes, probe, seat, seed=0, lines=lines, samples=samples)


def _pair(
    name: str,
    scene: Echoes,
    probe: Probe,
    seat: Transform,
    *,
    seed: int | None = None,
    **settings: int,
) -> Pair:
    def ours() -> Sonogram:
        return sonogram(scene, probe, seat, rng=_rng(seed), **settings)

    def reference() -> np.ndarray:
        return numpy_sonogram(scene, probe, seat, rng=_rng(seed), **settings)

    return Pair(
        name=name,
        ours=ours,
        reference=reference,
        accuracy=largest_difference,
        limit=0.01,
        most_ratio=0.25,
        unit="% of the grey scale",
    )


def _rng(seed: int | None) -> np.random.Generator | None:
    return None if seed is None else np.random.default_rng(seed)
