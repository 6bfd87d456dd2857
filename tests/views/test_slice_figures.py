"""CT slices of a run show what lies there and say what the colours mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.rehearsal.record import Record
from needle_sim.views.slice_figures import (
    along_figure,
    axial_figure,
    axial_plane,
    contrast_at_end,
    meant,
)
from tests.rehearsal.attempts import above, placed


def words_of(figure) -> set[str]:
    return {text.get_text() for ax in figure.axes for text in ax.texts}


def test_the_axial_slice_runs_through_the_tip_or_the_middle_of_the_active_tip(run, injected):
    tip = injected.placed.trajectory.tip_mm
    assert axial_plane(injected, (50.0, 50.0)).centre_mm == pytest.approx(tip)
    middle = run.placed.trajectory.tip_mm - 5.0 * run.placed.trajectory.axis
    assert axial_plane(run, (50.0, 50.0)).centre_mm == pytest.approx(middle)


def test_without_a_needle_it_runs_through_the_target(blocked):
    assert axial_plane(blocked, (50.0, 50.0)).centre_mm == pytest.approx(blocked.target.centre_mm)
    with pytest.raises(InputError, match="this run has no needle"):
        along_figure(blocked)


def test_a_lesion_is_named_where_there_is_one_and_a_space_where_one_is_meant(run, injected):
    heated, given = words_of(axial_figure(run)), words_of(axial_figure(injected))
    assert {"active tip", "target nerve", "lesion (dashed: 50 °C)"} <= heated
    assert {"target space (dotted)", "contrast", "vessels"} <= given
    assert not {"active tip", "lesion (dashed: 50 °C)", "target nerve"} & given


def test_a_slice_is_of_the_needle_as_it_lies_at_the_end(injected):
    record = replace(injected.record, placed=placed(off_mm=7.0))
    moved = replace(injected, record=record)
    assert axial_plane(moved, (9.0, 9.0)).centre_mm == pytest.approx(above(7.0))


def test_the_contrast_shown_is_what_lies_there_at_the_end_of_its_injection(injected, run):
    """Of 240 mg iodine in a millilitre; this small canal does not hold all that was given."""
    given = injected.shots[-1].spread
    found = contrast_at_end(injected)
    cell_ml = float(np.prod(found.spacing_mm)) / 1000.0
    here_mg = float(found.array.sum()) * cell_ml
    assert here_mg == pytest.approx(240.0 * given.here_ml(given.duration_s), rel=1e-4)
    assert 0 < here_mg <= given.iodine_mg
    assert contrast_at_end(run) is None


def test_the_spaces_meant_are_those_of_the_target(injected, run):
    assert [space.name for space in meant(injected)] == ["canal"]
    assert meant(run) == ()


def test_a_plan_that_was_never_carried_out_shows_its_best_needle(injected):
    assert replace(injected, record=Record()).placed is injected.plan.placed
