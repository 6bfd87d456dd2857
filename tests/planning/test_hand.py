"""A hand strays as its figures say."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.hand import HandErrors, passes

NEEDLE = Needle(gauge=22, outer_mm=0.718, inner_mm=0.413, length_mm=150.0)
PLACED = PlacedNeedle(NEEDLE, Trajectory.straight([0.0, 60.0, 0.0], [0.0, -20.0, 0.0]))  # 80 mm
IN = np.array([0.0, -1.0, 0.0])


def drawn(errors: HandErrors, n: int = 40_000, placed: PlacedNeedle = PLACED):
    return passes(placed, errors, n=n, rng=np.random.default_rng(7))


def test_freehand_on_80_mm_has_the_published_errors():
    """Gruber-Rouh 2015: target 6.3 +- 3.6 mm, angle 3.4 +- 3.1 degrees."""
    tips, axes = drawn(HandErrors.preset("freehand"))
    error = np.linalg.norm(tips - PLACED.trajectory.tip_mm, axis=1)
    assert error.mean() == pytest.approx(6.3, abs=0.3)
    assert np.degrees(np.arccos(axes @ IN)).mean() == pytest.approx(3.4, abs=0.1)


def test_a_spinal_team_has_the_published_entry_and_angle():
    """Moser 2013, patients: freehand 4.6 mm and 2.3 degrees, laser 1.3 mm and 0.4 degrees."""
    for name, entry_mm, angle_deg in (("freehand_spine", 4.6, 2.3), ("laser_spine", 1.3, 0.4)):
        errors = HandErrors.preset(name)
        still = HandErrors(errors.entry_mm, 0.0, 0.0)
        tips, _ = drawn(still)
        moved = np.linalg.norm(tips - PLACED.trajectory.tip_mm, axis=1)
        assert moved.mean() == pytest.approx(entry_mm, rel=0.06)
        _, axes = drawn(HandErrors(0.0, errors.angle_deg, 0.0))
        assert np.degrees(np.arccos(axes @ IN)).mean() == pytest.approx(angle_deg, rel=0.07)


def test_each_error_alone_does_what_it_says():
    tips, axes = drawn(HandErrors(0.0, 0.0, 2.0))
    assert axes == pytest.approx(np.tile(IN, (len(axes), 1)))
    assert tips[:, 1].std() == pytest.approx(2.0, rel=0.03)
    assert tips[:, [0, 2]] == pytest.approx(np.zeros((len(tips), 2)), abs=1e-9)
    tips, _ = drawn(HandErrors(0.0, 2.0, 0.0))
    assert np.linalg.norm(tips - [0, 60, 0], axis=1) == pytest.approx(np.full(len(tips), 80.0))
    assert tips[:, 0].std() == pytest.approx(80 * np.radians(2.0), rel=0.03)
    tips, axes = drawn(HandErrors(3.0, 0.0, 0.0))
    assert tips[:, [0, 2]].std(axis=0) == pytest.approx([3.0, 3.0], rel=0.03)


def test_no_error_is_the_plan_itself():
    tips, axes = drawn(HandErrors(0.0, 0.0, 0.0), n=5)
    assert tips == pytest.approx(np.tile(PLACED.trajectory.tip_mm, (5, 1)))
    assert axes == pytest.approx(np.tile(IN, (5, 1)))


def test_the_hub_stops_at_the_skin():
    short = PlacedNeedle(
        Needle(gauge=22, outer_mm=0.718, inner_mm=0.413, length_mm=81.0), PLACED.trajectory
    )
    tips, _ = drawn(HandErrors(0.0, 0.0, 5.0), placed=short)
    assert (60.0 - tips[:, 1]).max() == pytest.approx(81.0)


def test_the_same_rng_draws_the_same_passes():
    first, second = (drawn(HandErrors(3.0, 3.0, 2.0), n=100) for _ in range(2))
    assert first[0].tobytes() == second[0].tobytes()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((-1.0, 0.0, 0.0), "entry_mm of a hand must be 0 to 50, got -1"),
        ((0.0, float("nan"), 0.0), "angle_deg of a hand must be 0 to 30"),
        ((0.0, 0.0, 99.0), "depth_mm of a hand must be 0 to 50, got 99"),
    ],
)
def test_a_hand_that_makes_no_sense_is_refused(fields, said):
    with pytest.raises(InputError, match=said):
        HandErrors(*fields)


@pytest.mark.parametrize("n", [0, -3, 2.5])
def test_the_number_of_passes_is_a_whole_number(n):
    with pytest.raises(InputError, match="n must be a whole number"):
        drawn(HandErrors(1.0, 1.0, 1.0), n=n)
