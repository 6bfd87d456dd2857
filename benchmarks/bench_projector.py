"""The factored projector beside per-ray Joseph and plain ray sampling, on exact ellipsoids."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.pair import Pair, Size
from benchmarks.reference.projector import sampled
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.projector import PathLengths, project
from tests.imaging.xray.analytic import centred, ellipsoid_integral, ellipsoids, material

VIEWS = {"ap": (0, 0), "oblique 25": (25, 0), "lateral": (90, 0), "cranial 20": (0, 20)}


def error_ratio(ours: PathLengths, theirs: PathLengths | NDArray[np.float32]) -> float:
    """RMSE of ours over that of the reference, both against the exact integrals."""
    exact = ellipsoid_integral(ours.carm)
    other = theirs.mass_g_cm2["soft"] if isinstance(theirs, PathLengths) else theirs
    ours_rms, theirs_rms = (
        np.sqrt(np.mean((one - exact) ** 2)) for one in (ours.mass_g_cm2["soft"], other)
    )
    return float(ours_rms / theirs_rms)


def pairs(size: Size) -> Iterator[Pair]:
    for side, slices in size.pick(smoke=[(128, 50)], full=[(512, 200)]):
        # the ellipsoids fill the box, so that neither side gains by empty space around them
        spacing = (162 / slices, 152 / side, 152 / side)
        shape = (slices, side, side)
        materials = material(centred(spacing, shape), shape, ellipsoids)
        pixels = 512 if size.full else 128
        told = f"{pixels} x {pixels} of {side} x {side} x {slices}"
        for name, angles in VIEWS.items():
            carm = CArm((0, 0, 0), *angles, pixel_mm=256 / pixels, shape=(pixels, pixels))
            yield Pair(
                name=f"{told}, {name}; Joseph",
                ours=partial(project, materials, carm),
                reference=partial(project, materials, carm, method="joseph"),
                accuracy=error_ratio,
                limit=1.03,
                most_ratio=0.25 if size.full else None,  # promised for the full size
                unit="x its error",
            )
        carm = CArm((0, 0, 0), *VIEWS["oblique 25"], pixel_mm=256 / pixels, shape=(pixels, pixels))
        yield Pair(
            name=f"{told}, oblique 25; ray sampling in SciPy",
            ours=partial(project, materials, carm),
            reference=partial(sampled, materials.bases["soft"], carm, step_mm=spacing[1]),
            accuracy=error_ratio,
            limit=1.03,
            rounds=3,
            unit="x its error",
        )
