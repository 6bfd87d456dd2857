"""Landmarks of a vertebra."""

from dataclasses import fields, replace

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import OF_A_RIB, landmark_names
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.spec import VertebraSpec, generator, spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks

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


@pytest.mark.parametrize(("level", "seeds"), [("L3", (20, 21)), ("L5", (4, 5)), ("T12", (2, 3))])
def test_landmarks_run_smoothly_with_the_sizes(level, seeds):
    """From one drawn vertebra to another in 40 steps none jumps (a spinous tip moves 5 mm in all).

    The draws are those in which laminae, isthmus and processes differ by most.
    """
    first, last = (column(spine_spec(rng=generator(seed))).vertebrae[level] for seed in seeds)
    steps = np.linspace(0.0, 1.0, 41)
    found = [vertebra_landmarks(between(first, last, share)) for share in steps]

    for name in found[0]:
        run = np.linalg.norm(np.diff([one[name] for one in found], axis=0), axis=1)
        assert run.max() < 1.2, name


def between(first: VertebraSpec, last: VertebraSpec, share: float) -> VertebraSpec:
    """The sizes at a share of the way from one vertebra to another."""
    ends = (
        (field.name, getattr(first, field.name), getattr(last, field.name))
        for field in fields(first)
    )
    return replace(
        first, **{name: (1 - share) * a + share * b for name, a, b in ends if isinstance(a, float)}
    )
