"""The factored projector beside RTK's Joseph, on ellipsoids with exact line integrals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import itk
import numpy as np
from itk import RTK as rtk  # noqa: N811
from numpy.typing import NDArray

from benchmarks.peers.row import Row, compare, say
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.materials import Basis, Materials, lay_out, prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.jit import set_threads
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import (
    centred,
    ellipsoid_integral,
    ellipsoids,
    material,
    on_grid,
)

VIEWS = {
    "AP": (0, 0),
    "25 oblique": (25, 0),
    "lateral": (90, 0),
    "20 cranial": (0, 20),
    "25 oblique, 30 caudal": (25, -30),
}
PIXELS, SIDE, SLICES = 512, 512, 200
Image = NDArray[np.float32]


def rows() -> Iterator[Row]:
    set_threads(1)
    itk.MultiThreaderBase.SetGlobalMaximumNumberOfThreads(1)
    spacing, shape = (162 / SLICES, 152 / SIDE, 152 / SIDE), (SLICES, SIDE, SIDE)
    materials = material(centred(spacing, shape), shape, ellipsoids)
    for name, angles in VIEWS.items():
        carm = CArm((0, 0, 0), *angles, pixel_mm=256 / PIXELS, shape=(PIXELS, PIXELS))
        exact = ellipsoid_integral(carm)
        yield compare(
            "itk-rtk",
            f"{PIXELS} x {PIXELS} of {SIDE} x {SIDE} x {SLICES}, {name}",
            ours=partial(project, materials, carm),
            theirs=_joseph(materials.bases["soft"], carm),
            ours_error=lambda found, exact=exact: _off(_soft(found), exact),
            theirs_error=lambda found, exact=exact: _off(found, exact),
            what="% of the largest (RMSE)",
            remark="RTK: Joseph",
        )

    yield from _agreement(materials)
    yield from _whole_picture(spacing, shape)


def _agreement(materials: Materials) -> Iterator[Row]:
    """The per-ray reference beside RTK's filter of the same name, pixel by pixel."""
    for name in ("AP", "25 oblique, 30 caudal"):
        carm = CArm((0, 0, 0), *VIEWS[name], pixel_mm=256 / PIXELS, shape=(PIXELS, PIXELS))
        theirs = _joseph(materials.bases["soft"], carm)
        known = theirs()
        yield compare(
            "itk-rtk",
            f"our Joseph reference, {name}",
            ours=partial(project, materials, carm, method="joseph"),
            theirs=theirs,
            ours_error=lambda found, known=known: _apart(_soft(found), known),
            theirs_error=lambda found, known=known: _apart(found, known),
            what="largest difference of a pixel from RTK, share of the largest",
            rounds=2,
        )


def _whole_picture(spacing: tuple[float, ...], shape: tuple[int, ...]) -> Iterator[Row]:
    """All materials, spectrum, scatter, blur and noise beside RTK's bare projection of one."""
    place = centred(spacing, shape)
    density = on_grid(place, shape, ellipsoids)
    hu = np.clip(np.rint(1000 * density - 1000), -1000, 2500).astype(np.int16)
    patient = prepare(Volume(hu, place))
    carm = CArm((0, 0, 0), *VIEWS["25 oblique"], pixel_mm=256 / PIXELS, shape=(PIXELS, PIXELS))
    beam = set_exposure(project(patient, carm), Beam.preset("lumbar_ap"))
    rng = np.random.default_rng(0)
    yield compare(
        "itk-rtk",
        f"whole picture ({', '.join(patient.bases)}; spectrum, scatter, blur, noise), 25 oblique",
        ours=lambda: expose(project(patient, carm), beam, rng=rng),
        theirs=_joseph(lay_out(density, place), carm),
        ours_error=lambda found: float(len(patient.bases)),
        theirs_error=lambda found: 1.0,
        what="materials projected",
        remark="RTK: bare projection of one",
    )


def _apart(image: Image, known: Image) -> float:
    return float(np.abs(image - known).max() / known.max())


def _soft(paths: PathLengths) -> Image:
    return paths.mass_g_cm2["soft"]


def _off(image: Image, exact: NDArray[np.float64]) -> float:
    return float(100 * np.sqrt(np.mean((image - exact) ** 2)) / exact.max())


def _joseph(basis: Basis, carm: CArm) -> Callable[[], Image]:
    """RTK's projector of the same grid and pose.

    The volume is turned into RTK's frame at gantry angle 0 instead of turning the gantry: isocentre
    at the origin, focal spot on +z, x along the detector's columns, y against its rows.
    """
    geometry = rtk.ThreeDCircularProjectionGeometry.New()
    geometry.AddProjection(carm.source_isocentre_mm, carm.source_detector_mm, 0.0)
    into = np.stack([carm.column_direction, -carm.row_direction, _towards_source(carm)])
    place = basis.patient_from_voxel.matrix
    # ITK counts indices as column, row, slice
    steps = (into @ place[:3, :3])[:, ::-1]
    spacing = np.linalg.norm(steps, axis=0)
    volume = itk.image_from_array(np.ascontiguousarray(basis.density))
    volume.SetSpacing(spacing)
    volume.SetDirection(steps / spacing)
    volume.SetOrigin(into @ (place[:3, 3] - np.array(carm.isocentre_mm)))
    rows, columns = carm.shape
    blank = itk.image_from_array(np.zeros((1, rows, columns), dtype=np.float32))
    blank.SetSpacing([carm.pixel_mm, carm.pixel_mm, 1.0])
    blank.SetOrigin([-0.5 * (n - 1) * carm.pixel_mm for n in (columns, rows)] + [0.0])
    kind = type(volume)
    projector = rtk.JosephForwardProjectionImageFilter[kind, kind].New()
    projector.SetInput(0, blank)
    projector.SetInput(1, volume)
    projector.SetGeometry(geometry)
    projector.InPlaceOff()

    def work() -> Image:
        projector.Modified()
        projector.UpdateLargestPossibleRegion()
        found = itk.array_from_image(projector.GetOutput())[0]
        return 0.1 * found[::-1]  # mm to cm; RTK's y grows against our rows

    return work


def _towards_source(carm: CArm) -> NDArray[np.float64]:
    away = carm.source_mm - np.array(carm.isocentre_mm)
    return away / np.linalg.norm(away)


if __name__ == "__main__":
    say(rows())
