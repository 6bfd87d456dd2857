"""Shadows of balls and tubes against their closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.shadows.outlines import (
    ball_shadow,
    bone_kind,
    bone_shadows,
    filled,
    tube_shadows,
)
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import centred

CARM = CArm((0.0, 0.0, 0.0), orbital_deg=25.0, tilt_deg=-12.0, shape=(160, 180), pixel_mm=0.6)


@dataclass(frozen=True)
class Ball:
    """A bone whose shadow is known exactly."""

    centre_mm: tuple[float, float, float]
    radius_mm: float

    def distance_mm(self, points_mm):
        return np.linalg.norm(np.asarray(points_mm) - self.centre_mm, axis=-1) - self.radius_mm

    @property
    def box_mm(self):
        middle = np.array(self.centre_mm)
        return np.stack([middle - self.radius_mm, middle + self.radius_mm])


def exact(carm, centre, radius):
    """Rays (R, C) that pass a ball."""
    row, column = np.meshgrid(*(np.arange(side) for side in carm.shape), indexing="ij")
    rays = np.stack([row, column, np.ones_like(row)], -1) @ carm.pixel_rays().T
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    to = np.asarray(centre) - carm.source_mm
    return np.linalg.norm(np.cross(rays, to), axis=-1) <= radius


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize(("centre", "radius"), [((3.0, 0.0, -5.0), 18.0), ((12.0, 9.0, 6.0), 7.0)])
def test_a_bone_throws_the_shadow_of_its_surface(centre, radius):
    shape = (4, 4, 4)
    place = centred((10.0, 10.0, 10.0), shape)
    ct = Volume(np.zeros(shape, np.int16), place, quantity="hu")
    labels = Volume(np.zeros(shape, np.uint16), place, quantity="label")
    bones = {"L4": Ball(centre, radius), "L1": Ball((0.0, 0.0, 400.0), 5.0)}
    solids = filled(Anatomy("ball", ct, labels, bones=bones), step_mm=1.0)
    ((name, kind, seen),) = bone_shadows(solids, CARM)  # the other lies beside the field
    assert (name, kind) == ("L4", "vertebra")
    wanted = exact(CARM, centre, radius)
    assert overlap(seen, wanted) > 0.96
    assert seen.sum() == pytest.approx(wanted.sum(), rel=0.03)


def test_a_ball_and_a_tube_of_one_are_discs():
    centre, radius = (5.0, -4.0, 8.0), 9.0
    assert overlap(ball_shadow(CARM, centre, radius), exact(CARM, centre, radius)) > 0.985
    line = np.array([[-10.0, 0.0, -20.0], [10.0, 0.0, 25.0]])
    tube = Structure("n", "root", (Tube(line, np.array([4.0, 4.0])),), "constructed")
    ((name, kind, seen),) = tube_shadows([tube], CARM)
    wanted = np.zeros(CARM.shape, dtype=bool)
    for share in np.linspace(0.0, 1.0, 60):
        wanted |= exact(CARM, line[0] + share * (line[1] - line[0]), 4.0)
    assert (name, kind) == ("n", "root")
    assert overlap(seen, wanted) > 0.97


def test_bones_have_kinds():
    kinds = {"L4": "vertebra", "S1": "sacrum", "coccyx": "coccyx", "T12 left rib": "rib"}
    assert {name: bone_kind(name) for name in kinds} == kinds


def test_a_step_has_limits():
    with pytest.raises(InputError, match=r"step_mm must be 0\.2 to 5, got 9"):
        filled(None, step_mm=9.0)
