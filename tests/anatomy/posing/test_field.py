from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.posing.chain import chain
from needle_sim.anatomy.posing.field import motion_field
from needle_sim.anatomy.posing.posture import DiscTurn, Posture
from tests.anatomy.small_patient import small_patient


@pytest.fixture(scope="module")
def moving(coarse):
    moved = chain(coarse, Posture.preset("left_lateral"))
    return moved, motion_field(coarse, moved)


@pytest.fixture(scope="module")
def still():
    patient = small_patient()
    return patient, motion_field(patient, chain(patient, Posture.preset("supine")))


def test_within_the_bodies_the_field_is_the_rigid_motion(coarse, moving):
    moved, field = moving
    rng = np.random.default_rng(1)
    for name in ("L1", "L3", "L5"):
        inside = coarse.bodies[name].apply(rng.uniform(-9, 9, (200, 3)))
        lie = moved[name].apply(inside)
        assert np.abs(field.sources_mm(lie) - inside).max() < 0.01


def test_the_way_there_is_the_way_back(coarse, moving):
    _, field = moving
    low, high = coarse.ct.corners_mm()
    points = np.random.default_rng(2).uniform(low, high, (2000, 3))

    back = field.sources_mm(field.goes_mm(points))

    assert np.abs(back - points).max() < 1e-3


def test_nothing_folds(coarse, moving):
    _, field = moving
    slopes = np.stack(np.gradient(field.coarse.values, field.coarse.step_mm, axis=(0, 1, 2)), -1)

    assert field.shear() > 0.3
    assert np.linalg.det(np.eye(3) + slopes).min() > 0.3


def test_a_planted_fold_is_found(still):
    _, field = still
    assert field.shear() == pytest.approx(1.0, abs=1e-9)

    values = field.fine.values.copy()  # at the side, off every bone, x runs backwards
    values[:6, ..., 0] -= 2.0 * field.fine.step_mm * np.arange(6)[:, None, None]
    folded = replace(field, fine=replace(field.fine, values=values))

    assert folded.shear() < 0.0


def test_half_way_between_two_bones_the_motion_is_half():
    patient = small_patient()
    moved = chain(patient, Posture("mine", "posterior", discs={"L4-L5": DiscTurn(4.0)}))
    field = motion_field(patient, moved)
    upper, lower = (moved[n].apply(patient.bodies[n].matrix[:3, 3]) for n in ("L4", "L5"))
    backwards = np.cross(upper - lower, [1.0, 0.0, 0.0])
    behind = 0.5 * (upper + lower) + 25.0 * backwards / np.linalg.norm(backwards)

    whole = moved["L4"].inverse().apply(behind) - behind
    here = field.sources_mm(behind[None])[0] - behind

    assert np.linalg.norm(whole) > 1.5
    assert here == pytest.approx(0.5 * whole, abs=0.05)


def test_a_patient_that_does_not_move_stays(still):
    _, field = still
    points = np.random.default_rng(4).uniform(-70, 70, (500, 3))

    np.testing.assert_allclose(field.sources_mm(points), points, atol=1e-9)
