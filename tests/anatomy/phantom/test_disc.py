"""Discs of spines that are not upright."""

from dataclasses import replace

import numpy as np

from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.disc import disc_rows, hollow_rows
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Frame, Transform


def test_a_disc_turns_with_its_spine(mean):
    """A rigid turn of the whole column turns the disc, whatever the patient's axes."""
    turn = np.eye(4)
    turn[:3, :3] = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    turn[:3, :3] *= np.sign(np.linalg.det(turn[:3, :3]))
    turn[:3, 3] = 5.0, -7.0, 11.0
    move = Transform(turn, target=Frame("patient"), source=Frame("patient"))
    moved = Column(
        mean.column.vertebrae, {name: move @ body for name, body in mean.column.bodies.items()}
    )
    here = Implicit.of([disc_rows(mean.column, "L4", "L5")[0]])
    there = Implicit.of([disc_rows(moved, "L4", "L5")[0]])
    points = np.random.default_rng(0).uniform(*here.box_mm, (2000, 3))

    np.testing.assert_allclose(
        there.distance_mm(move.apply(points)), here.distance_mm(points), atol=1e-9
    )


def test_the_wedge_of_a_disc_is_the_angle_between_its_bodies(mean):
    low = mean.column.vertebrae["L5"]
    other = {**mean.column.vertebrae, "L5": replace(low, lordosis_above_deg=0.0)}

    same = disc_rows(Column(other, mean.column.bodies), "L4", "L5")
    for one, two in zip(same, disc_rows(mean.column, "L4", "L5"), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_only_the_lowest_disc_has_no_hollow(mean):
    annulus = disc_rows(mean.column, "L5", "S1")[0]

    assert not list(hollow_rows(annulus, 0.0))
    assert len(list(hollow_rows(annulus, 1.8))) == 1


def test_a_slipped_body_leaves_the_disc_level(mean):
    """The ends of the disc stay parallel to the endplates when the upper body slips backwards."""
    body = mean.column.bodies["L4"]
    slip = np.eye(4)
    slip[:3, 3] = 6.0 * body.matrix[:3, 1]
    moved = Transform(slip @ body.matrix, target=body.target, source=body.source)
    slipped = Column(mean.column.vertebrae, {**mean.column.bodies, "L4": moved})
    straight, aside = (disc_rows(one, "L4", "L5")[0] for one in (mean.column, slipped))

    axis = [np.cross(row[6:9], row[9:12]) for row in (straight, aside)]
    assert axis[0] @ axis[1] > 0.9999
    assert np.linalg.norm(aside[3:6] - straight[3:6]) < 3.1
