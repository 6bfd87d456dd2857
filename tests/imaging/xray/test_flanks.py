import numpy as np
import pytest

from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.flanks import flanks, made_up_share
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.imaging.xray.scattering.pyramid import MARGIN, pyramid
from needle_sim.volume.volume import Volume, axis_aligned
from tests.imaging.xray.test_outline import SIDES, trunk

LATERAL = CArm(
    (0.0, 0.0, 200.0), orbital_deg=90.0, source_isocentre_mm=700.0, pixel_mm=2.0, shape=(48, 48)
)


def volume(hu, low_column=0):
    x = (low_column - 0.5 * (201 - 1)) * SIDES[2]
    return Volume(hu, axis_aligned(SIDES, (x, -130.0, 0.0)), "hu")


def narrow(gone):
    return volume(trunk(2.2, slices=100)[:, :, gone:-gone], gone)


def test_a_lateral_ray_through_a_cut_trunk_weighs_what_it_does_through_the_whole_one():
    whole = project(prepare(volume(trunk(2.2, slices=100))), LATERAL)
    cut = project(prepare(narrow(30)), LATERAL)  # 40 of 180 mm are gone at each side
    middle = slice(18, 30), slice(18, 30)
    wanted = whole.mass_g_cm2["soft"][middle].mean()
    assert cut.mass_g_cm2["soft"][middle].mean() < 0.85 * wanted
    assert cut.continued().mass_g_cm2["soft"][middle].mean() == pytest.approx(wanted, rel=0.02)


def test_a_trunk_seen_whole_has_no_flanks():
    assert flanks(volume(trunk(2.2))) is None
    shot = expose(
        project(prepare(volume(trunk(2.2, slices=100))), LATERAL), Beam.preset("lumbar_ap")
    )
    assert not [note for note in shot.notes if note.file == "flanks"]


def test_flanks_lie_beside_the_volume_and_end_at_its_faces():
    found = flanks(narrow(30))
    assert found is not None
    grid, place = found
    at = np.argwhere(grid > 0)
    x = place.apply(at.astype(float))[:, 0]
    face = 0.5 * SIDES[2] * (201 - 60)
    assert (np.abs(x) > face).all()


def test_a_volume_whose_columns_do_not_run_across_gets_none():
    upright = narrow(30)
    turned = Transform(
        upright.patient_from_voxel.matrix[:, [0, 2, 1, 3]], target=PATIENT, source=VOXEL
    )
    assert flanks(Volume(np.ascontiguousarray(upright.array), turned, "hu")) is None


def test_the_picture_says_what_share_was_made_up():
    paths = project(prepare(narrow(30)), LATERAL)
    shot = expose(paths, Beam.preset("lumbar_ap"))
    (note,) = [note for note in shot.notes if note.file == "flanks"]
    assert "% of the rays" in note.value
    mass = sum(paths.continued().mass_g_cm2.values())
    share = made_up_share(paths.flanks_g_cm2, mass)
    assert share.max() < 0.5
    assert share[24, 24] == pytest.approx(80 / 360, abs=0.03)
    assert shot.truth["made_up"] == pytest.approx(share)


def test_the_truth_of_a_round_picture_tells_made_up_rays_where_they_are_seen():
    paths = project(prepare(narrow(30)), LATERAL)
    flat = expose(paths, Beam.preset("lumbar_ap"))
    device = Detector.preset("image_intensifier")
    shot = expose(paths, Beam.preset("lumbar_ap"), detector=device)
    at = np.array([[24.0, 24.0], [20.0, 27.0]])
    seen = np.rint(shot.seen_at(at)).astype(int)
    for (row, column), (i, j) in zip(at.astype(int), seen, strict=True):
        assert shot.truth["made_up"][i, j] == pytest.approx(
            flat.truth["made_up"][row, column], abs=0.02
        )
    whole = expose(
        project(prepare(volume(trunk(2.2, slices=100))), LATERAL), Beam.preset("lumbar_ap")
    )
    assert "made_up" not in whole.truth


def test_made_up_flanks_scatter_as_the_ones_that_were_cut_off():
    whole = pyramid(project(prepare(volume(trunk(2.2, slices=100))), LATERAL))
    cut = pyramid(project(prepare(narrow(30)), LATERAL))
    middle = slice(MARGIN + 3, -MARGIN - 3)
    masses = [
        (one.density.sum(axis=(0, 3)) * one.step_cm * one.slant[..., 0])[middle, middle].mean()
        for one in (whole, cut)
    ]
    assert masses[1] == pytest.approx(masses[0], rel=0.03)
    # they reach as far to both sides as the trunk did
    assert cut.step_cm == pytest.approx(whole.step_cm, rel=0.08)
