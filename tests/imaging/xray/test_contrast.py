from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam, energies_kev, material, mu_rho, spectrum
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.contrast import iodine_basis, iodine_g_cm2, with_contrast
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose, radiograph
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.volume.volume import Volume, axis_aligned
from tests.imaging.xray.analytic import torso

BEAM = Beam.preset("lumbar_ap")
PANEL = Detector.preset("mobile_flat_panel")
BARE = replace(PANEL, scatter=False, focal_spot_mm=0.0, mtf=None)
CARM = CArm((0.0, 0.0, 0.0), shape=(128, 128), pixel_mm=1.0)


def blob(peak=100.0, centre=(2.0, -3.0, 5.0), sigma=4.0, step=0.8) -> Volume:
    """A Gaussian of iodine, mg/mL."""
    axes = [np.arange(-20, 20, step) + c for c in centre]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    away = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
    array = (peak * np.exp(-0.5 * away / sigma**2)).astype(np.float32)
    array[array < 1e-4 * peak] = 0
    first = [axis[0] for axis in axes]
    return Volume(array, axis_aligned((step,) * 3, first), "iodine_mg_ml")


def slab(thick_mm, mg_ml) -> Volume:
    """A wide slab, its normal along y."""
    array = np.zeros((60, 40, 60), np.float32)
    array[1:-1, 10 : 10 + round(thick_mm / 0.5), 1:-1] = mg_ml
    return Volume(array, axis_aligned((1.0, 0.5, 1.0), (-30.0, -8.0, -30.0)), "iodine_mg_ml")


def test_the_k_edge_is_in_the_table():
    # 33.17 keV: attenuation rises about fivefold (6.5 to 35 cm2/g; xraydb, Elam tables)
    below, above = mu_rho("iodine", [32.5, 33.5])
    assert above / below == pytest.approx(5.0, rel=0.1)
    assert mu_rho("iodine", 60.0) == pytest.approx(7.57, rel=0.03)  # NIST: 7.579


@pytest.mark.parametrize(("orbital", "tilt"), [(0, 0), (-90, 0), (25, -20)])
def test_the_picture_integrates_back_to_the_iodine_in_the_patient(orbital, tilt):
    volume = blob()
    truth_mg = float(volume.array.sum(dtype=np.float64)) * 0.8**3 * 1e-3
    carm = CArm((0, 0, 0), orbital_deg=orbital, tilt_deg=tilt, shape=(256, 256), pixel_mm=0.5)
    image = iodine_g_cm2(volume, carm).astype(float)
    # a ray's solid angle shrinks with the cube of its cosine; at the depth of the blob a pixel's
    # cone is this wide, and the square of the depth varies little over it
    rays = carm.pixel_rays()
    row, column = np.mgrid[0:256, 0:256]
    along = np.einsum("ij,jrc->rci", rays, np.stack([row, column, np.ones_like(row)]))
    length = np.linalg.norm(along, axis=-1)
    cosine = carm.source_detector_mm / length
    angle = carm.pixel_mm**2 * cosine**3 / carm.source_detector_mm**2
    squared = np.square(np.linalg.norm(np.array([2.0, -3.0, 5.0]) - carm.source_mm))
    found_mg = (image * angle).sum() * squared * 1e-2 * 1e3  # mm2 to cm2, g to mg
    # the square of the depth, averaged over a Gaussian: + 3 sigma2 or so of 600 mm squared
    assert found_mg == pytest.approx(truth_mg, rel=1e-3)


def test_iodine_falls_where_its_place_is_projected():
    image = iodine_g_cm2(blob(), CARM)
    row, column = (np.arange(128) @ image.sum(axis=axis) / image.sum() for axis in (1, 0))
    assert [row, column] == pytest.approx(project_points(CARM, [2.0, -3.0, 5.0]), abs=0.1)


@pytest.mark.parametrize("mg_cm2", [2.0, 20.0, 80.0])
def test_a_slab_of_iodine_attenuates_as_the_whole_spectrum_says(mg_cm2):
    soft = np.full(CARM.shape, 18.0, np.float32)
    paths = PathLengths(CARM, {"soft": soft})
    iodine = np.full(CARM.shape, mg_cm2 * 1e-3, np.float32)
    with_it = PathLengths(CARM, {"soft": soft, "iodine": iodine})
    seen = [expose(one, BEAM, detector=BARE).array[64, 64] for one in (paths, with_it)]
    weight = spectrum(BEAM) * energies_kev() * BARE.stopped
    weight *= np.exp(-18.0 * material("water").mu_rho)
    exact = (weight * np.exp(-mg_cm2 * 1e-3 * material("iodine").mu_rho)).sum() / weight.sum()
    # 12 bins stand for 80: 1.5 % of what is stopped, and of the rest
    assert 1 - seen[1] / seen[0] == pytest.approx(1 - exact, rel=0.015)


def test_expose_takes_iodine_from_a_volume():
    paths = PathLengths(CARM, {"soft": np.full(CARM.shape, 18.0, np.float32)})
    volume = slab(10.0, 50.0)
    picture = expose(paths, BEAM, contrast=volume, detector=BARE).array
    bare = expose(paths, BEAM, detector=BARE).array
    flat = np.full(CARM.shape, 0.05, np.float32)
    expected = expose(
        PathLengths(CARM, {**paths.mass_g_cm2, "iodine": flat}), BEAM, detector=BARE
    ).array
    middle = slice(60, 68), slice(60, 68)
    assert picture[middle] == pytest.approx(expected[middle], rel=5e-3)
    assert picture[2, 2] == bare[2, 2]  # beside the slab nothing changes
    assert (picture[middle] < 0.85 * bare[middle]).all()


def test_the_patient_is_not_touched_and_empty_contrast_changes_nothing():
    materials = prepare(torso())
    paths = project(materials, CARM)
    before = {name: image.copy() for name, image in paths.mass_g_cm2.items()}
    more = with_contrast(paths, blob())
    twice = with_contrast(more, blob())
    assert set(more.mass_g_cm2) == {*before, "iodine"}
    assert twice.mass_g_cm2["iodine"] == pytest.approx(2 * more.mass_g_cm2["iodine"])
    assert all(np.array_equal(paths.mass_g_cm2[name], image) for name, image in before.items())
    none = blob(peak=0.0)
    assert iodine_basis(none) is None
    assert with_contrast(paths, none) is paths
    one = radiograph(materials, CARM, BEAM, contrast=none).array
    assert np.array_equal(one, radiograph(materials, CARM, BEAM).array)


def test_another_quantity_is_refused():
    hu = torso()
    with pytest.raises(InputError, match="iodine_mg_ml, got 'hu'"):
        iodine_g_cm2(hu, CARM)


def test_less_than_no_iodine_is_refused_but_not_what_rounding_leaves():
    spread = blob()
    array = spread.array.copy()
    array[0, 0, 0] = -1e-12
    assert np.array_equal(
        iodine_basis(Volume(array, spread.patient_from_voxel, "iodine_mg_ml")).density,
        iodine_basis(spread).density,
    )
    array[0, 0, 0] = -0.5
    with pytest.raises(InputError, match=r"-0\.5 mg/mL"):
        iodine_basis(Volume(array, spread.patient_from_voxel, "iodine_mg_ml"))
