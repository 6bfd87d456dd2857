from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.spread import PATTERNS, check_patterns, spread
from needle_sim.injectate.vessel import Vessel, vessel_at
from tests.injectate import cases
from tests.injectate.cases import IOHEXOL, UP

TIPS = {
    "epidural": cases.EPIDURAL,
    "intrathecal": cases.INTRATHECAL,
    "intra_articular": cases.IN_JOINT,
    "intradiscal": cases.IN_DISC,
    "soft_tissue": cases.IN_MUSCLE,
    "nerve": cases.IN_ROOT,
    "vascular": cases.IN_AORTA,
}


def given(spine, kind, volume=1.0, **settings):
    return spread(spine, TIPS[kind], UP, agent=IOHEXOL, volume_ml=volume, **settings)


@pytest.fixture(scope="module")
def spreads(spine):
    return {kind: given(spine, kind) for kind in TIPS}


def iodine_mg(volume):
    """Integral of a volume of mg/mL."""
    return float(volume.array.sum(dtype=np.float64)) * float(np.prod(volume.spacing_mm)) * 1e-3


@pytest.mark.parametrize("kind", TIPS)
def test_the_pattern_follows_from_where_the_tip_lies(spreads, kind):
    assert spreads[kind].pattern == kind
    assert kind in PATTERNS


@pytest.mark.parametrize("kind", TIPS)
@pytest.mark.parametrize("t_s", [0.3, 1.0, 2.0, 7.5])
def test_iodine_is_conserved_to_a_tenth_of_a_percent(spreads, kind, t_s):
    one = spreads[kind]
    at = one.at(t_s)
    given_mg = 240.0 * min(0.5 * t_s, 1.0)
    left_mg = 240.0 * one.left_ml(t_s)
    assert at.quantity == "iodine_mg_ml"
    assert at.array.dtype == np.float32
    assert iodine_mg(at) + left_mg == pytest.approx(given_mg, rel=1e-3)
    assert at.array.min() >= 0
    assert at.array.max() <= 240.0 * (1 + 1e-5)
    if kind not in ("vascular", "nerve"):
        assert left_mg == pytest.approx(0.0, abs=1e-6 * given_mg)


def test_what_is_injected_into_a_nerve_beyond_its_room_runs_on(spine):
    one = given(spine, "nerve", 10.0)
    assert one.left_ml(60.0) > 1
    assert any("runs on beyond" in note for note in one.notes)


def inside(anatomy, volume, shape):
    """Share of the iodine of a volume inside a shape."""
    at = np.argwhere(volume.array > 0)
    depth = shape.distance_mm(volume.patient_from_voxel.apply(at))
    weight = volume.array[tuple(at.T)]
    return float(weight[depth < 0].sum() / weight.sum())


def test_epidural_contrast_stays_out_of_the_sac_bone_and_root(spine, spreads):
    at = spreads["epidural"].at(5.0)
    for solid in (
        spine.structures["dura"],
        spine.structures["L4 left root"],
        *spine.bones.values(),
    ):
        assert inside(spine, at, solid) < 0.07  # half cubes of its walls
    assert (
        0.75 < inside(spine, at, spine.spaces["canal"].shape) < 0.98
    )  # some leaves along the root


def test_intrathecal_contrast_stays_in_the_sac_diluted_and_ventral(spine, spreads):
    one = spreads["intrathecal"]
    at = one.at(5.0)
    assert inside(spine, at, spine.structures["dura"]) > 0.85  # the rest goes along the roots
    assert at.array.max() < 0.6 * 240
    _, y, _ = one.lattice.axes_mm()
    assert (at.array.sum(axis=(0, 2)) @ y) / at.array.sum() < -1.0  # prone: the front hangs down
    early, late = (one.at(t).array.max() for t in (2.5, 20.0))
    assert late < 0.8 * early  # it runs along the sac and thins


def test_a_joint_fills_its_cleft_and_recesses_and_leaks_backwards_beyond(spine, spreads):
    joint = spine.spaces["L4-L5 left facet_joint"].shape
    at = spreads["intra_articular"].at(3.0)
    low, high = joint.box_mm
    places = at.patient_from_voxel.apply(np.argwhere(at.array > 24))
    assert (places > low - 9).all()
    assert (places < high + 9).all()
    assert inside(spine, at, spine.bones["left post"]) < 0.05
    much = given(spine, "intra_articular", 1.8)
    assert any("the capsule leaks backwards" in note for note in much.notes)
    _, y, _ = much.lattice.axes_mm()
    beyond = much.at(10.0).array.sum(axis=(0, 2))[y > high[1] + 5]
    assert beyond.sum() > 10 * at.array.sum(axis=(0, 2))[y > high[1] + 5].sum()


def test_a_disc_fills_its_nucleus(spine):
    for seed in range(3):
        one = given(spine, "intradiscal", rng=np.random.default_rng(seed))
        at = one.at(3.0)
        places = at.patient_from_voxel.apply(np.argwhere(at.array > 60))
        assert np.abs(places[:, 0]).max() < 20  # of 22
        assert np.ptp(places[:, 2]) <= 10
        assert one.notes[0].startswith("the nucleus fills in")


def test_muscle_is_filled_along_its_fibres(spreads):
    at = spreads["soft_tissue"].at(3.0)
    places = at.patient_from_voxel.apply(np.argwhere(at.array > 10)) - cases.IN_MUSCLE
    spread_mm = places.std(axis=0)
    assert spread_mm[2] > 1.5 * max(spread_mm[:2])


@pytest.mark.parametrize(
    ("tip", "kind", "name"), [(cases.IN_BONE, "bone", "L4"), ([0, 13.0, -20], "flavum", "flavum")]
)
def test_nothing_goes_into_bone_or_ligament(spine, tip, kind, name):
    one = spread(spine, tip, UP, agent=IOHEXOL, volume_ml=2.0)
    assert one.pattern == kind
    assert one.volume_ml == one.iodine_mg == one.left_ml(9.0) == 0
    assert one.at(3.0).array.max() == 0
    assert "the plunger does not move" in one.notes[0]
    assert name in one.notes[0]


def test_in_a_vessel_it_runs_off_and_says_when(spine):
    vein = Vessel("vein", [[16, -2, -4], [28, -14, 0], [30, -18, 70]], 0.8, 0.05)
    one = spread(spine, [16, -2, -4], UP, agent=IOHEXOL, volume_ml=1.0, vessel=vein)
    assert one.pattern == "vascular"
    assert one.leaving_s > one.duration_s == 2.0
    assert one.here_ml(one.leaving_s) == pytest.approx(0.05, rel=0.01)
    assert one.left_ml(1.0) < one.left_ml(2.0) < one.left_ml(8.0) <= 1.0
    top = one.at(1.5).patient_from_voxel.apply(np.argwhere(one.at(1.5).array > 24))
    assert top[:, 2].max() > 60


def test_a_vessel_may_take_a_part_only(spine):
    vein = Vessel("vein", [[3, 8, 0], [5, -9, 10], [6, -9, 80]], 0.7, 0.2, into=0.4)
    one = given(spine, "epidural", 2.0, vessel=vein)
    assert one.pattern == "vascular"
    assert one.compartment.kind == "epidural"
    late = one.at(60.0)
    assert iodine_mg(late) == pytest.approx(0.6 * 2.0 * 240, rel=1e-3)
    assert one.left_ml(60.0) == pytest.approx(0.8, rel=1e-3)


def test_a_drug_spreads_without_iodine(spine):
    drug = spread(spine, cases.EPIDURAL, UP, agent=Agent.preset("lidocaine"), volume_ml=2.0)
    assert drug.at(9.0).array.max() == 0
    assert drug.here_ml(9.0) == pytest.approx(2.0)
    assert drug.reach_mm[0] > 10


def test_more_reaches_further_and_up_more_than_down(spine):
    small, large = (given(spine, "epidural", v).reach_mm for v in (1.0, 4.0))
    assert sum(large) > 1.4 * sum(small)
    ups, downs = zip(
        *(given(spine, "epidural", 3.0, rng=np.random.default_rng(n)).reach_mm for n in range(12)),
        strict=True,
    )
    assert np.mean(ups) > 1.15 * np.mean(downs)


def test_the_seed_draws_the_texture_and_without_one_it_is_fixed(spine):
    fixed, again = (given(spine, "epidural").at(2.0).array for _ in range(2))
    one, same, other = (
        given(spine, "epidural", rng=np.random.default_rng(seed)).at(2.0).array
        for seed in (1, 1, 2)
    )
    assert np.array_equal(fixed, again)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_two_callers_at_once_get_the_same(spine):
    alone = given(spine, "epidural").at(2.0).array
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: given(spine, "epidural").at(2.0).array, range(2)))
    assert all(np.array_equal(one, alone) for one in both)


def test_bad_input_is_refused_with_a_way_out(spine):
    with pytest.raises(InputError, match=r"must be 0.05 to 20, got 25"):
        given(spine, "epidural", 25.0)
    with pytest.raises(InputError, match="outside the body: nothing is injected"):
        spread(spine, [0, 300, 0], UP, agent=IOHEXOL, volume_ml=1.0)


def test_a_row_is_flat_and_facts_are_words(spreads):
    row = spreads["epidural"].to_row()
    assert row["injected_ml"] == 1.0
    assert row["iodine_mg"] == 240.0
    assert row["leaving_s"] is None
    assert all(isinstance(v, str | float | None) for v in row.values())
    assert "epidural" in spreads["epidural"].facts()["tip in"]


def test_a_hidden_vessel_of_the_spine_conserves_too(spine):
    tip = np.array([16.0, -2.0, -4.0])
    for seed in range(4):
        vessel = vessel_at(spine, tip, np.random.default_rng(seed))
        one = spread(spine, tip, UP, agent=replace(IOHEXOL), volume_ml=1.0, vessel=vessel)
        total = iodine_mg(one.at(1.6)) + 240 * one.left_ml(1.6)
        assert total == pytest.approx(240 * 0.8, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("muscle", "soft_tissue"), ("joint", "intra_articular"), ("epidurl", "epidural")],
)
def test_a_pattern_that_is_none_is_refused_with_the_one_that_was_meant(name, meant):
    check_patterns(PATTERNS)
    with pytest.raises(
        InputError, match=f"no contrast has pattern '{name}'; did you mean '{meant}'"
    ):
        check_patterns((name,))
