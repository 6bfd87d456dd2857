"""Landmarks of the sacrum."""

from functools import cache

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import sacral_landmark_names
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, box
from tests.anatomy.phantom.conftest import bare
from validation.fine_mesh import fine_mesh
from validation.sacrum_picks import sacral_picks

ON_BONE = ("ala_notch", "sap_tip", "sap_neck_ventral", "sap_neck_dorsal", "sacral_cornu")
IN_THE_MIDDLE = ("promontory", "hiatus_apex", *(f"median_crest_s{n}" for n in (1, 2, 3)))


@cache
def landmarks(spine) -> dict[str, np.ndarray]:
    return sacrum_landmarks(spine.column.vertebrae["S1"], spine.spec.sacrum, spine.own["S1"])


def test_it_has_what_its_list_says(drawn):
    assert set(landmarks(drawn)) == set(sacral_landmark_names())


def test_bony_ones_lie_on_the_bone(drawn):
    found = landmarks(drawn)
    names = [*IN_THE_MIDDLE, *(f"{side} {name}" for side in SIDES for name in ON_BONE)]

    points = np.stack([found[name] for name in names])
    assert np.abs(drawn.own["S1"].distance_mm(points)).max() < 0.01


def test_the_ala_is_the_floor_of_the_groove_of_the_l5_dorsal_ramus(drawn):
    """Lateral of the notch bone goes on, nowhere 2 mm under it; medial of it the process rises."""
    found, bone = landmarks(drawn), drawn.own["S1"]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        notch = found[f"{side} ala_notch"]
        beside = notch + np.outer(np.arange(1.0, 8.0), [sign, 0.0, 0.0])
        assert (bone.distance_mm(beside - [0.0, 0.0, 2.0]) < 0.0).all()
        assert bone.distance_mm(notch[None] + [-4.0 * sign, 2.0, 3.0])[0] < 0.0


@pytest.mark.parametrize("seed", [0, 6, 12, 18, 72])  # more in `python -m validation landmarks`
def test_the_alar_notch_is_where_it_is_picked_on_a_mesh(seed):
    spine = bare(seed)
    found, picked = landmarks(spine), sacral_picks(fine_mesh(spine.own["S1"]))
    for side in SIDES:
        name = f"{side} ala_notch"
        assert np.linalg.norm(found[name] - picked[name]) < 2.0


def test_a_needle_passes_each_foramen(drawn):
    """Its mouth is open, and bone begins within its radius and a little."""
    found = landmarks(drawn)
    for side in SIDES:
        for n, radius in enumerate((5.5, 5.0, 4.2, 3.4), start=1):
            for face in ("dorsal", "ventral"):
                away = drawn.own["S1"].distance_mm(found[f"{side} s{n}_foramen_{face}"][None])[0]
                assert 2.0 < away < radius + 2.5, (side, n, face)


def test_foramina_come_nearer_to_the_midline_on_the_way_down(drawn):
    """S1 to S3 lie 18 to 26 mm beside it, each nearer than the one above."""
    found = landmarks(drawn)
    points = np.stack([found[f"left s{n}_foramen_dorsal"] for n in (1, 2, 3, 4)])

    assert (np.diff(points[:, 0]) < 0).all()
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert ((steps > 14.0) & (steps < 34.0)).all()


def test_the_joint_line_lies_between_sacrum_and_wing(drawn):
    found, body = landmarks(drawn), drawn.column.bodies["S1"]
    for side in SIDES:
        for place in ("upper", "middle", "lower", "dorsal_lower"):
            at = body.apply(found[f"{side} si_joint_{place}"])[None]
            own = drawn.own["S1"].distance_mm(found[f"{side} si_joint_{place}"][None])[0]
            assert 0.8 < own < 1.2
            assert drawn.bones[f"{side} ilium"].distance_mm(at)[0] > -0.1


def test_cornua_stand_beside_the_hiatus_as_far_apart_as_published(mean):
    """17.7 mm in men and 16.5 mm in women (PARKUS15), 18.0 +- 2.8 mm (NIK14)."""
    found = landmarks(mean)
    apart = found["left sacral_cornu"][0] - found["right sacral_cornu"][0]

    assert apart == pytest.approx(17.1, abs=1.0)
    assert found["left sacral_cornu"][2] < found["hiatus_apex"][2] + 6.0


def test_a_sacrum_without_a_back_is_refused(mean):
    plate = Implicit.of([box((80.0, 4.0, 80.0), centre_mm=(0.0, -200.0, 0.0))])
    with pytest.raises(InputError, match=r"misses|no bone"):
        sacrum_landmarks(mean.column.vertebrae["S1"], mean.spec.sacrum, plate)
