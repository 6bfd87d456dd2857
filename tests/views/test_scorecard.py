"""A score card names everything it counts."""

from __future__ import annotations

from needle_sim.views import canvas
from needle_sim.views.scorecard import draw_score
from needle_sim.views.wording import total_said, value_said


def card(run, **settings) -> list[str]:
    """The words on a card."""
    ax = draw_score(canvas.panel(canvas.sheet(400, 600), (0, 0, 1, 1)), run.score, **settings)
    return [text.get_text() for text in ax.texts]


def test_each_gate_and_metric_is_there_with_its_value_and_sign(run):
    words = card(run)
    for one in (*run.score.gates, *run.score.metrics):
        assert one.name in words
        assert value_said(one) in words
    signs = [one.passed for one in (*run.score.gates, *run.score.metrics)]
    assert words.count("✓") == signs.count(True)
    assert words.count("✗") == signs.count(False)
    assert total_said(run.score.total) in words


def test_the_ranks_stand_in_order_and_an_empty_one_is_left_out(run, blocked):
    words = card(run)
    assert [word for word in words if word in ("Gates", "Quality", "Economy")] == [
        "Gates",
        "Quality",
        "Economy",
    ]
    assert "Quality" not in card(blocked)


def test_limits_can_be_left_out(run):
    assert any(word.startswith("limit ") for word in card(run))
    assert not any(word.startswith("limit ") for word in card(run, limits=False))


def test_an_attempt_that_was_given_up_has_words_beside_its_total(given_up):
    words = card(given_up, words="Given up, rightly")
    assert {"Given up, rightly", "40", "of 100"} <= set(words)


def test_without_a_total_it_says_why(blocked):
    words = card(blocked, words="No safe path")
    assert "No safe path" in words
    assert "✗" in words
    assert not any(word.isdigit() and word != "0" for word in words)
