"""What gives way to an instrument is what was there: soft tissue, bone, nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.geometry.solids import cone, ellipsoid
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import shadow
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.materials import densities, prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.shadows.displaced import displaced
from needle_sim.instruments.part import Part, part
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import centred, on_grid, placed, torso

CARM = CArm((0.0, 0.0, 0.0), 20.0, 10.0, shape=(96, 96), pixel_mm=1.0)
TORSO = torso()
PATIENT = prepare(TORSO)
UP = np.array([0.0, 0.0, 1.0])
BONE = np.array([0.0, 40.0, 0.0])  # the middle of its column of bone, 500 HU


def at_hu(hu):
    return {name: float(one[0]) for name, one in densities(np.array([hu])).items()}


def tool(*parts):
    return PlacedTool("test", parts, np.zeros((1, 3)))


def masses(centre, diameter_mm=16.0):
    """Mass, g, of each basis material that a ball displaces, from a picture of it."""
    cast = shadow(CARM, [tool(part(ellipsoid(centre, [diameter_mm] * 3), "steel"))])
    gone = displaced(PATIENT, CARM, cast)
    # of a pixel's cone at the depth of the ball, cm2
    depth = (np.asarray(centre) - CARM.source_mm) @ CARM.beam_direction
    rows, columns = (np.stack([cast.rows, cast.columns]).T - 0.5 * 95).T
    off = (rows**2 + columns**2) * (CARM.pixel_mm / CARM.source_detector_mm) ** 2
    area = (0.1 * CARM.pixel_mm * depth / CARM.source_detector_mm) ** 2 / np.sqrt(1 + off)
    return {name: float((one.mean(axis=1) * area).sum()) for name, one in gone.items()}


@pytest.mark.parametrize("centre", [[12.0, -10.0, 8.0], BONE.tolist()], ids=["soft", "bone"])
def test_a_ball_displaces_the_mass_of_the_ball_that_was_there(centre):
    hu = 500.0 if centre[1] == BONE[1] else 0.0
    volume_ml = np.pi / 6 * 1.6**3
    expected = {name: one * volume_ml for name, one in at_hu(hu).items()}
    found = masses(centre)
    for name in ("soft", "bone"):
        assert found[name] == pytest.approx(expected[name], rel=0.01, abs=1e-3)


def test_a_part_as_dense_as_what_was_there_is_not_seen():
    paths, beam = project(PATIENT, CARM), Beam.preset("lumbar_ap")
    bare = expose(paths, beam).array
    inside = at_hu(500.0)
    same = {"water": inside["soft"], "cortical_bone": inside["bone"]}
    rod = Part(cone(BONE - 30 * UP, BONE + 30 * UP, (12.0, 12.0)), same)
    assert expose(paths, beam, tools=[tool(rod)]).array == pytest.approx(bare, rel=2e-3)
    # while of water it would be a hole in the bone
    hole = Part(rod.solid, {"water": 1.0})
    assert (expose(paths, beam, tools=[tool(hole)]).array / bare).max() > 1.05


def test_nothing_gives_way_outside_of_the_patient():
    ball = tool(part(ellipsoid([0, 130, 0], (9, 9, 9)), "steel"))
    gone = displaced(PATIENT, CARM, shadow(CARM, [ball]))
    assert all(not one.any() for one in gone.values())


def test_what_lies_beyond_the_volume_gives_way_as_well():
    short = prepare(torso(shape=(20, 80, 100)))
    above = tool(part(ellipsoid([10, 0, 40], (9, 9, 9)), "steel"))
    assert short.beyond is not None
    carm = replace(CARM, isocentre_mm=(10.0, 0.0, 40.0))
    gone = displaced(short, carm, shadow(carm, [above]))["soft"]
    assert gone.max() == pytest.approx(0.9, rel=0.02)


def test_an_inset_gives_way_where_it_is():
    place = centred((1.0, 1.0, 1.0), (60, 60, 60))
    fine = Volume(
        on_grid(place, (60, 60, 60), lambda at: 0.0 * at[..., 0] + 1000).astype("i2"), place
    )
    ball = tool(part(ellipsoid([0, 0, 0], (9, 9, 9)), "steel"))
    gone = displaced(prepare(TORSO, inset=fine), CARM, shadow(CARM, [ball]))
    assert gone["bone"].max() == pytest.approx(0.9 * at_hu(1000.0)["bone"], rel=0.02)


def test_without_the_patient_at_hand_water_gives_way():
    paths, beam = project(PATIENT, CARM), Beam.preset("lumbar_ap")
    unknown = PathLengths(CARM, paths.mass_g_cm2, paths.beyond_g_cm2)
    needle = placed([30, 70, 0], [30, 10, 0])  # all of it in water
    # scatter is reckoned from the patient where one is at hand
    panel = replace(Detector.preset("mobile_flat_panel"), scatter=False)
    ours, theirs = (
        expose(one, beam, needles=[needle], detector=panel).array for one in (paths, unknown)
    )
    assert ours == pytest.approx(theirs, rel=1e-3)
