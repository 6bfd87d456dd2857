import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.thermal.lesion import CONSERVATIVE, lesion_volumes, margins, measure


@pytest.fixture(scope="module")
def lesion(bench):
    return measure(bench, nerve_mm=[[2.0, 0.0, -30.0], [2.0, 0.0, 20.0]])


def test_a_bench_lesion_has_the_size_of_the_bench_studies(lesion):
    """18 G, 10 mm, 80 °C, 2 min ex vivo: Cosman 2014, widths between those of 22 and 16 G, length
    1-5 mm over the tip."""
    coagulated = lesion.extents["50c"]
    assert 7.0 <= coagulated.width_mm <= 9.0
    assert 12.0 <= coagulated.length_mm <= 15.0
    assert 1.0 <= coagulated.length_mm - 10.0 <= 5.0


def test_hotter_marks_lie_inside_cooler_ones(lesion):
    for inner, outer in (("60c", "55c"), ("55c", "50c"), ("50c", "45c")):
        a, b = lesion.extents[inner], lesion.extents[outer]
        assert not (a.mask & ~b.mask).any()
        assert a.volume_mm3 < b.volume_mm3
        assert a.width_mm < b.width_mm
        assert a.length_mm < b.length_mm
        assert a.nerve_mm <= b.nerve_mm


def test_the_scored_boundary_is_the_intersection(lesion, beside_bone):
    for one in (lesion, measure(beside_bone, nerve_mm=[[2.0, 0.0, -30.0], [2.0, 0.0, 20.0]])):
        scored = one.extents["conservative"]
        parts = [one.extents[name] for name in CONSERVATIVE]
        assert (scored.mask == np.logical_and.reduce([part.mask for part in parts])).all()
        assert scored.volume_mm3 <= min(part.volume_mm3 for part in parts) + 1e-9
        assert scored.nerve_mm <= min(part.nerve_mm for part in parts) + 1e-9


def test_nerve_inside_is_measured_along_its_path(bench):
    """Across the lesion at its widest the length inside is the width; halves add up."""
    widest = measure(bench).extents["50c"]
    found = [
        measure(bench, nerve_mm=[[start, 0.0, -5.3], [end, 0.0, -5.3]]).extents["50c"].nerve_mm
        for start, end in ((-20.0, 20.0), (-20.0, 0.0), (0.0, 20.0))
    ]
    assert found[0] == pytest.approx(widest.width_mm, abs=0.1)
    assert found[0] == pytest.approx(found[1] + found[2], abs=1e-3)
    assert found[1] == pytest.approx(found[2], abs=1e-3)


def test_a_bent_nerve_counts_each_pass(bench):
    there_and_back = [[-20, 0, -5], [20, 0, -5], [20, 0.01, -5], [-20, 0.01, -5]]
    once = measure(bench, nerve_mm=there_and_back[:2]).extents["50c"]
    twice = measure(bench, nerve_mm=there_and_back).extents["50c"]
    assert twice.nerve_mm == pytest.approx(2 * once.nerve_mm, abs=0.02)
    assert twice.nerve_share == pytest.approx(once.nerve_share, abs=1e-3)


def test_a_nerve_far_away_is_untouched(bench):
    lesion = measure(bench, nerve_mm=[[200.0, 0.0, 0.0], [200.0, 0.0, 50.0]])
    assert all(one.nerve_mm == 0.0 and one.nerve_share == 0.0 for one in lesion.extents.values())


def test_without_a_nerve_its_share_is_unknown(bench):
    row = measure(bench).to_row()
    assert row["conservative_nerve_mm"] is None
    assert row["60c_volume_mm3"] > 0
    assert all(value is None or type(value) is float for value in row.values())


def test_margins_are_zero_on_the_mark(bench):
    found = margins(bench)
    inside = bench.cem43_min >= 240.0
    assert ((found["cem240"] >= 0) == inside).all()
    assert ((found["arrhenius_muscle"] >= 0) == (bench.omega["muscle"] >= 1)).all()


def test_the_volumes_hold_what_was_measured(beside_bone):
    lesion = measure(beside_bone)
    temperature, zones = lesion_volumes(beside_bone, step_mm=0.5)
    assert temperature.quantity == "temperature_c"
    assert temperature.array.dtype == np.float32
    assert zones.array.dtype == np.uint16
    counted = {zone: (zones.array == zone).sum() * 0.5**3 for zone in (1, 2)}
    assert counted[2] == pytest.approx(lesion.extents["conservative"].volume_mm3, rel=0.05)
    assert sum(counted.values()) == pytest.approx(lesion.extents["50c"].volume_mm3, rel=0.05)
    tip = temperature.sample(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -5.0]]))
    assert tip == pytest.approx(
        beside_bone.peak_c(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -5.0]])), abs=3.0
    )


def test_a_step_beyond_reason_is_refused(bench):
    with pytest.raises(InputError, match="step_mm"):
        lesion_volumes(bench, step_mm=0.0)
    with pytest.raises(InputError, match="nerve_mm"):
        measure(bench, nerve_mm=[[0.0, 0.0, 0.0]])
