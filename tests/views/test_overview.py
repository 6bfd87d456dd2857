"""One strip tells a run from patient to score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim.rehearsal.record import Record
from needle_sim.views.overview import base_name, last_views, overview_figure, with_depth
from needle_sim.views.wording import total_said


def words_of(run) -> list[str]:
    """Every word on the strip."""
    return [text.get_text() for ax in overview_figure(run).axes for text in ax.texts]


def test_it_names_target_total_and_purpose(run):
    words = words_of(run)
    assert any(run.in_words in one for one in words)
    assert any("Not for clinical use" in one for one in words)
    assert words.count("R") >= 3  # a letter on each of the three views
    assert total_said(run.score.total) in words


def test_an_injection_shows_depth_view_contrast_sonogram_and_steps(injected):
    words = words_of(injected)
    assert "Contralateral oblique at 66 mm" in words  # the last one, at the target
    assert "Lateral at 66 mm" in words
    assert any(one.startswith("Contrast, live, ") for one in words)
    assert any("MHz" in one for one in words)
    assert {"1", "10"} <= set(words)  # first and last step
    assert "nothing was heated" not in words
    assert not any("lesion" in one.lower() for one in words)


def test_the_last_picture_of_each_view_is_taken_in_the_recipes_order(injected):
    assert [view.name for view in last_views(injected)] == ["ap", "clo_2", "lateral"]


@pytest.mark.parametrize(
    ("name", "base"),
    [("lateral", "lateral"), ("lateral_2", "lateral"), ("down_left_3", "down_left")],
)
def test_a_second_picture_belongs_to_its_view(run, name, base):
    view = replace(run.views[0], name=name)
    assert base_name(view, ["lateral", "down_left"]) == base


def test_a_depth_is_said_where_it_is_known(run):
    assert with_depth(replace(run.views[0], title="AP", depth_mm=51.6)) == "AP at 52 mm"
    assert with_depth(replace(run.views[0], title="AP", depth_mm=None)) == "AP"


def test_an_attempt_that_was_given_up_says_so_beside_its_total(given_up):
    words = words_of(given_up)
    assert "Given up, rightly" in words
    assert "40" in words
    assert "nothing was injected" in words


def test_a_blocked_run_has_no_needle_to_show(blocked):
    assert "No safe path" in words_of(blocked)
    assert "nothing was heated" in words_of(replace(blocked, record=Record()))
