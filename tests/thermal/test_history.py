import dataclasses

import numpy as np
import pytest

from needle_sim.errors import InputError


def test_the_hottest_point_of_a_path(bench):
    line = np.stack([np.full(200, 3.0), np.zeros(200), np.linspace(-30, 20, 200)], axis=1)
    along = bench.peak_c(line)
    assert bench.temperature_max_c(line) == along.max()
    assert -9 < line[np.argmax(along), 2] < -1  # beside the active tip


def test_peaks_fall_with_distance_to_the_start(bench):
    points = np.array([[r, 0.0, -5.0] for r in (1.0, 2.0, 4.0, 8.0, 30.0, 500.0)])
    peak = bench.peak_c(points)
    assert (np.diff(peak) <= 0).all()
    assert peak[-2] == pytest.approx(22.0, abs=0.1)
    assert peak[-1] == 22.0


def test_peaks_agree_with_the_cells(bench):
    grid = bench.medium.grid
    points = bench.medium.patient_from_grid.apply(grid.points_mm()[5:20, 0, 40:60].reshape(-1, 3))
    assert bench.peak_c(points) == pytest.approx(bench.highest_c[5:20, 0, 40:60].ravel(), rel=1e-9)


def test_the_highest_temperature_is_never_below_the_last(bench):
    assert (bench.highest_c >= bench.temperature_c - 1e-12).all()


def test_results_are_read_only(bench):
    with pytest.raises(ValueError, match="read-only"):
        bench.highest_c[0, 0, 0] = 0.0


def test_points_must_be_points(bench):
    with pytest.raises(InputError, match=r"\(P, 3\)"):
        bench.peak_c([1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"\(P, 3\)"):
        bench.temperature_max_c(np.empty((0, 3)))
    nowhere = dataclasses.replace(bench.medium, patient_from_grid=None)
    with pytest.raises(InputError, match="no patient"):
        dataclasses.replace(bench, medium=nowhere).peak_c([[0.0, 0.0, 0.0]])


def test_facts_are_words(bench):
    assert "ohm" in " ".join(bench.facts())
