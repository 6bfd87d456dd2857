import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.persistence import Lag, persisted

SLOW = Lag((0.03, 0.01), (0.2, 2.0))
DT = 1 / 15


def shown(pictures, **settings):
    trail, found = None, []
    for picture in pictures:
        trail = persisted(picture, trail, dt_s=DT, **settings)
        found.append(trail.shown)
    return np.array(found)


def step(first, then, count=40):
    flat = np.ones((3, 4), np.float32)
    return [first * flat] * 5 + [then * flat] * count


def test_what_does_not_change_stays_as_it_is():
    assert shown(step(7.0, 7.0), lag=SLOW, weight=0.3) == pytest.approx(7.0, rel=1e-6)


def test_lag_after_a_long_exposure_is_the_sum_of_exponentials():
    seen = shown(step(100.0, 0.0), lag=SLOW)[5:, 0, 0]
    n = np.arange(40)
    closed = 3.0 * np.exp(-n * DT / 0.2) + 1.0 * np.exp(-n * DT / 2.0)
    assert seen[0] == pytest.approx(4.0)  # the shares together
    assert seen == pytest.approx(closed, rel=1e-4)


def test_a_thing_that_is_gone_fades_by_the_power_of_the_weight():
    seen = shown(step(100.0, 0.0), weight=0.3)[5:, 0, 0]
    assert seen == pytest.approx(100 * 0.7 ** np.arange(1, 41), rel=1e-5)


@pytest.mark.parametrize("weight", [0.2, 0.4, 1.0])
def test_white_noise_falls_to_the_published_share(weight):
    rng = np.random.default_rng(0)
    noise = 100 + rng.standard_normal((60, 60, 60)).astype(np.float32)
    late = shown(noise, weight=weight)[40:]
    assert late.std() == pytest.approx(np.sqrt(weight / (2 - weight)), rel=0.03)
    assert late.mean() == pytest.approx(100, rel=1e-3)


def test_what_moves_is_let_go_of_and_what_stands_is_still_smoothed():
    rng = np.random.default_rng(4)
    pictures = [1e4 + 100 * rng.standard_normal((64, 64)).astype(np.float32) for _ in range(30)]
    for n, picture in enumerate(pictures):
        picture[:, 20 if n < 28 else 40] -= 4000.0  # a needle
    plain, seeing = (shown(pictures, weight=0.3, motion=motion) for motion in (0.0, 3.0))
    ghost = [float(1e4 - one[28][8:-8, 20].mean()) / 4000 for one in (plain, seeing)]
    assert ghost[0] == pytest.approx(0.7, abs=0.02)
    assert 0.05 < ghost[1] < 0.3  # some of it always stays
    new = [float(1e4 - one[28][8:-8, 40].mean()) / 4000 for one in (plain, seeing)]
    assert new[0] == pytest.approx(0.3, abs=0.02)
    assert new[1] > 0.7
    flat = [float(one[27][:, :15].std()) for one in (plain, seeing)]
    assert flat[0] == pytest.approx(42.0, abs=2.0)  # 100 sqrt(0.3 / 1.7)
    assert flat[1] < 1.15 * flat[0]


def test_lag_is_linear():
    rng = np.random.default_rng(1)
    one, other = rng.uniform(0, 9, (2, 12, 5, 5)).astype(np.float32)
    both = shown(one + 2 * other, lag=SLOW, weight=0.5)
    apart = shown(one, lag=SLOW, weight=0.5) + 2 * shown(other, lag=SLOW, weight=0.5)
    assert both == pytest.approx(apart, rel=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Lag((0.1,), ()), "has its decay_s"),
        (lambda: Lag((0.6, 0.6), (1.0, 1.0)), "under 1 together"),
        (lambda: Lag((0.1,), (0.0,)), "decay_s of a lag"),
        (lambda: shown(step(1, 1), weight=0.0), "over 0 and at most 1, got 0"),
        (lambda: shown(step(1, 1), motion=-1.0), "0 to 100 standard deviations"),
        (lambda: shown([np.ones((2, 2)), np.ones((3, 3))]), "keep their shape"),
        (lambda: persisted(np.ones(1), persisted(np.ones(1), None, dt_s=1), dt_s=0), "forward"),
    ],
)
def test_impossible_settings_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
