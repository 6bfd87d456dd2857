"""Landmarks of a vertebra."""

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import OF_A_RIB, landmark_names
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import (
    vertebra_landmarks,
)

LEVELS = spine_spec().levels

LUMBAR = LEVELS[:-1]
ON_BONE = (
    "sap_tip",
    "iap_tip",
    "sap_tp_junction",
    "mamillo_accessory_notch",
    "sap_neck_ventral",
    "sap_neck_dorsal",
    "tp_root_upper",
    "tp_tip",
)


@pytest.mark.parametrize("level", LUMBAR)
def test_processes_reach_as_far_as_they_should(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    found = vertebra_landmarks(spec, bone=bone)

    span = found["left tp_tip"][0] - found["right tp_tip"][0]
    assert span == pytest.approx(spec.tp_span_mm, rel=0.04)
    spinous = found["spinous_tip"][1] - spec.back_mm
    assert spinous == pytest.approx(spec.spinous_length_mm, rel=0.04)
    assert found["left sap_tip"][2] > 0.5 * spec.height_mm
    assert found["left iap_tip"][2] < -0.5 * spec.height_mm


@pytest.mark.parametrize("level", LUMBAR)
def test_landmarks_of_the_surface_lie_on_it(mean, level):
    spec, bone = mean.column.vertebrae[level], mean.own[level]
    found = vertebra_landmarks(spec, bone=bone)

    ribs = {f"{side} {name}" for side in SIDES for name in OF_A_RIB}
    assert set(found) == {*landmark_names(), *(ribs if spec.rib_length_mm > 0 else ())}
    points = np.stack([found[f"{side} {name}"] for side in SIDES for name in ON_BONE])
    assert np.abs(bone.distance_mm(points)).max() < 0.01
