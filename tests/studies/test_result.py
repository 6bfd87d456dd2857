"""Means and intervals of a study, its page and its figure."""

from __future__ import annotations

import pytest

import needle_sim as ns
from needle_sim.errors import InputError
from tests.studies.toys import clumsy, dice


@pytest.fixture(scope="module")
def found():
    return ns.run_study(
        clumsy, {"side": ["left", "<b>right</b>"], "angle_deg": [0.0, 30.0]}, seeds=30, threads=1,
        settings={"bad": [2, 3, 100]},
    )  # fmt: skip


def test_a_row_a_sample_and_a_reason_where_there_is_none(found):
    frame = found.to_pandas()

    assert len(found) == len(frame) == 120
    assert frame["index"].tolist() == list(range(120))
    assert frame["failed"].notna().sum() == found.failed == 3
    assert found.measures == ("total", "even", "length_mm", "rare")


def test_a_summary_is_the_means_of_its_groups(found):
    frame, told = found.to_pandas(), found.summary()

    row = told[(told["side"] == "left") & (told["angle_deg"] == 0.0)].set_index("measure")
    group = frame[(frame["side"] == "left") & (frame["angle_deg"] == 0.0)]
    assert row.loc["total", "mean"] == pytest.approx(group["total"].mean())
    assert row.loc["total", "n"] == 28
    assert row.loc["total", "failed"] == 2
    assert row.loc["even", "interval"] == "Wilson"
    assert row.loc["even", "mean"] == pytest.approx(group["even"].dropna().astype(float).mean())
    assert row.loc["rare", "n"] == group["rare"].notna().sum() < 28
    assert (told["low"] <= told["mean"]).all()
    assert (told["mean"] <= told["high"]).all()


def test_a_summary_over_everything_or_by_one(found):
    frame = found.to_pandas()
    whole = found.summary(by=[], of="length_mm")
    assert whole["mean"].tolist() == pytest.approx([frame["length_mm"].mean()])
    by_side = found.summary(by="side", of=["length_mm", "even"])
    assert len(by_side) == 4
    assert by_side["failed"].sum() == 2 * 3


def test_a_strange_column_is_refused_with_the_nearest(found):
    with pytest.raises(InputError, match="did you mean 'total'"):
        found.summary(of="totl")
    with pytest.raises(InputError, match="did you mean 'side'"):
        found.summary(by="sid")


def test_text_of_a_parameter_stays_text_on_a_page(found):
    page = found._repr_html_()

    assert "<b>right</b>" not in page
    assert "&lt;b&gt;right" in page
    assert "Not for clinical use" in page
    assert "95" not in found.facts()["samples"]


def test_a_study_that_failed_as_a_whole_still_has_a_summary():
    made = ns.run_study(clumsy, {"side": ["left"]}, seeds=2, settings={"bad": [0, 1]}, threads=1)

    assert made.failed == 2
    assert len(made.summary()) == 0
    assert "clumsy" in made._repr_html_()


def test_one_sample_a_point_tells_no_interval():
    told = ns.run_study(dice, {"side": ["left"]}, seeds=1, threads=1).summary(of="length_mm")

    assert told["low"].isna().all()
    assert told["mean"].notna().all()
