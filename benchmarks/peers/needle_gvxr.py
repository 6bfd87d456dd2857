"""A needle in a ball of water beside gVirtualXRay, which rasterises meshes by OpenGL.

Both make the monochromatic primary behind the same ball and the same bevelled tube of steel. What
both are held against is the exact chord of each ray, in NumPy, on a grid of rays so fine that it
stands for the pixels. gVXR casts one ray a pixel: it is given as many pixels, then averaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import numpy as np
from gvxrPython3 import gvxr
from numpy.typing import NDArray

from benchmarks.peers.row import Row, compare, say
from benchmarks.reference import shadows
from needle_sim.imaging.xray import bare
from needle_sim.imaging.xray.beam import material, mu_rho
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import shadow
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import Bins
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.needle_parts import parts_of
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.jit import set_threads

RADIUS_MM, KEV = 60.0, 60.0
FINE = 8  # rays a side of a pixel, for gVXR and for the exact chords
AROUND, ALONG = 512, 256  # corners of the ball
SIDES, RINGS = 64, 400  # and of the rods
VIEWS = {"AP": (0, 0), "30 oblique, 20 cranial": (30, 20), "almost end-on": (-38, 4)}
NEEDLE = PlacedNeedle(
    Needle(18, 1.27, 0.838, 70.0, 30.0),
    Trajectory.straight([-22.0, 25.0, 12.0], [8.0, -12.0, -3.0]),
)
Floats = NDArray[np.float64]
Mesh = tuple[Floats, NDArray[np.int64]]  # corners, triangles


def rows() -> Iterator[Row]:
    set_threads(1)
    gvxr.createWindow(-1, 0, "EGL")  # no screen is needed
    _scene()
    for name, angles in VIEWS.items():
        carm = CArm((0, 0, 0), *angles, pixel_mm=0.5, shape=(256, 256))
        exact = _exact(carm)
        yield compare(
            "gvxr",
            f"needle in a ball of water at {KEV:g} keV, 256 x 256, {name}",
            ours=lambda carm=carm: _ours(carm),
            theirs=lambda carm=carm: _theirs(carm),
            ours_error=lambda found, exact=exact: _worst(found, exact),
            theirs_error=lambda found, exact=exact: _worst(found, exact),
            what="% of a pixel (99.9th percentile)",
            rounds=2,
            remark=f"theirs: {FINE * FINE} rays a pixel, software OpenGL",
        )
        yield _apart(carm, name)


def _apart(carm: CArm, name: str) -> Row:
    """The two beside each other, where the needle is."""
    ours, theirs = _ours(carm), _theirs(carm)
    cast = shadow(carm, [_shaft()])
    off = 100 * np.abs(ours - theirs)[cast.rows, cast.columns]
    own = off / theirs[cast.rows, cast.columns]
    task = f"the same, pixels of the needle, {name}"
    version = metadata.version("gvxr")
    what = "% ours from theirs, mean: of the pixel's own signal, of the bare beam"
    return Row("gvxr", version, task, None, None, None, float(own.mean()), float(off.mean()), what)


def _worst(found: Floats, exact: Floats) -> float:
    return float(np.percentile(100 * np.abs(found / exact - 1), 99.9))


def _shaft() -> PlacedTool:
    """What of the needle lies in the ball: a tube from a flat end to its bevel."""
    inside = tuple(part for part in parts_of(NEEDLE) if part.in_tissue)
    return PlacedTool("shaft", inside, NEEDLE.trajectory.points_mm)


def _ball_mm(source: Floats, rays: Floats) -> Floats:
    """Chords (N) of rays (N, 3) in the ball."""
    along = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    b = along @ source
    return 2 * np.sqrt(np.maximum(b**2 - source @ source + RADIUS_MM**2, 0.0))


def _grid(carm: CArm, fine: int) -> Floats:
    """Rays (R * fine, C * fine, 3) of a detector."""
    rows, columns = ((np.arange(n * fine) + 0.5) / fine - 0.5 for n in carm.shape)
    at = np.stack(np.broadcast_arrays(rows[:, None], columns[None, :], 1.0), axis=-1)
    return at @ carm.pixel_rays().T


def _binned(image: Floats) -> Floats:
    rows, columns = (side // FINE for side in image.shape)
    return image.reshape(rows, FINE, columns, FINE).mean(axis=(1, 3))


def _exact(carm: CArm) -> Floats:
    rays = _grid(carm, FINE)
    shape, rays = rays.shape[:2], rays.reshape(-1, 3)
    water = 0.1 * _ball_mm(carm.source_mm, rays)
    hit, mass, ends, gave = shadows.chords(carm.source_mm, rays, _shaft().parts)
    depth = mu_rho("water", KEV) * water
    depth[hit] -= 0.1 * mu_rho("water", KEV) * np.where(gave, np.diff(ends, axis=0), 0).sum(axis=0)
    depth[hit] += mu_rho("steel", KEV) * mass["steel"]
    return _binned(np.exp(-depth).reshape(shape))


def _ours(carm: CArm) -> Floats:
    """As `with_needles` does it, in one bin."""
    rays = _grid(carm, 1)
    water = 0.1 * _ball_mm(carm.source_mm, rays.reshape(-1, 3)).reshape(carm.shape)
    paths = PathLengths(carm, {"soft": water.astype(np.float32)})
    slopes = {name: np.array([float(mu_rho(name, KEV))]) for name in ("water", "steel")}
    rows = np.ones((carm.shape[0], 1), np.float32)
    one = Bins(np.array([KEV]), np.array([1.0]), slopes, rows)
    signal = np.exp(-float(mu_rho("water", KEV)) * water).astype(np.float32)
    energy = np.full_like(signal, KEV)
    bare.darken(signal, energy, shadow(carm, [_shaft()]), paths, one)
    return signal.astype(np.float64)


def _theirs(carm: CArm) -> Floats:
    gvxr.setSourcePosition(*carm.source_mm.tolist(), "mm")
    middle = carm.source_mm + carm.source_detector_mm * carm.beam_direction
    gvxr.setDetectorPosition(*middle.tolist(), "mm")
    gvxr.setDetectorUpVector(*(-carm.row_direction).tolist())
    gvxr.setDetectorRightVector(*carm.column_direction.tolist())
    gvxr.setDetectorNumberOfPixels(carm.shape[1] * FINE, carm.shape[0] * FINE)
    gvxr.setDetectorPixelSize(carm.pixel_mm / FINE, carm.pixel_mm / FINE, "mm")
    image = np.array(gvxr.computeXRayImage(), dtype=np.float64)
    return _binned(image[::-1]) / (KEV * 1e-3)  # its rows grow upwards


def _scene() -> None:
    gvxr.usePointSource()
    gvxr.setMonoChromatic(KEV, "keV", 1)
    gvxr.removePolygonMeshesFromXRayRenderer()
    water, steel = (
        float(mu_rho(name, KEV)) * material(name).density_g_cm3 for name in ("water", "steel")
    )
    # what a ray passes adds up: the needle takes its water away, and its bore the steel
    _put("ball", _ball(), water)
    _put("needle", _rod(0.5 * NEEDLE.needle.outer_mm), steel - water)
    _put("bore", _rod(0.5 * NEEDLE.needle.inner_mm), -steel)


def _put(name: str, mesh: Mesh, per_cm: float) -> None:
    corners, faces = (one.reshape(-1).tolist() for one in mesh)
    gvxr.makeTriangularMesh(name, corners, faces, "mm")
    gvxr.setLinearAttenuationCoefficient(name, per_cm, "cm-1")
    gvxr.addPolygonMeshAsInnerSurface(name)


def _ring(radius_mm: float, *, tip: bool) -> Floats:
    """Corners (SIDES, 3) of the end of a round wall: at the entry, or on the bevel."""
    way = NEEDLE.trajectory
    turn = way.patient_from_needle.matrix[:3, :3]
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    off = radius_mm * (np.cos(angle)[:, None] * turn[:, 0] + np.sin(angle)[:, None] * turn[:, 1])
    if not tip:
        return way.entry_mm + off
    bevel = np.deg2rad(NEEDLE.needle.bevel_deg)
    # the point of the bevel is on the wall away from +y, which it faces
    behind = (off @ turn[:, 1] + 0.5 * NEEDLE.needle.outer_mm) / np.tan(bevel)
    return way.tip_mm + off - behind[:, None] * turn[:, 2]


def _band(first: int, second: int, around: int) -> NDArray[np.int64]:
    """Triangles between two rings of corners."""
    a = np.arange(around)
    b = (a + 1) % around
    one, other = first * around, second * around
    lower = np.stack([one + a, one + b, other + b], axis=1)
    return np.concatenate([lower, np.stack([one + a, other + b, other + a], axis=1)])


def _rod(radius_mm: float) -> Mesh:
    """A full rod from the entry to the bevel, of as much section as a round one.

    It is cut into short rings: OpenGL rounds corners to a part of a pixel, and along slivers as
    long as the needle that changes depths by tenths of a millimetre.
    """
    full = radius_mm / np.sqrt(np.sin(2 * np.pi / SIDES) / (2 * np.pi / SIDES))
    rear, tip = _ring(full, tip=False), _ring(full, tip=True)
    share = np.linspace(0, 1, RINGS)[:, None, None]
    rings = (rear * (1 - share) + tip * share).reshape(-1, 3)
    a = np.arange(SIDES)
    b, last = (a + 1) % SIDES, np.full(SIDES, RINGS * SIDES)
    end = (RINGS - 1) * SIDES
    caps = [np.stack([b, a, last], axis=1), np.stack([end + a, end + b, last + 1], axis=1)]
    bands = [_band(n, n + 1, SIDES) for n in range(RINGS - 1)]
    corners = np.concatenate([rings, [rear.mean(axis=0), tip.mean(axis=0)]])
    return corners, np.concatenate([*bands, *caps])


def _ball() -> Mesh:
    level = np.pi * (np.arange(ALONG) + 1) / (ALONG + 1)
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    flat = np.stack([np.cos(angle), np.sin(angle), np.zeros(AROUND)], axis=1)
    height = np.cos(level)[:, None, None] * np.array([0.0, 0.0, 1.0])
    rings = (np.sin(level)[:, None, None] * flat + height).reshape(-1, 3)
    corners = RADIUS_MM * np.concatenate([rings, [[0, 0, 1], [0, 0, -1]]])
    a = np.arange(AROUND)
    b, last = (a + 1) % AROUND, (ALONG - 1) * AROUND
    top, bottom = (np.full(AROUND, ALONG * AROUND + n) for n in (0, 1))
    caps = [np.stack([b, a, top], axis=1), np.stack([last + a, last + b, bottom], axis=1)]
    bands = [_band(n, n + 1, AROUND) for n in range(ALONG - 1)]
    return corners, np.concatenate([*bands, *caps])[:, ::-1]


if __name__ == "__main__":
    say(rows())
