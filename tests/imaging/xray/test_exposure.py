from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.exposure import Radiograph, cut_share, expose, radiograph
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.instruments.tool_placed import place
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.jit import set_threads, threads
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import placed, torso

BEAM = Beam.preset("lumbar_ap")
PANEL = Detector.preset("mobile_flat_panel")
BARE = replace(PANEL, scatter=False)
CARM = CArm((0.0, 0.0, 0.0), shape=(128, 128), pixel_mm=2.0)


@pytest.fixture(scope="module")
def patient():
    return prepare(torso())


def flat(soft=20.0, carm=CARM):
    return PathLengths(carm, {"soft": np.full(carm.shape, soft, np.float32)})


def test_a_picture_says_how_it_was_taken(patient):
    needle = placed([40, 70, 0], [10, 10, 0])
    picture = radiograph(patient, CARM, BEAM, needles=[needle])
    assert picture.array.shape == (128, 128)
    assert not picture.array.flags.writeable
    assert picture.column_direction == pytest.approx([1, 0, 0])
    assert picture.truth["needles"][0] == pytest.approx(project_points(CARM, needle.shaft_mm))
    assert picture.kap_ugy_m2 > 0
    assert picture.kerma_mgy > 0
    assert "80 kV" in picture.facts()["beam"]


def test_a_picture_shows_tools_and_says_where_they_are(patient):
    lead = place("scs_lead_8", Trajectory.straight([10, 0, -60], [10, 0, 40]))
    without, picture = (radiograph(patient, CARM, BEAM, tools=one) for one in ([], [lead]))
    assert picture.truth["tools"][0] == pytest.approx(project_points(CARM, lead.line_mm))
    tip = np.rint(picture.truth["tools"][0][-1]).astype(int)
    darker = (picture.array / without.array)[tip[0] - 2 : tip[0] + 6, tip[1] - 3 : tip[1] + 4]
    assert darker.min() < 0.8
    assert (picture.truth["needles"], without.truth["tools"]) == ((), ())


def test_a_volume_and_its_materials_give_the_same_picture(patient):
    one, other = radiograph(torso(), CARM, BEAM), radiograph(patient, CARM, BEAM)
    assert np.array_equal(one.array, other.array)


def test_the_spine_is_darker_than_soft_tissue_and_air_is_brightest(patient):
    picture = radiograph(patient, replace(CARM, pixel_mm=4.0), BEAM).array
    spine, flank, air = picture[64, 64], picture[64, 85], picture[64, 2]
    assert spine < 0.9 * flank < flank < 0.2 * air


@pytest.mark.parametrize(("orbital", "side"), [(25.0, 1.0), (-25.0, -1.0)])
def test_the_hub_of_an_oblique_lies_on_its_side(patient, orbital, side):
    # a needle straight down from the back, seen from the left (+) or right (-): its hub is
    # nearer to the detector and falls to the medial side of its tip, so the tip falls to the side
    needle = placed([0, 70, 0], [0, 10, 0])
    picture = radiograph(patient, replace(CARM, orbital_deg=orbital), BEAM, needles=[needle])
    hub, *_, tip = picture.truth["needles"][0]
    assert (tip[1] - hub[1]) * side * picture.column_direction[0] > 5


@pytest.mark.parametrize(("orbital", "side"), [(25.0, 1.0), (-25.0, -1.0)])
def test_down_the_barrel_of_an_oblique_the_needle_is_a_dot_and_its_hub_is_lateral(orbital, side):
    carm = replace(CARM, orbital_deg=orbital)
    tip = np.array([0.0, 10.0, 0.0])
    along = np.array(carm.isocentre_mm) - carm.source_mm
    axis = (tip - carm.source_mm) / np.linalg.norm(tip - carm.source_mm)
    needle = placed(tip + 60 * axis, tip)
    assert (needle.hub_mm[0] - tip[0]) * side > 50  # a left oblique is entered from the left
    picture = radiograph(prepare(torso()), carm, BEAM, needles=[needle])
    spread = np.ptp(picture.truth["needles"][0], axis=0)
    assert spread == pytest.approx([0, 0], abs=1e-6)
    assert along @ axis > 0


def test_more_mas_is_more_signal_and_never_a_changed_picture(patient):
    one = radiograph(patient, CARM, BEAM)
    two = radiograph(patient, CARM, replace(BEAM, mas=2 * BEAM.mas))
    assert two.array == pytest.approx(2 * one.array, rel=1e-5)
    assert two.kap_ugy_m2 == pytest.approx(2 * one.kap_ugy_m2)


def test_a_needle_only_changes_pixels_near_its_shadow():
    needle = placed([0, 70, 20], [10, 10, -20])
    without, with_needle = (
        expose(flat(), BEAM, needles=n, detector=BARE).array for n in ([], [needle])
    )
    changed = np.argwhere(without != with_needle)
    line = project_points(CARM, needle.shaft_mm)
    assert len(changed) > 20
    assert (changed.min(axis=0) > line.min(axis=0) - 20).all()
    assert (changed.max(axis=0) < line.max(axis=0) + 20).all()
    assert (with_needle[with_needle != without] < without[with_needle != without] * 1.006).all()


def test_a_needle_displaces_the_tissue_it_lies_in():
    # an 18 G tube with a bore full of air, end on in the beam's eye: less tissue, more signal
    carm = CArm((0.0, 0.0, 0.0), shape=(65, 65), pixel_mm=0.05)
    tube = placed([0, 40, 0], [0, -40, 0], length_mm=80, outer_mm=4.0, inner_mm=3.6)
    still = replace(BARE, focal_spot_mm=0.0, mtf=None)
    without, through = (
        expose(flat(20.0, carm), BEAM, needles=n, detector=still).array[32, 32]
        for n in ([], [tube])
    )
    gone = expose(flat(12.0, carm), BEAM, detector=still).array[32, 32]
    assert through == pytest.approx(gone, rel=0.01)
    assert through > 2 * without


def edge_width(profile):
    """Standard deviation in pixels of the blur of a step."""
    spread = np.abs(np.diff(profile.astype(float)))
    at = np.arange(len(spread))
    spread /= spread.sum()
    return np.sqrt(spread @ at**2 - (spread @ at) ** 2)


def test_a_needle_and_a_bone_edge_have_the_same_blur():
    carm = CArm((0.0, 0.0, 0.0), shape=(61, 61), pixel_mm=0.1)
    # one edge each between two middle columns, across fields that are flat beside it
    bone = np.zeros(carm.shape, np.float32)
    bone[:, 31:] = 0.1
    open_field = expose(flat(20.0, carm), BEAM, detector=BARE).array[30]
    paths = PathLengths(carm, {"soft": flat(20.0, carm).mass_g_cm2["soft"], "bone": bone})
    of_bone = expose(paths, BEAM, detector=BARE).array[30] / open_field
    # the blunt end of a thick tube along the rows
    end = carm.source_mm + 0.6 * carm.pixel_rays() @ [30.0, 30.5, 1.0]
    needle = placed([*(end[:1] + 70), *end[1:]], end, length_mm=70, outer_mm=4.0, inner_mm=3.99)
    of_needle = (
        expose(flat(20.0, carm), BEAM, needles=[needle], detector=BARE).array[30] / open_field
    )
    parts = zip(BARE.sharpness.weights, BARE.sharpness.sigmas_mm, strict=True)
    spread = (0.6 * 400 / 600) ** 2 / 12 + sum(w * sigma**2 for w, sigma in parts)
    expected = np.sqrt(spread) / carm.pixel_mm
    assert edge_width(of_bone) == pytest.approx(expected, rel=0.03)
    assert edge_width(of_needle) == pytest.approx(edge_width(of_bone), rel=0.03)


def test_noise_comes_from_the_generator_alone():
    draw = np.random.default_rng
    once, again, other = (expose(flat(), BEAM, rng=draw(seed)).array for seed in (3, 3, 4))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    still = expose(flat(), BEAM).array
    assert np.array_equal(still, expose(flat(), BEAM).array)
    assert once.mean() == pytest.approx(still.mean(), rel=2e-3)


def test_noise_falls_with_the_root_of_the_current():
    def relative(mas):
        image = expose(
            flat(), replace(BEAM, mas=mas), rng=np.random.default_rng(0),
            detector=replace(PANEL, electronic_kev=0.0),
        ).array.astype(float)  # fmt: skip
        still = expose(
            flat(), replace(BEAM, mas=mas), detector=replace(PANEL, electronic_kev=0.0)
        ).array
        return (image / still).std()

    assert relative(0.4) == pytest.approx(2 * relative(1.6), rel=0.02)


def test_scatter_lowers_contrast_and_says_so():
    bone = np.zeros(CARM.shape, np.float32)
    bone[:, 61:68] = 1.0
    paths = PathLengths(CARM, {**flat().mass_g_cm2, "bone": bone})

    def contrast(detector):
        row = expose(paths, BEAM, detector=detector).array[64]
        return (row[40] - row[64]) / row[40]

    with_scatter, without = (
        expose(paths, BEAM, detector=one).array[64, 40] for one in (PANEL, BARE)
    )
    assert with_scatter > 1.05 * without
    # a veil that is the same on both sides of the edge takes its share of the contrast
    expected = contrast(BARE) * without / with_scatter
    assert contrast(PANEL) == pytest.approx(expected, rel=0.05)


def test_the_same_bytes_with_one_and_two_threads_and_from_two_callers(patient):
    paths, needle = project(patient, CARM), placed([40, 70, 0], [10, 10, 0])

    def take(_):
        return expose(paths, BEAM, needles=[needle], rng=np.random.default_rng(5)).array

    before, images = threads(), []
    for count in (1, 2):
        set_threads(count)
        images.append(take(0))
    set_threads(before)
    with ThreadPoolExecutor(2) as pool:
        images += list(pool.map(take, range(2)))
    assert all(np.array_equal(image, images[0]) for image in images)


def test_a_picture_must_fit_its_carm():
    picture = expose(flat(), BEAM)
    with pytest.raises(InputError, match="float32"):
        replace(picture, array=np.zeros((3, 3), np.float32))
    assert isinstance(picture, Radiograph)


def test_rays_that_leave_the_volume_inside_the_body_are_counted_and_the_body_goes_on():
    # a slab of water 200 mm thick, its slices the first axis; cut short it must look like the long
    def slab(slices: int) -> Volume:
        matrix = np.zeros((4, 4))
        matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = 5.0, 5.0, 5.0, 1.0
        matrix[:3, 3] = -120.0, -120.0, -2.5 * (slices - 1)
        hu = np.full((slices, 49, 49), -1000, np.int16)
        hu[:, 4:45, 4:45] = 0
        return Volume(hu, Transform(matrix, target=PATIENT, source=VOXEL))

    carm = CArm((0, 0, 0), tilt_deg=30.0, pixel_mm=4.0, shape=(64, 64))
    long, short = (project(prepare(slab(slices)), carm) for slices in (100, 16))
    assert not long.cut[16:48, 16:48].any()
    assert short.cut[16:48, 16:48].all()
    middle = slice(20, 44), slice(20, 44)
    whole, mended = (one.continued().mass_g_cm2["soft"][middle] for one in (long, short))
    assert mended == pytest.approx(whole, rel=0.03)
    beam = Beam.preset("lumbar_oblique")
    assert set_exposure(short, beam).mas == pytest.approx(set_exposure(long, beam).mas, rel=0.1)
    assert cut_share(expose(short, beam)) == pytest.approx(float(short.cut.mean()))


def test_a_starved_beam_is_noted_with_its_number_and_a_good_one_is_not():
    assert expose(flat(20.0), BEAM).notes == ()
    (note,) = expose(flat(40.0), replace(BEAM, mas=0.002)).notes
    assert "starved of photons" in note.text
    assert "quanta a pixel" in note.value


def test_points_follow_the_bent_picture_of_an_intensifier():
    carm = replace(CArm.preset("image_intensifier"), shape=(256, 256), pixel_mm=0.9)
    needle = placed([35, 60, 50], [30, 20, 60])
    picture = expose(
        flat(20.0, carm), BEAM, needles=[needle], detector=Detector.preset("image_intensifier")
    )
    tip = picture.pixels_of(needle.shaft_mm[-1])
    ideal = project_points(carm, needle.shaft_mm[-1])
    assert np.abs(tip - ideal).max() > 0.5
    assert picture.truth["needles"][0][-1] == pytest.approx(tip)
    assert picture.flat_at(tip) == pytest.approx(ideal, abs=1e-9)
    flat_panel = expose(flat(20.0, carm), BEAM)
    assert flat_panel.pixels_of(needle.shaft_mm[-1]) == pytest.approx(ideal)
