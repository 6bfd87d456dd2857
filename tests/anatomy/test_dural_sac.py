"""The sac of fitted vertebrae, on shapes whose sizes are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from needle_sim.anatomy.dural_sac import SAC_MM
from needle_sim.anatomy.inferred import structures_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.spaces import spaces_of
from needle_sim.anatomy.vertebra_fit import VertebraFit

LEVELS = ("L2", "L3", "L4", "L5")
STEP_MM = 0.05


def fits(**factors: float) -> dict[str, VertebraFit]:
    """The mean column as if it had been fitted, with some sizes times factors."""
    stack = column(spine_spec())
    found = {}
    for level in LEVELS:
        spec, pose = stack.vertebrae[level].scaled(factors), stack.bodies[level]
        found[level] = VertebraFit(spec, pose, vertebra_shape(spec).moved(pose), 0.0)
    return found


@pytest.fixture(scope="module")
def fitted():
    return fits()


def test_dorsal_fat_is_left_between_flavum_and_sac(fitted):
    # healthy people 7.35 +- 1.68 before and behind (doi:10.1080/10790268.2018.1449782)
    spaces = spaces_of(
        {level: fit.spec for level, fit in fitted.items()},
        {level: fit.patient_from_body for level, fit in fitted.items()},
    )
    dura = structures_of(fitted)["dura"]
    for upper, lower in itertools.pairwise(LEVELS):
        body, spec = fitted[lower].patient_from_body, fitted[lower].spec
        border = 0.5 * spec.lamina_height_mm - spec.lamina_drop_mm + 2.0
        for beside in (-3.0, 0.0, 3.0):
            steps = np.arange(-30.0, 30.0, STEP_MM)
            start = np.array([beside, spec.back_mm + spec.canal_depth_mm, border])
            path = body.apply(start - steps[:, None] * [0.0, 1.0, 0.0])
            sac = dura.distance_mm(path) < 0
            flavum = spaces[f"{upper}-{lower} flavum"].shape.distance_mm(path) < 0
            fat_mm = STEP_MM * (np.argmax(sac) - np.flatnonzero(flavum).max())

            assert sac.any()
            assert 2.8 < fat_mm < 7.5, (upper, beside)


def test_the_sac_leaves_a_part_of_the_canal_s_depth(fitted):
    tubes = structures_of(fitted)["dura"].tubes
    for level in LEVELS:
        at = fitted[level].patient_from_body.matrix[:3, 3]
        nearest = np.linalg.norm(tubes[2].points_mm - at, axis=1).argmin()
        depth = 2 * tubes[2].radius_mm[nearest]

        assert depth <= fitted[level].spec.canal_depth_mm - 3.0
        assert depth == pytest.approx(SAC_MM[1], abs=2.0)


def test_its_axis_is_smooth(fitted):
    line = structures_of(fitted)["dura"].tubes[2].points_mm
    along = np.diff(line, axis=0)
    along /= np.linalg.norm(along, axis=1)[:, None]
    turn = np.degrees(np.arccos(np.clip((along[1:] * along[:-1]).sum(axis=1), -1, 1)))

    assert turn.max() < 12.0


def test_a_wider_canal_does_not_make_a_wider_sac_than_usual():
    wide = structures_of(fits(canal_depth_mm=1.5, canal_width_mm=1.3))["dura"].tubes

    assert 2 * wide[2].radius_mm.max() == pytest.approx(SAC_MM[1], rel=0.02)
