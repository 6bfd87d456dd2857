"""The factored projector beside nanodrr and DiffDRR on the CPU, on ellipsoids with exact integrals.

Both march rays by `torch.nn.functional.grid_sample`; they are handed the same focal spot and pixels
in their own voxel coordinates, and as many samples a ray as nanodrr takes by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from diffdrr.renderers import Trilinear
from nanodrr.data import Subject
from nanodrr.drr.backends import render_torch
from numpy.typing import NDArray

from benchmarks.peers.row import Row, compare, say
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import Basis
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.jit import set_threads
from tests.imaging.xray.analytic import centred, ellipsoid_integral, ellipsoids, material

PIXELS, SIDE, SLICES = 512, 512, 200
SAMPLES = 500
PATCH = 1 << 15  # rays of DiffDRR at once: all of them take over 20 GB
Image = NDArray[np.float32]


def rows() -> Iterator[Row]:
    set_threads(1)
    torch.set_num_threads(1)
    spacing, shape = (162 / SLICES, 152 / SIDE, 152 / SIDE), (SLICES, SIDE, SIDE)
    materials = material(centred(spacing, shape), shape, ellipsoids)
    carm = CArm((0, 0, 0), 25, 0, pixel_mm=256 / PIXELS, shape=(PIXELS, PIXELS))
    exact = ellipsoid_integral(carm)
    for package, made, how in (
        ("nanodrr", _nanodrr, "grid_sample"),
        ("diffdrr", _diffdrr, "trilinear"),
    ):
        yield compare(
            package,
            f"{PIXELS} x {PIXELS} of {SIDE} x {SIDE} x {SLICES}, 25 oblique",
            ours=partial(project, materials, carm),
            theirs=made(materials.bases["soft"], carm),
            ours_error=lambda found: _off(_soft(found), exact),
            theirs_error=lambda found: _off(found, exact),
            what="% of the largest (RMSE)",
            rounds=2,
            remark=f"{how}, {SAMPLES} samples a ray, CPU",
        )


def _soft(paths: PathLengths) -> Image:
    return paths.mass_g_cm2["soft"]


def _off(image: Image, exact: NDArray[np.float64]) -> float:
    return float(100 * np.sqrt(np.mean((image - exact) ** 2)) / exact.max())


def _rays(carm: CArm) -> tuple[torch.Tensor, torch.Tensor]:
    """Focal spot (1, 1, 3) and pixels (1, R C, 3) in the patient, mm."""
    rows, columns = carm.shape
    at = np.stack([*np.indices((rows, columns)), np.ones((rows, columns))], -1).reshape(-1, 3)
    pixels = carm.source_mm + at @ carm.pixel_rays().T
    return tuple(  # type: ignore[return-value]
        torch.from_numpy(one[None].astype(np.float32)) for one in (carm.source_mm[None], pixels)
    )


def _turned(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map from (i, j, k) as one from (k, j, i), which both packages count in."""
    return np.ascontiguousarray(matrix[:, [2, 1, 0, 3]])


def _nanodrr(basis: Basis, carm: CArm) -> Callable[[], Image]:
    grid = torch.from_numpy(np.ascontiguousarray(basis.density))[None, None]
    place = torch.from_numpy(_turned(basis.patient_from_voxel.matrix)).float()
    subject = Subject(
        grid,
        torch.zeros_like(grid),
        place,
        torch.linalg.inv(place),
        Subject._make_voxel_to_grid(grid.shape),
        torch.zeros(3),
        0,
        convert_to_mu=False,
    )
    source, pixels = _rays(carm)
    step = (pixels - source).norm(dim=-1) / float(SAMPLES)

    def work() -> Image:
        with torch.no_grad():
            image = render_torch(
                subject, torch.eye(4)[None], source, pixels, step, SAMPLES, *carm.shape
            )
        return np.asarray(0.1 * image[0, 0].numpy())

    return work


def _diffdrr(basis: Basis, carm: CArm) -> Callable[[], Image]:
    grid = torch.from_numpy(np.ascontiguousarray(basis.density.transpose(2, 1, 0)))
    inverse = np.linalg.inv(_turned(basis.patient_from_voxel.matrix)).astype(np.float32)
    source, pixels = _rays(carm)
    lengths = (pixels - source).norm(dim=-1).unsqueeze(1)
    turn, shift = torch.from_numpy(inverse[:3, :3]), torch.from_numpy(inverse[:3, 3])
    near, far = source @ turn.T + shift, pixels @ turn.T + shift
    renderer = Trilinear(0.5)

    def work() -> Image:
        with torch.no_grad():
            parts = [
                renderer(grid, near, some, length, n_points=SAMPLES)
                for some, length in zip(
                    far.split(PATCH, dim=1), lengths.split(PATCH, dim=-1), strict=True
                )
            ]
        return np.asarray(0.1 * torch.cat(parts, dim=-1).reshape(carm.shape).numpy())

    return work


if __name__ == "__main__":
    say(rows())
