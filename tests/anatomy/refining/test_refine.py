import numpy as np
import pytest

from needle_sim.anatomy.refining.grid import FineGrid
from needle_sim.anatomy.refining.refine import refine_bone
from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import mu_rho
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import COMPOSITION, prepare
from needle_sim.imaging.xray.projector import project
from tests.anatomy.refining.planted import MIDDLE_MM, block, patient

OFF_MM = (0.8, -0.9, 1.0)


@pytest.fixture(scope="module")
def refined():
    return refine_bone(patient(OFF_MM), near_mm=MIDDLE_MM, half_mm=(30, 27, 25), voxel_mm=0.5)


def test_blurred_again_the_inset_is_the_ct(refined):
    inset, ct = refined.inset, refined.ct
    parts = tuple(int(n) for n in np.rint(ct.spacing_mm / inset.spacing_mm))
    first = np.rint(ct.voxels(inset.patient_from_voxel.apply(np.array(parts) / 2 - 0.5))).astype(
        int
    )
    shape = np.array(inset.shape) // parts
    crop = ct.crop(first.tolist(), (first + shape).tolist())
    means = FineGrid(crop, parts).thinned(inset.array)
    off = means - crop.array
    assert abs(off.mean()) < 1.0
    assert np.sqrt(np.square(off).mean()) < 40.0  # a cortex that is 1000 HU over soft tissue


def test_cortex_is_drawn_nearer_to_where_it_is_than_it_was_fitted(refined):
    true, fitted = block(), block(OFF_MM)
    inset = refined.inset
    bright = np.argwhere(inset.array > 800)
    points = inset.patient_from_voxel.apply(bright.astype(float))
    assert len(points) > 5000
    # the middle of a cortex of 1 mm lies 0.5 mm inside
    off = np.abs(true.distance_mm(points) + 0.5)
    before = np.abs(fitted.distance_mm(points + 0.0) + 0.5)
    planted = np.abs(true.distance_mm(points + np.array(OFF_MM)) + 0.5)
    assert np.median(off) < 0.5
    assert np.median(off) < 0.6 * np.median(before)
    assert np.median(off) < 0.6 * np.median(planted)


def test_the_edge_of_bone_is_steeper(refined):
    line = MIDDLE_MM + np.linspace(8.0, 20.0, 241)[:, None] * np.array([0.0, 0.0, 1.0])
    coarse = refined.ct.sample(line)
    fine = refined.inset.sample(line)
    assert np.abs(np.gradient(fine)).max() > 4.0 * np.abs(np.gradient(coarse)).max()


def test_nothing_counts_twice(refined):
    """All that attenuates at 70 keV, over a picture that shows the whole patient."""
    carm = CArm(
        tuple(MIDDLE_MM), source_isocentre_mm=2000.0, source_detector_mm=2100.0, pixel_mm=0.5,
        shape=(220, 220),
    )  # fmt: skip

    def total(inset):
        paths = project(prepare(refined.ct, inset=inset), carm)
        return sum(
            float(image.sum(dtype=np.float64)) * mu_rho(COMPOSITION[name], 70.0)
            for name, image in paths.mass_g_cm2.items()
        )

    assert total(refined.inset) == pytest.approx(total(None), rel=2e-3)


def test_a_place_without_an_exact_bone_is_refused():
    bare = patient()
    with pytest.raises(InputError, match="no bone with an exact surface"):
        refine_bone(bare, near_mm=np.add(MIDDLE_MM, (29.0, 29.0, 25.0)), half_mm=(3.0, 3.0, 3.0))
    with pytest.raises(InputError, match="three numbers"):
        refine_bone(bare, near_mm=[0.0, 0.0])
