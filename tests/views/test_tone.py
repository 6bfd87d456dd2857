"""Grey values follow the logarithm of the signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.views.tone import field_mask, measured, whole_mask, windowed


def pattern() -> np.ndarray:
    """A signal with bone, soft tissue and a needle."""
    rng = np.random.default_rng(3)
    signal = 1000.0 * np.exp(-rng.uniform(0, 1.5, (60, 50)))
    signal[:, 30] *= 0.2
    return signal


@given(factor=st.floats(1e-3, 1e4))
def test_more_milliampere_seconds_do_not_change_the_picture(factor):
    settings = {"percentiles": (0.5, 99.8), "flatten": 0.8}
    np.testing.assert_allclose(
        measured(factor * pattern(), **settings), measured(pattern(), **settings), atol=1e-9
    )


def test_more_signal_is_never_darker_without_flattening():
    signal = pattern()
    grey = measured(signal, percentiles=(0.5, 99.8), flatten=0.0)
    order = np.argsort(signal, axis=None)
    assert (np.diff(grey.ravel()[order]) >= 0).all()
    assert grey.min() == 0
    assert grey.max() <= 1


def test_flattening_takes_broad_shading_out_and_leaves_the_needle():
    y = np.linspace(-1.0, 1.0, 200)[:, None]
    signal = np.broadcast_to(1000.0 * np.exp(1.5 * y), (200, 200)).copy()
    signal[:, 100] *= 0.5

    def spread(flatten: float) -> tuple[float, float]:
        grey = measured(signal, percentiles=(0.5, 99.5), flatten=flatten)
        return float(np.ptp(grey[60:140, 50])), float(grey[100, 90] - grey[100, 100])

    (broad, needle), (flat_broad, flat_needle) = spread(0.0), spread(0.8)
    assert flat_broad < 0.5 * broad
    assert flat_needle > needle


def test_a_needle_stays_visible_where_the_beam_is_raw():
    signal = np.full((60, 200), 1000.0)
    signal[:, 110:] = 60_000.0  # beside the body
    signal[30, 60:] *= 0.3  # a needle from the body into the air
    grey = measured(signal, percentiles=(0.5, 99.5), flatten=0.8)
    beside = 0.5 * (grey[26, 60:190] + grey[34, 60:190])
    seen = beside - grey[30, 60:190]
    assert seen[:45].min() > 0.2  # in the body
    assert seen[65:].min() > 0.2  # and in the air, but for a few pixels at the skin


def test_raw_beam_does_not_set_the_window_of_the_body():
    body = 1000.0 * np.exp(-np.random.default_rng(5).uniform(0, 1.0, (100, 100)))
    framed = body.copy()
    framed[70:] = 200_000.0  # the field of the CT ends here
    settings = {"percentiles": (0.5, 99.5), "flatten": 0.0}
    whole, cut = measured(body, **settings), measured(framed, **settings)
    assert cut[25:65] == pytest.approx(whole[25:65], abs=0.03)


def test_a_window_runs_from_black_through_its_geometric_middle():
    grey = windowed(np.array([1.0, 10.0, 100.0, 1000.0]), (10.0, 1000.0))
    assert grey[:3] == pytest.approx([0.0, 0.0, 0.5])
    assert 0.9 < grey[3] <= 1.0  # bent at the bright end


def test_a_detector_that_saw_nothing_is_refused():
    with pytest.raises(InputError, match="saw nothing"):
        measured(np.zeros((8, 8)), percentiles=(1.0, 99.0), flatten=0.5)


def test_the_collimator_is_closed_outside_and_symmetric():
    for shape, field, open_share in (
        ((300, 300), "circle", np.pi / 4),
        ((200, 300), "rectangle", 1.0),
    ):
        mask = field_mask(shape, field)
        assert mask[0, 0] == 0
        assert mask[shape[0] // 2, shape[1] // 2] == 1
        np.testing.assert_allclose(mask, mask[::-1, ::-1], atol=1e-12)
        assert mask.mean() == pytest.approx(open_share, rel=0.06)


def test_what_is_cut_moves_no_grey_and_is_dimmed():
    rng = np.random.default_rng(5)
    signal = 1000.0 * np.exp(-rng.uniform(0, 1.5, (80, 80)))
    whole = np.ones((80, 80), dtype=bool)
    whole[:25] = False
    settings = {"percentiles": (0.5, 99.5), "flatten": 0.0, "whole": whole}
    other = signal.copy()
    other[:25] *= 3.0
    np.testing.assert_array_equal(
        measured(signal, **settings)[25:], measured(other, **settings)[25:]
    )
    open_share = whole_mask(whole)
    assert (open_share[:20] < 1).all()
    assert open_share[40:] == pytest.approx(1.0)
    assert (whole_mask(np.ones((9, 9), dtype=bool)) == 1).all()
