"""Truth of a picture: places against projection, masks against closed forms, visibility."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.imaging.xray.angles import positioner_angles
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import radiograph
from needle_sim.imaging.xray.truth import OUTSIDE, SEEN, SHUT, projection_matrix, truth_of, visible
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import centred
from tests.imaging.xray.shadows.test_outlines import Ball

CARM = CArm((0.0, 0.0, 0.0), orbital_deg=-20.0, tilt_deg=10.0, shape=(200, 240), pixel_mm=0.8)
AT = {"L4 here": (0.0, 0.0, 0.0), "L4 aside": (30.0, 0.0, 20.0), "L4 far": (300.0, 0.0, 0.0)}


def needle():
    path = Trajectory.straight((20.0, 60.0, 10.0), (3.0, 5.0, -4.0))
    return PlacedNeedle(Needle.preset("quincke_22g_90mm"), path)


@pytest.fixture(scope="module")
def patient():
    shape = (16, 16, 16)
    place = centred((10.0, 10.0, 10.0), shape)
    ct = Volume(np.zeros(shape, np.int16), place, quantity="hu")
    labels = Volume(np.full(shape, 3, np.uint16), place, quantity="label")
    nerve = Tube(np.array([[-20.0, 0.0, -30.0], [20.0, 5.0, 30.0]]), np.array([2.0, 2.0]))
    return Anatomy(
        "ball", ct, labels,
        landmarks_mm={name: np.array(at) for name, at in AT.items()},
        structures={"nerve": Structure("nerve", "root", (nerve,), "constructed")},
        bones={"L4": Ball((0.0, 0.0, 0.0), 20.0)},
    )  # fmt: skip


def test_the_matrix_projects_as_points_are_projected():
    points = np.random.default_rng(0).uniform(-80.0, 80.0, (50, 3))
    across, down, depth = projection_matrix(CARM) @ np.c_[points, np.ones(50)].T
    assert np.stack([down, across], -1) / depth[:, None] == pytest.approx(
        project_points(CARM, points), abs=1e-9
    )


def test_the_tip_of_the_truth_is_the_projected_tip(patient):
    known = truth_of(patient, CARM, needles=[needle()])
    tip = project_points(CARM, needle().trajectory.tip_mm)
    assert known.instruments_px["needle 1"][-1] == pytest.approx(tip, abs=1e-9)
    mask = known.masks["needle 1"].over(CARM.shape)
    assert mask[tuple(np.rint(tip).astype(int))]
    line = known.instruments_px["needle 1"]
    wide = needle().needle.outer_mm * CARM.magnification / CARM.pixel_mm
    seen = np.clip(line, -0.5, np.array(CARM.shape) - 0.5)
    long = np.linalg.norm(seen[-1] - seen[0])
    assert mask.sum() < 4.0 * long * max(1.0, wide)  # a line, not an area
    assert known.positioner_deg == positioner_angles(CARM)
    assert known.source_mm == pytest.approx(CARM.source_mm)


def test_landmarks_are_seen_in_the_field_shut_under_blades_and_outside_beside(patient):
    wide = truth_of(patient, CARM)
    assert dict(zip(wide.landmarks, wide.visibility, strict=True)) == {
        "L4 here": SEEN, "L4 aside": SEEN, "L4 far": OUTSIDE,
    }  # fmt: skip
    shut = truth_of(patient, CARM, collimation=Collimation(25.0, 25.0))
    assert shut.visibility.tolist() == [SEEN, SHUT, OUTSIDE]
    assert wide.landmarks_px == pytest.approx(project_points(CARM, np.array(list(AT.values()))))


def test_an_intensifier_bends_places_and_masks_alike(patient):
    used = Detector.preset("image_intensifier")
    carm = CArm.preset("image_intensifier")
    shot = radiograph(patient, carm, Beam.preset("lumbar_ap"), detector=used, truth=True)
    known = shot.truth["anatomy"]
    at = np.array(list(AT.values()))
    assert known.landmarks_px == pytest.approx(shot.pixels_of(at), abs=1e-9)
    moved = np.linalg.norm(shot.pixels_of(at[1]) - project_points(carm, at[1]))
    assert moved > 0.5
    corner = np.array([[0.0, 0.0], [255.0, 255.0]])
    assert visible(corner, carm, detector=used).tolist() == [SHUT, SEEN]
    flat = truth_of(patient, carm)
    bent, straight = (one.masks["nerve"].over(carm.shape) for one in (known, flat))
    assert 0 < (bent ^ straight).sum() < 0.5 * straight.sum()


def test_truth_needs_an_anatomy(patient):
    with pytest.raises(InputError, match="truth=True needs an Anatomy, got Volume"):
        radiograph(patient.ct, CARM, Beam.preset("lumbar_ap"), truth=True)
