from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.evidence import Evidence, band, evidence_of
from needle_sim.anatomy.shape_fit import BoneModel, Sizes, solved
from needle_sim.anatomy.surface import LabelSurface, label_surface
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar, box
from needle_sim.geometry.transform import PATIENT, Frame, Transform, angle_deg, rigid
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import painted, posed

MEAN = {"width_mm": 40.0, "height_mm": 24.0, "peg_mm": 20.0}
SPREAD = {"width_mm": 4.0, "height_mm": 3.0, "peg_mm": 4.0}
TRUE = {"width_mm": 44.0, "height_mm": 21.0, "peg_mm": 25.0}
NUMBER = vertebra_label("L3")


def shape(sizes: Sizes) -> Implicit:
    """A block with a peg out of its back and a knob on one side of the top."""
    half = (0.5 * sizes["width_mm"], 14.0, 0.5 * sizes["height_mm"])
    tip = [0.0, 14.0 + sizes["peg_mm"], 0.0]
    knob = np.array([10.0, 0.0, half[2]])
    return Implicit.of(
        [
            box(half, round_mm=3.0),
            bar([0.0, 10.0, 0.0], tip, (5.0, 5.0)),
            bar(knob, knob + np.array([0.0, 0.0, 6.0]), (4.0, 4.0)),
        ]
    )


def tip(sizes: Sizes) -> np.ndarray:
    return np.array([[0.0, 14.0 + sizes["peg_mm"], 0.0]])


MODEL = BoneModel(MEAN, SPREAD, shape, tip)
POSE = posed("L3", (3.0, -4.0, 2.0), (8.0, -5.0, 4.0))
START = rigid(np.eye(3), (0.0, 0.0, 0.0), source=Frame("L3"))
NONE = (np.zeros((0, 3)), np.zeros((0, 3, 3)))


@pytest.fixture(scope="module")
def surface() -> LabelSurface:
    bones = {NUMBER: shape(TRUE).moved(POSE)}
    ct, labels = painted(bones, step_mm=2.0, shape=(40, 50, 50), first_mm=(-50.0, -40.0, -40.0))
    return label_surface(labels, NUMBER, ct)


@pytest.fixture(scope="module")
def evidence(surface) -> Evidence:
    return evidence_of(surface, band(surface), *NONE)


@pytest.fixture(scope="module")
def found(evidence) -> tuple[Sizes, Transform]:
    return solved(MODEL, evidence, START)


def test_known_sizes_and_pose_are_recovered(found):
    sizes, pose = found
    for name, value in TRUE.items():
        assert sizes[name] == pytest.approx(value, abs=1.0)
    assert np.linalg.norm(pose.matrix[:3, 3] - POSE.matrix[:3, 3]) < 0.7
    for axis in np.eye(3):
        assert angle_deg(pose.turn(axis), POSE.turn(axis)) < 1.5


def test_what_is_not_seen_stays_at_the_mean(evidence):
    kept = POSE.inverse().apply(evidence.points_mm)[:, 1] < 8.0  # nothing of the peg
    part = replace(
        evidence,
        points_mm=evidence.points_mm[kept],
        wanted_mm=evidence.wanted_mm[kept],
        limit_mm=evidence.limit_mm[kept],
    )
    sizes, _ = solved(MODEL, part, START)
    assert sizes["peg_mm"] == pytest.approx(MEAN["peg_mm"], abs=0.2)
    assert sizes["width_mm"] == pytest.approx(TRUE["width_mm"], abs=1.2)


def test_an_anchor_draws_its_point_where_the_surface_is_silent(evidence):
    kept = POSE.inverse().apply(evidence.points_mm)[:, 1] < 8.0
    wanted = POSE.apply([0.0, 14.0 + 25.0, 0.0])
    part = replace(
        evidence,
        points_mm=evidence.points_mm[kept],
        wanted_mm=evidence.wanted_mm[kept],
        limit_mm=evidence.limit_mm[kept],
        anchors_mm=wanted[None],
        anchor_weight=np.eye(3)[None] / 0.3,
    )
    sizes, pose = solved(MODEL, part, START)
    assert np.linalg.norm(pose.apply(tip(sizes))[0] - wanted) < 0.6
    assert sizes["peg_mm"] > 23.0


def test_a_size_far_from_its_mean_costs_more_than_in_proportion(evidence):
    tight = replace(MODEL, spread={**SPREAD, "peg_mm": 0.5})  # the truth is 10 of these away
    sizes, _ = solved(tight, evidence, START)
    assert MEAN["peg_mm"] < sizes["peg_mm"] < MEAN["peg_mm"] * np.exp(4 * 0.5 / MEAN["peg_mm"])


def test_the_same_answer_comes_out_twice_to_the_bit(evidence, found):
    sizes, pose = solved(MODEL, evidence, START)
    assert sizes == found[0]
    np.testing.assert_array_equal(pose.matrix, found[1].matrix)


def test_sizes_that_make_no_bone_are_stepped_around(evidence):
    def brittle(sizes: Sizes) -> Implicit:
        if sizes["width_mm"] > 45.0:
            raise InputError("too wide")
        return shape(sizes)

    sizes, pose = solved(replace(MODEL, shape=brittle), evidence, START)
    assert 42.0 < sizes["width_mm"] <= 45.0
    assert pose.target == PATIENT
