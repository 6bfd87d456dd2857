from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.imaging.ultrasound.needle_echo import brightness
from needle_sim.imaging.ultrasound.point_spread import point_spread
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from tests.imaging.ultrasound.blocks import block, facing, shaft

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")
DEPTH_MM = 25.0


@pytest.fixture(scope="module")
def muscle():
    return block(half_mm=45, depth_mm=80)


@pytest.fixture(scope="module")
def silent():
    """Water under the skin."""
    return block(lambda x, down, z: np.where(down < 3, label("muscle"), label("csf")), half_mm=45)


def pixels(picture, start, stop, count=200):
    """Envelope (N,) along a straight stretch of the probe's frame, the largest within 0.5 mm."""
    points = np.linspace(start, stop, count)
    step = picture.depth_mm / picture.lines_db.shape[1]
    line = (0.5 - points[:, 0] / picture.probe.footprint_mm) * len(picture.lines_db) - 0.5
    sample = np.rint(points[:, 2] / step - 0.5).astype(int)
    reach = round(0.5 / step)
    found = [
        picture.lines_db[round(n), s - reach : s + reach + 1].max()
        for n, s in zip(line, sample, strict=True)
    ]
    return np.array(found)


def seen_db(scene, angle_deg, *, out_mm=0.0, shift_mm=0.0, outer_mm=0.72):
    """Mean level of the middle 8 mm of a shaft whose normal is off the beam by an angle."""
    turn = np.radians(angle_deg)
    along = np.array([-np.cos(turn), 0.0, np.sin(turn)])
    middle = np.array([shift_mm, out_mm, DEPTH_MM])
    pose = facing()
    tip = middle + 12.0 * along
    needle = shaft(pose, tuple(tip), tuple(along), length_mm=24.0, outer_mm=outer_mm)
    picture = sonogram(scene, LINEAR, pose, needles=[needle])
    return float(pixels(picture, middle - 4 * along, middle + 4 * along).mean())


def test_a_needle_fades_steadily_from_0_to_60_degrees(muscle):
    """Monotone over the mean of places; at least 15 dB in all (Nichols 2003, plain needles)."""
    angles = (0, 10, 20, 30, 45, 60)
    levels = [np.mean([seen_db(muscle, a, shift_mm=s) for s in (-6, -2, 2, 6)]) for a in angles]
    bare = float(
        np.mean(pixels(sonogram(muscle, LINEAR, facing()), (-6, 0, DEPTH_MM), (6, 0, DEPTH_MM)))
    )

    assert (np.diff(levels) < 0).all()
    assert levels[0] - levels[-1] > 15
    assert levels[0] > bare + 20
    assert levels[3] > bare + 4  # at 30 degrees it is still well seen


def test_half_of_the_echo_is_left_half_a_slice_out_of_the_plane(silent):
    width = float(point_spread(LINEAR).at(np.array([DEPTH_MM])).slice_mm[0])
    away = np.linspace(0.0, width, 9)
    levels = np.array([seen_db(silent, 0.0, out_mm=y) for y in away])

    half = np.interp(levels[0] - 20 * np.log10(2), levels[::-1], away[::-1])
    assert half == pytest.approx(0.5 * width, rel=0.15)
    assert (np.diff(levels) < 0).all()


def test_a_thinner_needle_is_darker(silent):
    assert seen_db(silent, 15.0, outer_mm=0.46) < seen_db(silent, 15.0, outer_mm=1.27) - 2


def test_brightness_grows_with_the_root_of_the_diameter():
    for part, other in zip(brightness(20.0, 0.4), brightness(20.0, 1.6), strict=True):
        assert other == pytest.approx(2 * part)


def test_the_echo_lies_where_the_needle_is(silent):
    pose = facing()
    needle = shaft(pose, (-8.0, 0.0, 30.0), (-1.0, 0.0, 0.0), length_mm=16.0)
    picture = sonogram(silent, LINEAR, pose, needles=[needle], samples=2048)
    step = 50.0 / 2048
    profile = picture.lines_db[128, 400:]

    assert (profile.argmax() + 400.5) * step == pytest.approx(30.0, abs=0.1)
    told = picture.truth["needles"][0]
    row, column = told["tip_px"]
    expected = (
        picture.origin_px[0] + 30 / picture.pixel_mm,
        picture.origin_px[1] + 8 / picture.pixel_mm,
    )
    assert (row, column) == pytest.approx(expected)
    # beyond the tip there is nothing
    line = int((0.5 + 14 / LINEAR.footprint_mm) * 256)
    assert picture.lines_db[line, 1100:1300].max() < profile.max() - 40


def test_across_the_plane_it_is_a_dot(silent):
    pose = facing()
    needle = shaft(pose, (0.0, 10.0, 25.0), (0.0, 1.0, 0.0), length_mm=20.0)
    picture = sonogram(silent, LINEAR, pose, needles=[needle])
    bright = picture.lines_db > picture.lines_db[:, 400:].max() - 20
    lines, samples = np.nonzero(bright[:, 400:])

    assert np.ptp(lines) * LINEAR.footprint_mm / 256 < 3
    assert np.ptp(samples) * 50 / 1024 < 6  # with its comet tail
    told = picture.truth["needles"][0]
    assert not told["in_plane"]
    assert told["angle_deg"] == pytest.approx(90)


def test_the_tip_is_brighter_than_the_shaft_where_that_is_steep(silent):
    pose = facing()
    turn = np.radians(45)
    along = np.array([-np.cos(turn), 0.0, np.sin(turn)])
    tip = np.array([-6.0, 0.0, 32.0])
    levels = []
    for clock in (0.0, 90.0, 180.0, 270.0):
        needle = replace(
            shaft(pose, tuple(tip), tuple(along), length_mm=30.0), bevel_clock_deg=clock
        )
        picture = sonogram(silent, LINEAR, pose, needles=[needle])
        levels.append(pixels(picture, tip - 1.2 * along, tip - 0.2 * along).mean())
        rest = pixels(picture, tip - 12 * along, tip - 3 * along).mean()
        assert levels[-1] > rest + 2
    assert np.ptp(levels) > 1.5  # the bevel that faces the probe shows most


def test_bone_hides_a_needle_behind_it():
    def plate(x, down, z):
        return np.maximum(np.abs(down - 20.0) - 1.5, np.abs(x) - 8.0)

    pose = facing()
    needle = shaft(pose, (-15.0, 0.0, 30.0), (-1.0, 0.0, 0.0), length_mm=32.0)
    picture = sonogram(block("muscle", plate, half_mm=30), LINEAR, pose, needles=[needle])
    behind, beside = (
        pixels(picture, (x - 2, 0.0, 30.0), (x + 2, 0.0, 30.0)).mean() for x in (0.0, 13.0)
    )

    assert behind < beside - 30
