import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.beam import mu_rho
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import (
    BONE_HU,
    COMPOSITION,
    Materials,
    densities,
    lay_out,
    prepare,
)
from needle_sim.imaging.xray.projector import project
from needle_sim.volume.volume import Volume
from tests.imaging.xray.analytic import centred, torso


def attenuation(hu, kev):
    """1/cm of a voxel at one energy."""
    return sum(
        grid * mu_rho(COMPOSITION[name], kev) for name, grid in densities(np.array([hu])).items()
    )[0]


@pytest.mark.parametrize("kev", [40.0, 60.0, 100.0])
def test_zero_hu_is_water_at_every_energy(kev):
    assert attenuation(0, kev) == pytest.approx(mu_rho("water", kev), rel=1e-6)


@pytest.mark.parametrize("hu", [-500, -100, 40, 300, 900, 1558, 2500])
def test_at_70_kev_a_voxel_attenuates_as_its_hu_says(hu):
    per_cm = mu_rho("water", 70.0) * (1 + hu / 1000)
    assert attenuation(hu, 70.0) == pytest.approx(per_cm, rel=0.01)


def test_air_is_empty_cortical_bone_is_bone_and_saturated_voxels_are_metal():
    hu = np.array([-1024, -1000, -905, BONE_HU, 3071])
    found = densities(hu)
    assert found["soft"] == pytest.approx([0, 0, 0, 0, 0])
    assert found["bone"] == pytest.approx([0, 0, 0, 1.92, 0])
    assert found["metal"] == pytest.approx([0, 0, 0, 0, 4.43])


def test_density_never_falls_with_hu_up_to_metal():
    hu = np.arange(-900, 3000)
    found = densities(hu)
    total = found["soft"] + found["bone"]
    assert (np.diff(total) >= -1e-6).all()


def test_materials_are_cropped_to_their_boxes_and_empty_ones_left_out():
    found = prepare(torso()).bases
    assert set(found) == {"soft", "bone"}
    assert found["bone"].density.size < 0.2 * found["soft"].density.size
    for basis in found.values():
        inside = basis.density[1:-1, 1:-1, 1:-1]
        for axis in range(3):
            ends = np.take(inside, [0, -1], axis=axis)
            assert ends.any(axis=tuple(a for a in range(3) if a != axis)).all()
        assert np.count_nonzero(basis.density) == np.count_nonzero(inside)


def test_cropping_away_air_changes_no_path_length():
    whole = torso()
    air = np.full((70, 100, 120), -1000, np.int16)
    air[5:65, 10:90, 10:110] = whole.array
    matrix = whole.patient_from_voxel.matrix.copy()
    matrix[:3, 3] -= matrix[:3, :3] @ [5, 10, 10]
    place = type(whole.patient_from_voxel)(
        matrix, whole.patient_from_voxel.target, whole.patient_from_voxel.source
    )
    carm = CArm((0, 0, 0), 20, 10, shape=(60, 70), pixel_mm=4.0)
    small, large = project(prepare(whole), carm), project(prepare(Volume(air, place)), carm)
    for name, image in small.mass_g_cm2.items():
        assert large.mass_g_cm2[name] == pytest.approx(image, abs=1e-4)


def test_integers_and_floats_of_the_same_hu_give_the_same_materials():
    volume = torso()
    floats = Volume(volume.array.astype(np.float32), volume.patient_from_voxel)
    one, other = prepare(volume).bases, prepare(floats).bases
    for name, basis in one.items():
        assert np.array_equal(basis.density, other[name].density)


def test_materials_take_at_most_two_and_a_half_times_the_cropped_volume():
    volume = torso()
    fine = volume.array.repeat(2, 0).repeat(2, 1).repeat(2, 2)  # of about a millimetre
    matrix = volume.patient_from_voxel.matrix @ np.diag([0.5, 0.5, 0.5, 1.0])
    volume = Volume(fine, Transform(matrix, target=PATIENT, source=VOXEL))
    inside = np.argwhere(volume.array > -900)
    crop = np.prod(np.ptp(inside, axis=0) + 1) * np.dtype(np.float32).itemsize
    whole, small = prepare(volume), prepare(volume, storage="int16")
    assert whole.nbytes <= 2.5 * crop
    assert small.nbytes <= 0.6 * whole.nbytes


def test_uneven_slices_are_read_on_even_ones():
    volume = torso()
    rows = np.zeros((volume.shape[0], 3))
    rows[:, 0] = np.arange(volume.shape[0])
    at = volume.patient_from_voxel.apply(rows)
    kept = np.setdiff1d(np.arange(len(at)), [7, 20, 21])
    part = Volume(volume.array[kept], volume.patient_from_voxel, "hu", slice_mm=at[kept])
    carm = CArm((0, 0, 0), 20, 10, shape=(60, 70), pixel_mm=4.0)
    whole, found = (project(prepare(one), carm).mass_g_cm2["soft"] for one in (volume, part))
    assert np.sqrt(np.mean((found - whole) ** 2)) < 0.01 * whole.max()


def test_an_empty_volume_has_no_materials_and_a_label_map_is_refused():
    place = centred((1, 1, 1), (4, 5, 6))
    assert not prepare(Volume(np.full((4, 5, 6), -1000, np.int16), place)).bases
    with pytest.raises(InputError, match="HU"):
        prepare(Volume(np.zeros((4, 5, 6), np.uint16), place, "label"))


@pytest.mark.kernel
def test_the_border_of_zeros_moves_no_voxel():
    place = centred((2, 1, 1), (3, 4, 5))
    basis = lay_out(np.ones((3, 4, 5)), place)
    assert basis.patient_from_voxel.apply([1, 1, 1]) == pytest.approx(place.apply([0, 0, 0]))
    assert basis.shape == (5, 6, 7)
    assert np.array_equal(basis.density, np.pad(np.ones((3, 4, 5)), 1))
    assert Materials({"soft": basis}).bases["soft"] is basis


def ball(side_mm: float, reach_mm: float) -> Volume:
    """A ball of water, 15 mm, around the middle, by the share of each voxel."""
    count = 2 * round(reach_mm / side_mm)
    at = (np.arange(count) - 0.5 * (count - 1)) * side_mm
    away = np.sqrt(at[:, None, None] ** 2 + at[:, None] ** 2 + at**2)
    share = np.clip(0.5 + (15.0 - away) / side_mm, 0.0, 1.0)
    place = centred((side_mm,) * 3, (count,) * 3)
    return Volume((1000 * share - 1000).astype(np.float32), place, "hu")


@pytest.mark.parametrize("pose", [(0, 0), (25, 10), (90, 0)])
def test_an_inset_of_the_same_patient_leaves_no_seam(pose):
    water = np.zeros((90, 90, 90), dtype=np.float32)
    whole = Volume(water, centred((1.0,) * 3, water.shape), "hu")
    fine = np.zeros((90, 80, 110), dtype=np.float32)
    inset = Volume(fine, centred((0.5,) * 3, fine.shape), "hu")
    carm = CArm((0, 0, 0), *pose, pixel_mm=1.0, shape=(100, 100))

    plain, both = (project(prepare(whole, inset=one), carm) for one in (None, inset))
    soft = plain.mass_g_cm2["soft"]
    assert np.abs(both.mass_g_cm2["soft"] - soft).max() < 0.01 * soft.max()


def test_a_finer_inset_brings_the_picture_nearer_to_the_truth():
    whole, inset = ball(3.0, 60.0), ball(0.5, 24.0)
    carm = CArm((0, 0, 0), pixel_mm=0.5, shape=(120, 120))
    rays = carm.pixel_rays()
    rows, columns = np.meshgrid(np.arange(120), np.arange(120), indexing="ij")
    ways = np.stack([rows, columns, np.ones_like(rows)], axis=-1) @ rays.T
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    off = np.linalg.norm(np.cross(-carm.source_mm, ways), axis=-1)
    true = 0.2 * np.sqrt(np.maximum(15.0**2 - off**2, 0.0))  # g/cm2 of water along a chord

    wrong = [
        np.sqrt(np.mean((project(prepare(whole, inset=one), carm).mass_g_cm2["soft"] - true) ** 2))
        for one in (None, inset)
    ]
    assert wrong[1] < 0.35 * wrong[0]


def test_an_inset_that_is_turned_against_the_volume_is_refused():
    whole, inset = ball(3.0, 30.0), ball(1.0, 10.0)
    swapped = inset.patient_from_voxel.matrix[:, [0, 2, 1, 3]]
    turned = Volume(inset.array, Transform(swapped, target=PATIENT, source=VOXEL), "hu")

    with pytest.raises(InputError, match="axes of an inset"):
        prepare(whole, inset=turned)
    with pytest.raises(InputError, match="volume in HU"):
        prepare(whole, inset=Volume(inset.array, inset.patient_from_voxel, "mask"))
