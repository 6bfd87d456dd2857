"""`expose` with a needle beside a plain polychromatic sum; the path lengths are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.pair import Pair, Size
from benchmarks.reference.radiograph import exposed
from needle_sim.imaging.xray.bare import bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import project
from tests.imaging.xray.analytic import placed, torso

# what is drawn: with the needle or without, and whether the reference takes every keV
SUMS = {
    "no needle; NumPy, the same 16 bins": (False, False),
    "one needle; NumPy, the same 16 bins, chords at every pixel": (True, False),
    "one needle; NumPy, every keV, chords at every pixel": (True, True),
}


# a grid of the size of a CT of a trunk, and of a smoke run
FINE = {"full": ((200, 512, 512), (1.2, 0.6, 0.6)), "smoke": ((60, 80, 100), (3.0, 3.0, 3.0))}


def largest_percent(ours: Radiograph, theirs: NDArray[np.float64]) -> float:
    """Largest difference of a pixel, % of the reference's pixel."""
    return float(100 * np.abs(ours.array / theirs - 1).max())


def pairs(size: Size) -> Iterator[Pair]:
    materials, beam = prepare(torso()), Beam.preset("lumbar_oblique")
    needle = placed((-60.0, 120.0, 10.0), (-20.0, 45.0, 0.0), inner_mm=0.84, bevel_deg=20.0)
    for pixels in size.pick(smoke=[128], full=[256, 512]):
        carm = CArm((0, 0, 0), orbital_deg=-25, pixel_mm=256 / pixels, shape=(pixels, pixels))
        paths = project(materials, carm)
        for told, (drawn, every_kev) in SUMS.items():
            needles = [needle] if drawn else []
            yield Pair(
                name=f"{pixels} x {pixels}, {told}",
                ours=partial(expose, paths, beam, needles=needles),
                reference=partial(exposed, paths, beam, needles, every_kev=every_kev),
                accuracy=largest_percent,
                limit=1.0 if every_kev else 0.01,
                rounds=3 if pixels > 256 else None,
                unit="% of a pixel",
            )
    yield moved(size)


def moved(size: Size) -> Pair:
    """A needle drawn anew over what is kept, beside the whole frame with it."""
    shape, spacing_mm = FINE[size.name]
    materials, beam = prepare(torso(shape, spacing_mm)), Beam.preset("lumbar_oblique")
    needle = placed((-60.0, 120.0, 10.0), (-20.0, 45.0, 0.0), inner_mm=0.84, bevel_deg=20.0)
    carm = CArm((0, 0, 0), orbital_deg=-25)
    kept = bare(project(materials, carm), beam)
    return Pair(
        name=f"a needle moved, 512 x 512 of {shape[1]} x {shape[2]} x {shape[0]}; the whole frame",
        ours=lambda: expose(kept, beam, needles=[needle]),
        reference=lambda: expose(project(materials, carm), beam, needles=[needle]),
        accuracy=lambda ours, whole: largest_percent(ours, whole.array),
        limit=1e-3,
        most_ratio=0.1 if size.full else None,
        unit="% of a pixel",
    )
