"""Skin dose: a cylinder of water has its skin where it is, and gets what the hand works out."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.beam import Beam, half_value_layer_mm
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.skin_dose import Skin, backscatter, skin_dose, skin_of, skin_rules
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally
from needle_sim.volume.volume import Volume

BEAM = Beam(80.0, 0.5, 16.0, {"aluminium": 3.1, "copper": 0.2})
CARM = CArm((0.0, 0.0, 0.0))
RADIUS_MM = 120.0


def cylinder(step=2.0):
    """Water along z about the patient's origin, 200 mm long."""
    side = int(320 / step)
    at = (np.arange(side) - (side - 1) / 2) * step
    inside = at[:, None] ** 2 + at[None, :] ** 2 < RADIUS_MM**2
    array = np.where(inside, 0, -1000).astype(np.int16)
    count = int(200 / step)
    matrix = np.zeros((4, 4))
    matrix[2, 0] = matrix[1, 1] = matrix[0, 2] = step
    matrix[:3, 3] = at[0], at[0], -100.0 + step / 2
    matrix[3, 3] = 1.0
    return Volume(
        np.repeat(array[None], count, axis=0), Transform(matrix, target=PATIENT, source=VOXEL)
    )


SKIN = skin_of(cylinder())


def event(carm=CARM, **change):
    return DoseEvent("fluoroscopy", carm, BEAM, 10, 10.0, 1.0, 2.0, **change)


def test_the_skin_of_a_cylinder_lies_on_it_and_looks_outwards():
    radius = np.linalg.norm(SKIN.points_mm[..., :2], axis=-1)
    assert np.abs(radius - RADIUS_MM).max() < 4.0
    along = (SKIN.points_mm[..., :2] * SKIN.outward[..., :2]).sum(axis=-1) / radius
    assert along.min() > 0.8


def test_the_skin_under_the_beam_gets_the_kerma_there_times_its_factors():
    """Inverse square from the reference point at 450 mm to the skin at 480 mm, by hand."""
    found = skin_dose(SKIN, DoseTally((event(),)))
    side_mm = 0.256e3 * 480 / 1000
    by_hand = 2.0 * (450 / 480) ** 2 * backscatter(BEAM, side_mm) * 1.03 * 0.71
    assert found.peak_mgy == pytest.approx(by_hand, rel=0.03)
    assert found.peak_mm[1] == pytest.approx(-RADIUS_MM, abs=5.0)


def test_a_lateral_beam_enters_at_the_side_and_not_through_the_table():
    left = skin_dose(SKIN, DoseTally((event(replace(CARM, orbital_deg=90.0)),)))
    below = skin_dose(SKIN, DoseTally((event(),)))
    assert left.peak_mm[0] == pytest.approx(-RADIUS_MM, abs=5.0)  # the tube is on the right
    assert left.peak_mgy == pytest.approx(below.peak_mgy / 0.71, rel=0.02)


def test_a_supine_patient_is_shone_on_through_the_table_from_the_back():
    lying = event(replace(CARM, orbital_deg=180.0))
    supine = skin_dose(SKIN, DoseTally((lying,)), position="supine")
    turned = skin_dose(SKIN, DoseTally((lying,)), position="prone")
    assert supine.peak_mm[1] == pytest.approx(RADIUS_MM, abs=5.0)
    assert supine.peak_mgy == pytest.approx(0.71 * turned.peak_mgy, rel=1e-6)


def test_what_lies_outside_of_the_blades_gets_nothing():
    field = Collimation(60.0, 40.0)
    found = skin_dose(SKIN, DoseTally((event(collimation=field),)))
    lit = SKIN.points_mm[found.dose_mgy > 0.01 * found.peak_mgy]
    assert np.abs(lit[:, 0]).max() < 30.0 * 480 / 600 + 6
    assert np.abs(lit[:, 2]).max() < 20.0 * 480 / 600 + 6
    assert found.peak_mgy > 0


def test_doses_add_up_where_beams_overlap_and_not_where_they_do_not():
    one, other = event(), event(replace(CARM, orbital_deg=90.0))
    both = skin_dose(SKIN, DoseTally((one, one, other)))
    single = skin_dose(SKIN, DoseTally((one,))).dose_mgy
    across = skin_dose(SKIN, DoseTally((other,))).dose_mgy
    assert both.dose_mgy == pytest.approx(2 * single + across)
    assert both.peak_mgy < 2 * single.max() + across.max()


@pytest.mark.parametrize(
    ("kvp", "copper", "side_cm", "published"),
    [(80, 0.2, 10, 1.421), (80, 0.2, 20, 1.522), (100, 0.2, 20, 1.544), (120, 0.2, 25, 1.573),
     (70, 0.1, 5, 1.270), (70, 0.1, 35, 1.469)],
)  # fmt: skip
def test_backscatter_is_that_of_the_table(kvp, copper, side_cm, published):
    """Table 2 of Benmakhlouf et al. (2013), doi:10.1088/0031-9155/58/2/247, 3.1 mm Al."""
    beam = Beam(kvp, 0.5, 16.0, {"aluminium": 3.1, "copper": copper})
    assert backscatter(beam, 10.0 * side_cm) == pytest.approx(published, rel=0.01)
    assert 3.5 < half_value_layer_mm(beam) < 9


def test_a_field_smaller_than_the_table_gets_its_smallest():
    assert backscatter(BEAM, 5.0) == backscatter(BEAM, 50.0)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="position must be one of"):
        skin_dose(SKIN, DoseTally(), position="sitting")
    with pytest.raises(InputError, match="skin is \\(Z, A, 3\\)"):
        Skin(np.zeros((2, 3)), np.zeros((2, 3)))
    assert skin_dose(SKIN, DoseTally()).peak_mgy == 0.0
    assert 0.66 <= skin_rules()["table_transmission"] <= 0.76
