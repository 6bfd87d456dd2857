import numpy as np
import pytest
from scipy import ndimage

from benchmarks.reference.sonogram import numpy_sonogram
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.transform import NEEDLE, PATIENT, Transform
from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from tests.imaging.ultrasound.blocks import block, facing, shaft

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


@pytest.fixture(scope="module")
def plate():
    """A plate of bone at the marker's side, 40 to 43 mm deep, in muscle over csf."""

    def tissue(x, down, z):
        return np.where((down > 70) & (down < 80), label("csf"), label("muscle"))

    return block(tissue, lambda x, down, z: np.maximum(np.abs(down - 41.5) - 1.5, -x), half_mm=60)


def test_the_picture_is_that_of_plain_numpy(plate):
    ours = sonogram(plate, CURVED, facing(), lines=96, samples=512, slices=3)
    theirs = numpy_sonogram(plate, CURVED, facing(), lines=96, samples=512, slices=3)

    assert np.abs(ours.array - theirs).max() < 1e-5


def test_the_marker_side_is_left_and_truth_lies_on_the_picture(plate):
    picture = sonogram(plate, CURVED, facing())
    row, column = (int(value) for value in picture.origin_px)
    at = row + int(41.5 / picture.pixel_mm)
    aside = int(15 / picture.pixel_mm)

    assert picture.truth["bone"][at, column - aside]  # x > 0 is the patient's left, the marker
    assert not picture.truth["bone"][at, column + aside]
    assert picture.truth["shadow"][at + 2 * aside, column - aside]
    assert not picture.truth["shadow"][at + 2 * aside, column + aside]
    csf = row + int(75 / picture.pixel_mm)
    assert picture.truth["labels"][csf, column + aside] == label("csf")
    assert np.isinf(picture.truth["surface_mm"][-1])
    surface = picture.truth["surface_mm"][100]
    angle = np.arcsin(CURVED.rays(256)[1][100, 0])
    assert surface == pytest.approx(100 / np.cos(angle) - 60, abs=0.05)


def test_the_picture_is_bright_at_bone_and_black_outside(plate):
    picture = sonogram(plate, CURVED, facing())
    row, column = (int(value) for value in picture.origin_px)
    at = row + int(40.2 / picture.pixel_mm)
    aside = int(3 / picture.pixel_mm)

    bone = picture.array[at - 3 : at + 4, column - 4 * aside : column - aside]
    csf = picture.array[row + int(75 / picture.pixel_mm), column + aside : column + 4 * aside]
    assert bone.max(axis=0).mean() > 0.85
    assert csf.mean() < 0.1
    assert (picture.array[~picture.sector] == 0).all()
    assert np.isfinite(picture.array).all()
    assert (picture.array.min(), picture.array.max()) == pytest.approx((0, 1), abs=0.05)


def test_what_lies_off_the_scene_is_told(plate):
    """The scene ends 60 mm to either side; the picture is wider below."""
    picture = sonogram(plate, CURVED, facing())
    pixels = [*np.indices(picture.array.shape), np.zeros(picture.array.shape)]
    at = picture.patient_from_pixel.apply(np.stack(pixels, axis=-1))

    expected = (np.abs(at[..., 0]) > 60.3) & picture.sector
    assert 0.02 < expected.sum() / picture.sector.sum() < 0.5
    assert (picture.truth["cut"] == expected)[picture.sector].mean() > 0.998


def test_gain_and_compensation_are_decibels(plate):
    plain = sonogram(plate, CURVED, facing())
    louder = sonogram(plate, CURVED, facing(), gain_db=7.0)
    without = sonogram(plate, CURVED, facing(), tgc=0.0)

    np.testing.assert_allclose(louder.lines_db - plain.lines_db, 7.0, atol=1e-4)
    assert (louder.gain_db, louder.dynamic_range_db) == (7.0, 60.0)
    depth_cm = (np.arange(1024) + 0.5) * 11.0 / 1024
    lift = (plain.lines_db - without.lines_db).mean(axis=0)
    np.testing.assert_allclose(lift, 2 * 0.7 * 3.5 * depth_cm, atol=1e-3)


def test_noise_comes_with_a_generator_and_grows_with_depth(plate):
    quiet = sonogram(plate, CURVED, facing())
    noisy = sonogram(plate, CURVED, facing(), rng=np.random.default_rng(1))
    again = sonogram(plate, CURVED, facing(), rng=np.random.default_rng(1))

    assert noisy.array.tobytes() == again.array.tobytes()
    assert quiet.array.tobytes() == sonogram(plate, CURVED, facing()).array.tobytes()
    shadow = slice(20, 60)  # behind the plate
    apart = np.abs(noisy.lines_db - quiet.lines_db)[shadow]
    assert apart[:, 900:].mean() > 2 * apart[:, 520:620].mean()


def test_a_picture_without_scene_is_that_of_its_region(phantom):
    """From the anatomy itself: bone is where the labels of the phantom have it."""
    spot = phantom.landmark("L3 lamina_lower_edge")
    skin = spot + np.array([12.0, 0.0, 0.0])
    while phantom.labels.sample(skin[None], outside=0)[0] != 0:
        skin = skin + np.array([0.0, 0.5, 0.0])
    pose = facing(tuple(skin), turn_deg=90)

    picture = sonogram(phantom, LINEAR, pose, depth_mm=70.0, samples=512)

    hit = np.isfinite(picture.truth["surface_mm"])
    starts, along = LINEAR.rays(256)
    depth = picture.truth["surface_mm"][hit, None]
    tips = pose.apply(starts[hit] + depth * along[hit])
    away = np.min([bone.distance_mm(tips) for bone in phantom.bones.values()], axis=0)
    assert hit.mean() > 0.3
    assert np.percentile(np.abs(away), 95) < 0.2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"depth_mm": 5.0}, "depth_mm of a sonogram must be 10 to 300, got 5"),
        ({"tgc": -1.0}, "tgc of a sonogram must be 0 to 3"),
        ({"lines": 4}, "lines of a sonogram must be 8 to 2048"),
        ({"slices": 2}, "slices must be odd"),
        ({"gain_db": np.nan}, "gain_db of a sonogram must be"),
    ],
)
def test_settings_out_of_range_are_refused(plate, settings, said):
    with pytest.raises(InputError, match=said):
        sonogram(plate, CURVED, facing(), **settings)


def test_a_pose_of_another_frame_is_refused(plate):
    pose = Transform(facing().matrix, target=PATIENT, source=NEEDLE)
    with pytest.raises(InputError, match="it maps needle to patient"):
        sonogram(plate, CURVED, pose)


def test_a_probe_off_the_skin_is_refused(plate):
    with pytest.raises(InputError, match=r"mm off the skin"):
        sonogram(plate, CURVED, facing(off_mm=6.5))


def test_needles_are_listed_with_the_picture(plate):
    pose = facing()
    needle = shaft(pose, (-20.0, 0.6, 50.0), (-0.7, 0.0, 0.7))
    (told,) = sonogram(plate, CURVED, pose, needles=[needle]).truth["needles"]

    assert told["tip_out_of_plane_mm"] == pytest.approx(0.6)
    assert told["in_plane"]


@pytest.mark.kernel
def test_the_picture_kernel_is_bilinear_and_takes_the_nearest_code():
    rng = np.random.default_rng(4)
    lines_db = rng.uniform(-70, -30, (6, 9)).astype(np.float32)
    codes = rng.integers(0, 255, (6, 9)).astype(np.uint8)
    at_line = rng.uniform(0, 5, (7, 8)).astype(np.float32)
    at_sample = rng.uniform(0, 8, (7, 8)).astype(np.float32)
    at_line[0, 0] = -1
    out, seen = np.empty((7, 8), np.float32), np.empty((7, 8), np.uint8)

    _kernels.convert(lines_db, codes, at_line, at_sample, 1, -70.0, 40.0, 0, 7, out, seen)

    expected = ndimage.map_coordinates(lines_db, [at_line, at_sample], order=1)
    np.testing.assert_allclose(out[1:], np.clip((expected + 70) / 40, 0, 1)[1:], atol=1e-5)
    assert (out[0, 0], seen[0, 0]) == (0, 0)
    nearest = codes[np.rint(at_line[1:]).astype(int), np.rint(at_sample[1:]).astype(int)]
    np.testing.assert_array_equal(seen[1:], nearest)
