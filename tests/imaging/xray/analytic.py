"""Phantoms with exact cone-beam line integrals, a synthetic torso, and needles in it."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.materials import Materials, lay_out
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.volume.volume import Volume

UPRIGHT = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # i up, j back, k left
TURNED = Rotation.from_euler("xyz", [12, -8, 17], degrees=True).as_matrix() @ UPRIGHT

# centre mm, standard deviation mm, density at the centre g/cm3; nowhere negative in sum
GAUSSIANS = (
    ((0.0, 0.0, 0.0), 28.0, 1.0),
    ((20.0, -12.0, 15.0), 20.0, -0.35),
    ((-25.0, 10.0, -10.0), 22.0, 0.7),
)
# centre mm, half axes mm, density g/cm3, turn about z in degrees: a trunk with odd contents
ELLIPSOIDS = (
    ((0.0, 0.0, 0.0), (75.0, 55.0, 80.0), 1.0, 0.0),
    ((20.0, 10.0, 10.0), (22.0, 16.0, 30.0), 0.8, 20.0),
    ((-30.0, -8.0, -20.0), (12.0, 20.0, 25.0), -0.5, -35.0),
    ((10.0, -30.0, 30.0), (8.0, 8.0, 8.0), 1.2, 0.0),
    ((-20.0, 20.0, 30.0), (5.0, 15.0, 7.0), 0.9, 60.0),
)


def centred(spacing_mm, shape, axes=UPRIGHT):
    """A grid about the patient's origin; ``axes`` (3, 3) are the directions of i, j, k."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.asarray(spacing_mm)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Transform(matrix, target=PATIENT, source=VOXEL)


def on_grid(place, shape, density):
    """``density(points)`` at the voxels of a grid, slice by slice."""
    rows, columns = np.indices(shape[1:], dtype=float)
    found = np.empty(shape, dtype=np.float32)
    for i in range(shape[0]):
        found[i] = density(place.apply(np.stack([np.full(shape[1:], float(i)), rows, columns], -1)))
    return found


def material(place, shape, density):
    return Materials({"soft": lay_out(on_grid(place, shape, density), place)})


def unit_rays(carm):
    rows, columns = np.indices(carm.shape)
    rays = np.stack([rows, columns, np.ones_like(rows)], axis=-1) @ carm.pixel_rays().T
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def smooth(points):
    return sum(
        height * np.exp(-((points - centre) ** 2).sum(-1) / (2 * width**2))
        for centre, width, height in GAUSSIANS
    )


def smooth_integral(carm):
    """Exact line integrals of the Gaussians over endless rays, g/cm2."""
    rays, total = unit_rays(carm), np.zeros(carm.shape)
    for centre, width, height in GAUSSIANS:
        to = np.array(centre) - carm.source_mm
        away2 = to @ to - (rays @ to) ** 2
        total += 0.1 * height * width * np.sqrt(2 * np.pi) * np.exp(-away2 / (2 * width**2))
    return total


def _unit_ball(half_axes, turn_deg):
    turn = Rotation.from_euler("z", turn_deg, degrees=True).as_matrix()
    return (turn / np.array(half_axes)) @ turn.T


def ellipsoids(points):
    total = np.zeros(points.shape[:-1])
    for centre, half_axes, density, turn_deg in ELLIPSOIDS:
        local = (points - centre) @ _unit_ball(half_axes, turn_deg).T
        total += density * ((local**2).sum(-1) <= 1)
    return total


def ellipsoid_integral(carm):
    """Exact chords through the ellipsoids, g/cm2."""
    rays, total = unit_rays(carm), np.zeros(carm.shape)
    for centre, half_axes, density, turn_deg in ELLIPSOIDS:
        ball = _unit_ball(half_axes, turn_deg)
        start, along = ball @ (carm.source_mm - centre), rays @ ball.T
        a, b = (along**2).sum(-1), along @ start
        total += 0.2 * density * np.sqrt(np.maximum(b**2 - a * (start @ start - 1), 0)) / a
    return total


def rms_percent(image, exact):
    return 100 * np.sqrt(np.mean((image - exact) ** 2)) / exact.max()


def torso(shape=(60, 80, 100), spacing_mm=(3.0, 3.0, 3.0), axes=UPRIGHT, balls=()):
    """A water cylinder with a column of bone, in HU; ``balls`` are (centre, radius, HU)."""
    place = centred(spacing_mm, shape, axes)

    def hu(points):
        x, y = points[..., 0], points[..., 1]
        value = np.where((x / 130) ** 2 + (y / 100) ** 2 <= 1, 0.0, -1000.0)
        value = np.where(x**2 + (y - 40) ** 2 <= 20**2, 500.0, value)
        for centre, radius, ball_hu in balls:
            value = np.where(((points - centre) ** 2).sum(-1) <= radius**2, ball_hu, value)
        return value

    return Volume(on_grid(place, shape, hu).astype(np.int16), place)


def placed(entry_mm, tip_mm, *, length_mm=150.0, outer_mm=1.27, inner_mm=0.0, bevel_deg=90.0):
    needle = Needle(18, outer_mm, inner_mm, length_mm, bevel_deg)
    return PlacedNeedle(needle, Trajectory.straight(entry_mm, tip_mm))
