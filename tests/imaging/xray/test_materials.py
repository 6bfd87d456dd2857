import numpy as np
import pytest

from needle_sim.errors import InputError
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
    assert basis.filled[1, 1].tolist() == [1, 6]
    assert basis.filled[0, 0].tolist() == [0, 0]
    assert Materials({"soft": basis}).bases["soft"] is basis
