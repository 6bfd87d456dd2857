from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.opened import opened
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.sequence import contrast_shots
from needle_sim.imaging.xray.subtraction import (
    found_shift,
    moved,
    registered,
    remasked,
    roadmap,
    subtracted,
    under_roadmap,
)
from needle_sim.injectate.spread import spread
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from tests.injectate import cases

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((16.0, -2.0, -4.0), shape=(144, 144), pixel_mm=1.0)
SHAPE = CARM.shape


def depth(rows, columns):
    """A spine's shadow with the texture of bone, g/cm2, at any place."""
    bone = 1.5 * np.exp(-(((columns - 60) / 22.0) ** 2)) * (1.3 + 0.5 * np.sin(rows / 5.0))
    return bone + 0.6 * np.cos(columns / 7.0 + rows / 11.0)


def trunk(shift=(0.0, 0.0)):
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] - np.reshape(shift, (2, 1, 1))
    masses = {"soft": np.full(SHAPE, 19.0), "bone": depth(rows, columns) + 1.0}
    return PathLengths(CARM, {name: mass.astype(np.float32) for name, mass in masses.items()})


@pytest.fixture(scope="module")
def injection():
    spine = cases.simple_spine()
    return spread(spine, cases.EPIDURAL, cases.UP, agent=cases.IOHEXOL, volume_ml=2.0)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.37, -0.62), (-3.2, 5.75), (11.5, -9.25)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel_in_noise(shift):
    rng = np.random.default_rng(5)
    mask = expose(trunk(), BEAM, rng=rng).array
    picture = expose(trunk(shift), BEAM, rng=rng).array
    assert found_shift(mask, picture) == pytest.approx(shift, abs=0.1)


def test_contrast_and_another_charge_do_not_pull_the_shift(injection):
    rng = np.random.default_rng(6)
    mask = expose(trunk(), BEAM, rng=rng).array
    late = replace(BEAM, mas=1.4 * BEAM.mas)
    filled = expose(trunk((0.8, -1.3)), late, contrast=injection.at(6.0), rng=rng).array
    assert found_shift(mask, filled) == pytest.approx((0.8, -1.3), abs=0.15)


def test_a_given_shift_takes_the_edges_of_bone_out():
    mask, picture = (expose(trunk(by), BEAM).array for by in ((0.0, 0.0), (0.7, -1.6)))
    inner = (slice(8, -8), slice(8, -8))
    left = [
        float(np.abs(subtracted(mask, [picture], shift_px=by)[0][inner]).std())
        for by in (None, (0.7, -1.6), "found")
    ]
    assert left[1] < 0.05 * left[0]
    assert left[2] < 0.05 * left[0]


def test_moving_by_whole_pixels_moves_and_back_gives_it_back():
    image = expose(trunk(), BEAM).array
    assert moved(image, (0.0, 0.0)) is image
    assert moved(image, (3.0, -2.0))[10:-10, 10:-10] == pytest.approx(image[7:-13, 12:-8], rel=1e-5)


def test_registering_a_run_brings_the_iodine_back(injection):
    still = contrast_shots(trunk(), CARM, BEAM, injection, mode="dsa")
    late = contrast_shots(trunk((1.4, 0.6)), CARM, BEAM, injection, mode="dsa")
    run = replace(late, mask=still.mask)  # the patient moved after the mask
    spoiled = subtracted(run.mask.array, [run.frames[-1].array])[0]
    mended = registered(run).subtracted[-1]
    truth = late.subtracted[-1]
    inner = (slice(8, -8), slice(8, -8))
    apart = [float((one - truth)[inner].std()) for one in (spoiled, mended)]
    assert apart[1] < 0.1 * apart[0]


def test_a_landmark_leaves_its_share_of_the_anatomy():
    mask = expose(trunk(), BEAM).array
    bare, some = (subtracted(mask, [mask], landmark=share)[0] for share in (0.0, 0.2))
    assert (bare == 0).all()
    anatomy = -np.log(mask)
    assert some - some.mean() == pytest.approx(0.2 * (anatomy - anatomy.mean()), abs=1e-4)


def test_blades_stand_still_while_a_patient_moves(injection):
    """The shift is that of the patient in the open field (the whole picture says 0.01 pixels, as
    blades do not move). Contrast, which fills much of so small a field, pulls it by 0.4 pixels."""
    field = Collimation(60.0, 60.0)
    still, late = (
        contrast_shots(one, CARM, BEAM, injection, mode="dsa", collimation=field)
        for one in (trunk(), trunk((1.4, 0.6)))
    )
    run = replace(still, frames=late.frames, subtracted=())
    box = opened(still.mask)
    inner = tuple(slice(part.start + 5, part.stop - 5) for part in box)
    want, got = still.subtracted[-1][inner], registered(run).subtracted[-1][inner]
    left = [float((one - want).std()) for one in (got, subtracted_plain(still, late)[inner])]
    assert left[0] < 0.3 * left[1]
    road = roadmap(still)
    assert road.peak[: box[0].start - 3].max() < 0.02 * road.peak.max()


def subtracted_plain(still, late):
    """What a mask that is not moved leaves."""
    return subtracted(still.mask.array, [late.frames[-1].array])[0]


def test_a_run_can_take_one_of_its_pictures_as_mask(injection):
    run = contrast_shots(trunk(), CARM, BEAM, injection, mode="dsa")
    again = remasked(run, 3)
    assert (again.subtracted[3] == 0).all()
    both = run.subtracted[-1] - run.subtracted[3]
    assert again.subtracted[-1] == pytest.approx(both, abs=1e-5)


def test_a_roadmap_shows_vessels_white_and_a_live_needle_black(injection):
    rng = np.random.default_rng(7)
    run = contrast_shots(trunk(), CARM, BEAM, injection, mode="dsa", rng=rng)
    road = roadmap(run)
    tip = np.add(CARM.isocentre_mm, [-18.0, 0.0, 12.0])  # beside the contrast
    needle = Needle(gauge=22, outer_mm=0.718, inner_mm=0.413, length_mm=90.0)
    placed = PlacedNeedle(
        needle, Trajectory(np.array([np.add(tip, [-25.0, 60.0, 12.0]), tip])), 0.0
    )
    pulse = replace(BEAM, mas=0.25 * BEAM.mas)
    live = expose(trunk(), pulse, needles=[placed], rng=rng)
    seen = ndimage.gaussian_filter(under_roadmap(road, live), 1.0)
    (polyline,) = live.truth["needles"]
    row, column = np.round(0.5 * (polyline[-1] + polyline[1])).astype(int)
    contrast = road.peak > 0.5 * road.peak.max()
    assert contrast.sum() > 30
    assert seen[contrast].mean() < -0.3 * road.peak.max()  # white
    spread_ = 1.4826 * np.median(np.abs(seen - np.median(seen)))
    assert seen[row, column] > 5 * spread_  # black
    assert abs(np.median(seen)) < 0.02  # anatomy and charge are gone


def test_a_roadmap_of_another_pose_is_refused(injection):
    road = roadmap(contrast_shots(trunk(), CARM, BEAM, injection, mode="dsa", count=2))
    other = replace(CARM, orbital_deg=5.0)
    live = expose(PathLengths(other, {"soft": np.full(SHAPE, 19.0, np.float32)}), BEAM)
    with pytest.raises(InputError, match="another pose or field"):
        under_roadmap(road, live)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: found_shift(np.ones((64, 64)), np.ones((64, 63))), "one shape and 32 pixels"),
        (lambda: found_shift(np.ones((64, 64)), np.ones((64, 64))), "no detail to register by"),
        (lambda: moved(np.ones((64, 64)), (30.0, 0.0)), "at most 24 pixels"),
        (lambda: moved(np.ones((64, 64)), (float("nan"), 0.0)), "at most 24 pixels"),
        (lambda: subtracted(np.ones((9, 9)), [], landmark=2.0), "landmark must be 0 to 1"),
    ],
)
def test_impossible_settings_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_a_live_run_has_no_mask_to_register(injection):
    run = contrast_shots(trunk(), CARM, BEAM, injection, mode="live", count=1)
    with pytest.raises(InputError, match="live run has no mask"):
        registered(run)
    with pytest.raises(InputError, match="pictures 0 to 0, got 4"):
        remasked(run, 4)
