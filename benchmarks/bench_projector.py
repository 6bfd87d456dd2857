"""The factored projector beside per-ray Joseph, on ellipsoids with exact line integrals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.pair import Pair, Size
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.projector import PathLengths, project
from tests.imaging.xray.analytic import centred, ellipsoid_integral, ellipsoids, material

VIEWS = {"ap": (0, 0), "oblique 25": (25, 0), "lateral": (90, 0), "cranial 20": (0, 20)}


def error_ratio(ours: PathLengths, theirs: PathLengths) -> float:
    """RMSE of ours over that of the reference, both against the exact integrals."""
    exact = ellipsoid_integral(ours.carm)
    ours_rms, theirs_rms = (
        np.sqrt(np.mean((one.mass_g_cm2["soft"] - exact) ** 2)) for one in (ours, theirs)
    )
    return float(ours_rms / theirs_rms)


def pairs(size: Size) -> Iterator[Pair]:
    for side, slices in size.pick(smoke=[(128, 50)], full=[(512, 200)]):
        # the ellipsoids fill the box, so that neither side gains by empty space around them
        spacing = (162 / slices, 152 / side, 152 / side)
        shape = (slices, side, side)
        materials = material(centred(spacing, shape), shape, ellipsoids)
        for name, angles in VIEWS.items():
            pixels = 512 if size.full else 128
            carm = CArm((0, 0, 0), *angles, pixel_mm=256 / pixels, shape=(pixels, pixels))
            yield Pair(
                name=f"{pixels} x {pixels} of {side} x {side} x {slices}, {name}",
                ours=partial(project, materials, carm),
                reference=partial(project, materials, carm, method="joseph"),
                accuracy=error_ratio,
                limit=1.03,
                most_ratio=0.25 if size.full else None,  # promised for the full size
            )
