"""A tenth of the validation, with its bounds."""

from validation.contrast_seeds import SEEDS, in_vessels, reach_levels


def test_live_contrast_catches_a_vessel_and_a_late_picture_misses_some(phantom):
    caught = in_vessels(phantom, SEEDS // 10)

    assert caught["live"] == caught["dsa"] == 1.0  # of six
    assert caught["single"] < 1.0


def test_five_millilitres_reach_as_far_as_published(phantom):
    # 1.28 levels up and 0.88 down in 25 patients (Pain Physician 2004;7:77-80)
    up, down = reach_levels(phantom, 4)

    assert 0.9 <= up <= 1.9
    assert 0.5 <= down <= 1.3
    assert up > down
