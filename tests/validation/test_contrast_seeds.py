"""A tenth of the validation, with its bounds."""

import pytest

from tests.conftest import LUMBAR
from validation.contrast_ct import Injection, fitted, injections
from validation.contrast_seeds import SEEDS, in_vessels, on_ct, reach_levels, seen_without_iodine

pytestmark = pytest.mark.long


def test_live_contrast_catches_a_vessel_and_a_late_picture_misses_some(phantom):
    caught = in_vessels(phantom, SEEDS // 10)

    assert caught["live"] == caught["dsa"] == 1.0  # of six
    assert caught["single"] < 1.0


def test_without_iodine_nothing_is_seen(phantom):
    blank = seen_without_iodine(phantom, range(1000, 1003))

    assert [word for words in blank.values() for word in words] == [None] * 6


def test_five_millilitres_reach_as_far_as_published(phantom):
    # 1.28 levels up and 0.88 down in 25 patients (Pain Physician 2004;7:77-80)
    up, down = reach_levels(phantom, 4)

    assert 0.9 <= up <= 1.9
    assert 0.5 <= down <= 1.3
    assert up > down


@pytest.mark.real(LUMBAR)
def test_on_a_real_ct_live_contrast_tells_what_stays_from_what_runs_off():
    anatomy = fitted(LUMBAR, ("L1-L2",))
    (one,) = injections(anatomy, ("L1-L2",), ("left",), ("interlaminar-epidural",))

    assert isinstance(one, Injection), one
    for seed in range(2):
        assert one.called_vascular(seed, vessel=False, modes=("live",)) == {"live": False}
        assert one.called_vascular(seed, vessel=True, modes=("live",)) == {"live": True}


def test_without_real_data_that_part_says_so_and_is_not_counted(monkeypatch, capsys):
    monkeypatch.setattr("validation.contrast_ct.real_folder", lambda name: None)

    assert on_ct(1)
    said = capsys.readouterr().out
    assert "totalsegmentator_lumbar is not there: not counted" in said
    assert "no real CT is there" in said
    assert "%" not in said
