import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.injectate.vessel import Branch, Vessel, great_vessel, vessel_at
from tests.injectate.cases import EPIDURAL, IN_AORTA

FORAMEN = np.array([16.0, -2.0, -4.0])


def many(spine, tip, count=300):
    return [vessel_at(spine, tip, np.random.default_rng(seed)) for seed in range(count)]


def test_it_starts_at_the_tip_and_leads_away(spine):
    for vessel in many(spine, FORAMEN, 40):
        away = np.linalg.norm(vessel.path_mm - FORAMEN, axis=1)
        assert away[0] == 0
        assert away[-1] > 45
        steps = np.linalg.norm(np.diff(vessel.path_mm, axis=0), axis=1)
        assert steps.max() < 6  # no jump


def test_it_is_one_smooth_winding_line(spine):
    for vessel in many(spine, EPIDURAL, 40):
        steps = np.diff(vessel.path_mm[1:], axis=0)
        steps /= np.linalg.norm(steps, axis=1, keepdims=True)
        # it bends sharply at most where it joins the larger vein
        assert (np.einsum("ij,ij->i", steps[1:], steps[:-1]) < 0.5).sum() <= 2
        assert vessel.length_mm > 1.02 * np.linalg.norm(vessel.path_mm[-1] - vessel.path_mm[0])


def test_most_are_veins_and_two_of_three_share_with_the_epidural_space(spine):
    vessels = many(spine, FORAMEN)
    together = np.mean([one.into < 1 for one in vessels])
    # 8.9 of 13.1 % at once (Smuck 2007, doi:10.1016/j.spinee.2006.06.380)
    assert together == pytest.approx(8.9 / 13.1, abs=0.09)
    assert np.mean([one.kind == "artery" for one in vessels]) == pytest.approx(0.05, abs=0.04)


def test_the_artery_runs_up_near_the_midline(spine):
    arteries = [one for one in many(spine, FORAMEN) if one.kind == "artery"]
    assert arteries
    for one in arteries:
        assert abs(one.path_mm[-1, 0]) < 5
        assert one.path_mm[-1, 2] > FORAMEN[2] + 40


def test_a_great_vessel_leads_the_stream_from_the_tip(spine):
    aorta = great_vessel(spine.structures["aorta"], IN_AORTA)
    assert aorta.kind == "artery"
    assert aorta.path_mm[0] == pytest.approx(IN_AORTA)
    assert aorta.path_mm[-1, 2] < IN_AORTA[2] - 100  # down


def test_the_same_seed_gives_the_same_vessel(spine):
    one, two = (vessel_at(spine, FORAMEN, np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(one.path_mm, two.path_mm)
    assert one.flow_ml_s == two.flow_ml_s


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "duct"}, "'vein' or an 'artery'"),
        ({"radius_mm": 0.0}, "radius_mm"),
        ({"flow_ml_s": 0.0}, "flow_ml_s"),
        ({"into": 0.0}, "over 0 and at most 1"),
    ],
)
def test_a_vessel_checks_itself(change, words):
    good = {"kind": "vein", "path_mm": [[0, 0, 0], [0, 0, 9]], "radius_mm": 1.0, "flow_ml_s": 0.1}
    with pytest.raises(InputError, match=words):
        Vessel(**{**good, **change})


def test_without_vertebrae_there_is_no_course(spine):
    from dataclasses import replace

    with pytest.raises(InputError, match="no vertebra"):
        vessel_at(replace(spine, bodies={}), FORAMEN, np.random.default_rng(0))


def test_a_vein_has_two_or_three_tributaries_that_leave_it_where_it_runs(spine):
    for vessel in many(spine, FORAMEN, 40):
        assert len(vessel.branches) in ((0,) if vessel.kind == "artery" else (2, 3))
        for one in vessel.branches:
            assert np.linalg.norm(vessel.path_mm - one.path_mm[0], axis=1).min() < 1e-9
            assert 0 <= one.from_mm < vessel.length_mm
        assert sum(one.share for one in vessel.branches) < 0.75


def test_branches_check_themselves():
    line = [[0, 0, 0], [0, 0, 9]]
    with pytest.raises(InputError, match="share over 0 and under 1"):
        Branch(line, 0.0, 1.2)
    half = Branch(line, 0.0, 0.6)
    with pytest.raises(InputError, match="take all of its content"):
        Vessel("vein", line, 1.0, 0.1, branches=(half, half))
