"""The C-arm of a rehearsal: field, dose, the views it knows, and the skin under a pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import project_points
from needle_sim.planning.sightline import angles_of
from needle_sim.procedures.reading import shipped
from needle_sim.rehearsal.fluoroscope import Fluoroscope, Pose, materials_of, rules
from tests.rehearsal.driving import EPIDURAL, begun, planned, spine

SMALL = {"width_mm": 40.0, "height_mm": 30.0}


def scope(*, pictures: bool = False, **pose) -> Fluoroscope:
    made = begun(pictures=pictures).scope
    made.pose = replace(made.pose, **pose)
    return made


def test_the_field_is_cut_about_the_isocentre_to_whole_pairs_of_pixels():
    whole, cut = scope().carm, scope(**SMALL).carm
    pixel_mm = whole.pixel_mm / whole.magnification
    assert whole.shape == (512, 512)
    assert np.array(cut.shape) * pixel_mm == pytest.approx([30.0, 40.0], abs=2 * pixel_mm)
    assert all(side % 2 == 0 for side in cut.shape)
    centre = [np.array(whole.isocentre_mm)]
    for one in (whole, cut):
        middle = (np.array(one.shape) - 1) / 2
        assert project_points(one, np.array(centre))[0] == pytest.approx(middle, abs=1e-6)


def test_dose_area_falls_with_the_field():
    """At one charge the product is proportional to the area; exposure control moves it a little."""
    wide = scope(pictures=True, width_mm=60.0, height_mm=60.0)
    narrow = scope(pictures=True, width_mm=60.0, height_mm=30.0)
    (wide_kap, wide_kerma), (narrow_kap, narrow_kerma) = wide.pulse(), narrow.pulse()
    ratio = (narrow_kap / narrow_kerma) / (wide_kap / wide_kerma)
    rows = np.array([one.carm.shape[0] for one in (narrow, wide)])
    assert ratio == pytest.approx(rows[0] / rows[1], rel=1e-6)


def test_a_pulse_costs_its_share_of_a_still_picture():
    made = scope(pictures=True, **SMALL)
    still = made.picture(None, None, None)
    kap, kerma = made.pulse()
    share = rules()["pulse_share"]
    assert kap == pytest.approx(share * still.kap_ugy_m2)
    assert kerma == pytest.approx(share * still.kerma_mgy)


def test_without_pictures_nothing_is_taken_and_nothing_costs():
    made = scope()
    assert made.picture(None, None, None) is None
    assert made.pulse() == (0.0, 0.0)


def test_the_same_pose_gives_the_same_bytes_whatever_was_looked_at_between():
    made = scope(pictures=True, **SMALL)
    needle = planned(EPIDURAL)[0]
    first = made.picture(needle, None, np.random.default_rng(1)).array.tobytes()
    for turn in range(6):
        made.pose = replace(made.pose, orbital_deg=10.0 + turn)
        made.picture(None, None, None, coarse=4)
    made.pose = replace(made.pose, orbital_deg=0.0)
    again = made.picture(needle, None, np.random.default_rng(1)).array.tobytes()
    assert again == first


@pytest.mark.parametrize("name", ["medial-branch-rfa", "transforaminal-epidural"])
def test_standing_in_a_view_of_the_recipe_it_is_that_view(name):
    made = begun(name).scope
    for view in shipped(name).views:
        orbital, tilt = angles_of(made.ways[view.name])
        made.pose = replace(made.pose, orbital_deg=orbital, tilt_deg=tilt)
        assert made.view(None).name == view.name


def test_with_target_or_tip_outside_of_the_field_it_is_no_view():
    made = begun().scope
    orbital, tilt = angles_of(made.ways["lateral"])
    made.pose = replace(made.pose, orbital_deg=orbital, tilt_deg=tilt)
    needle = planned(EPIDURAL)[0]
    assert made.view(needle).name == "lateral"
    x, y, z = made.pose.isocentre_mm
    made.pose = Pose((x, y, z + 60.0), orbital, tilt, 40.0, 40.0)
    assert made.view(needle) is None


def test_a_click_lands_on_the_skin_that_faces_the_detector():
    made = scope()
    needle = planned(EPIDURAL)[0]
    orbital, tilt = angles_of(-needle.trajectory.axis)
    made.pose = replace(made.pose, orbital_deg=orbital, tilt_deg=tilt)
    row, column = project_points(made.carm, needle.trajectory.entry_mm[None])[0]
    found = made.skin_under(row, column)
    assert found == pytest.approx(needle.trajectory.entry_mm, abs=1.0)
    assert project_points(made.carm, found[None])[0] == pytest.approx([row, column], abs=1e-6)


@pytest.mark.parametrize("at", [(-1.0, 5.0), (5.0, 512.0), (float("nan"), 5.0), (5.0, 1e9)])
def test_a_click_beside_the_picture_is_refused(at):
    with pytest.raises(InputError, match="outside of the picture of 512 x 512"):
        scope().skin_under(*at)


def test_a_click_beside_the_body_is_refused():
    made = scope(orbital_deg=90.0)
    far = spine().ct.patient_from_voxel.apply([np.array(spine().ct.shape) - 1])[0]
    x, _, z = made.pose.isocentre_mm
    made.pose = replace(made.pose, isocentre_mm=(x, float(far[1]) + 150.0, z))
    with pytest.raises(InputError, match="no skin under this point"):
        made.skin_under(256, 256)


def test_materials_are_made_once_a_patient():
    assert materials_of(spine()) is materials_of(spine())
