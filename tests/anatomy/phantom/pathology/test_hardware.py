"""Screws lie in their pedicles, as thick and long as asked for, and are metal to every room."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.metal import metal_notes
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.phantom.pathology.hardware import FusionHardware, screw_size_mm
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar

SET = FusionHardware(("L4", "L5", "S1"), 6.5, 45.0, 38.0)


@pytest.fixture(scope="module")
def fused():
    return build_phantom(pathology=[SET], voxel_mm=2.0)


def test_diameter_and_length_are_read_back_within_two_percent(built):
    found = findings(built(SET))

    assert len(found) == 3
    assert all(one.share_off < 0.02 for one in found)


def test_a_screw_of_known_size_is_read_as_it_is():
    x = (1.0, 0.0, 0.0)
    shaft = bar([0.0, 0.0, 0.5], [0.0, 0.0, 40.0], (3.0, 3.0), across=x, cap_mm=0.5, blend_mm=0.0)
    head = bar([0.0, 0.0, 40.5], [0.0, 0.0, 51.5], (6.0, 6.0), across=x, cap_mm=0.5, blend_mm=0.0)

    assert screw_size_mm(Implicit.of([shaft, head])) == pytest.approx((6.0, 40.0), rel=0.01)


def test_every_shaft_runs_through_its_pedicle_in_bone(built):
    anatomy = built(SET)
    for level in ("L4", "L5"):
        for side in ("left", "right"):
            screw, whole = anatomy.bones[f"{level} {side} screw"], anatomy.bones[level]
            at = np.random.default_rng(0).uniform(*screw.box_mm, (4000, 3))
            at = at[screw.distance_mm(at) < 0.0]
            own = anatomy.body(level).inverse()
            before = (
                own.apply(at)[:, 1]
                < own.apply(anatomy.landmark(f"{level} {side} pedicle_centre"))[1]
            )
            assert before.sum() > 50
            assert (whole.distance_mm(at[before]) < 0.0).all()


def test_the_ct_shows_metal_and_says_so(fused):
    (note,) = metal_notes(fused.ct, None, np.ones(fused.ct.shape, dtype=bool))

    assert "metal" in str(note)
    assert fused.ct.array.max() == 3071
    screw = fused.bones["L4 left screw"].box_mm.mean(axis=0)
    assert fused.labels.sample(screw[None], outside=0)[0] == label("titanium")


def test_a_needle_meets_titanium(fused):
    screw = fused.bones["L5 right screw"]
    low, high = screw.box_mm
    at = np.linspace(low, high, 400)
    inside = screw.distance_mm(at) < 0.0

    assert inside.any()

    assert (fused.tissue_labels(at[inside]) == label("titanium")).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((("L4",),), "a rod needs two vertebrae"),
        ((("L4", "L5"), 12.0), "screw_mm must lie from 4.5 to 8.5"),
        ((("L4", "L5"), 6.5, 90.0), "length_mm must lie from 25 to 60"),
        ((("L4", "L5"), 6.5, 45.0, 60.0), "sacral_mm must lie from 20 to 50"),
        ((("L4", "L5"), 6.5, 45.0, 38.0, 1.0), "rod_mm must lie from 4 to 6.5"),
    ],
)
def test_sizes_that_cannot_be_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        FusionHardware(*given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((("L3", "L5"),), "levels must follow each other"),
        ((("T11", "T12"), 8.0), "too wide for the pedicles of T11"),
        ((("L4", "L5", "S1"), 6.5, 45.0, 50.0), "leaves the bone of S1; take a shorter one"),
    ],
)
def test_screws_that_do_not_fit_are_refused(built, given, message):
    with pytest.raises(InputError, match=message):
        built(FusionHardware(*given))
