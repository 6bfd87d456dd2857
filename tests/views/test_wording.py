"""Numbers with units, and verdicts that leave nothing out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.record import Record
from needle_sim.rehearsal.scoring import Score
from needle_sim.views.wording import (
    headline,
    limit_said,
    origin_of,
    patient_of,
    pattern_said,
    plain,
    plain_name,
    said,
    seen_said,
    sentence,
    time_said,
    total_said,
    value_said,
    verdict_of,
    weighed_notes,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.345, "mm", "12.3 mm"),
        (8.06, "deg", "8.1°"),
        (45.0, "°C", "45.0 °C"),
        (0.876, "", "0.88"),
        (-3.04, "mm", "−3.0 mm"),
        (-0.001, "mm", "0.0 mm"),
        (None, "mm", "unknown"),
    ],
)
def test_a_number_is_said_with_its_unit(value, unit, text):
    assert said(value, unit).replace("\N{NO-BREAK SPACE}", " ") == text


def test_limits_and_values_of_a_metric():
    angle = Metric("axis", 8.1, "deg", "<= 15", True, "why")
    count = Metric("safe path", 0.0, "", "at least 1", False, "why")
    nothing = Metric("vessel untouched", None, "mm", "> 0", True, "none in reach")
    unknown = replace(nothing, passed=None)
    assert limit_said(angle).replace("\N{NO-BREAK SPACE}", " ") == "≤ 15°"
    assert value_said(count) == "0"
    assert value_said(nothing) == "none near"
    assert value_said(unknown) == "unknown"
    assert value_said(replace(count, value=1.0)) == "1"
    words = Metric("live contrast", None, "", "live or DSA", True, "why")
    assert (value_said(words), value_said(replace(words, passed=False))) == ("yes", "no")
    assert limit_said(words) == "live or DSA"
    deep = Metric("depth view", 39.0, "mm", "lateral by 39 mm", True, "why")
    assert limit_said(deep) == "lateral by 39 mm"  # no second unit
    assert {verdict_of(one)[0] for one in (True, False, None)} == {"✓", "✗", "?"}


def test_the_headline_tells_the_four_ends_apart(run, blocked):
    assert headline(run)[0].endswith("of 100")
    head, why = headline(blocked)
    assert head == "No safe path"
    assert "blocked by bone (300 of 300)" in why
    said = "the needle enters the dura by 1.0 mm"
    hurt = Metric("dura untouched", -1.0, "mm", "> 0", False, said)
    head, why = headline(replace(run, score=Score((hurt,), (), None)))
    assert head == "A safety gate failed"
    assert f"Dura untouched: {said}" in why
    dark = replace(hurt, passed=None)
    assert headline(replace(run, score=Score((dark,), (), None)))[0] == "Not scored"


def test_giving_up_is_told_with_its_reason_and_its_worth(given_up):
    head, why = headline(given_up)
    assert head == "Given up, rightly"
    assert why.startswith("Aspiration brings blood. 40 of 100: every safety gate holds")
    idle = replace(given_up, record=replace(given_up.record, justified=False))
    assert headline(idle)[0] == "Given up without a reason"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3725.0, "62:05")]
)
def test_times_are_minutes_and_seconds(seconds, text):
    assert time_said(seconds) == text


def test_what_is_seen_of_contrast_and_what_it_is_are_words():
    assert seen_said(None) == "no contrast"
    assert seen_said("vascular") == "contrast that runs off"
    assert pattern_said("intra_articular") == "intra-articular"
    assert pattern_said("soft_tissue") == "soft tissue"


def test_a_missed_metric_is_named(run):
    missed = Metric("axis to nerve", 20.0, "deg", "<= 15", False, "why")
    _, below = headline(replace(run, score=Score((), (missed,), 70.0)))
    assert below == "Every safety gate holds. Not met: axis to nerve."


def test_sentences_and_patients(run):
    assert sentence("tilt reduced by 4°") == "Tilt reduced by 4°."
    assert sentence("done!") == "Done!"
    assert sentence("  ") == ""
    assert patient_of(run) == "phantom block"
    inferred = {n: replace(s, provenance="inferred") for n, s in run.anatomy.structures.items()}
    fitted = replace(run.anatomy, structures=inferred, fit_rms_mm={"L5": 1.64})
    assert patient_of(replace(run, anatomy=fitted)) == "CT block"
    said_of = origin_of(replace(run, anatomy=fitted)).replace("\N{NO-BREAK SPACE}", " ")
    assert said_of == ("inferred: dura, roots, medial branches; surface RMS of the fit: L5 1.6 mm")
    bare = replace(run.anatomy, structures={})
    assert origin_of(replace(run, anatomy=bare)) == ""


@pytest.mark.parametrize(
    ("total", "text"), [(100.0, "100"), (99.6, "99"), (99.999, "99"), (0, "0")]
)
def test_only_a_true_100_is_said_as_100(total, text):
    assert total_said(total) == text


def test_vessels_are_named_in_words():
    assert plain_name("inferior_vena_cava") == "inferior vena cava"
    assert (
        plain("blocked by iliac_vena_right (3 of 4)")
        == "blocked by right common iliac vein (3 of 4)"
    )
    assert plain("read vertebrae_L5.nii.gz, 25 % of snake_case") == (
        "read vertebrae_L5.nii.gz, 25 % of snake_case"
    )


def test_weighty_notes_come_first_and_none_is_lost_uncounted():
    notes = [
        "the table was turned into air",
        *(f"note {n}" for n in range(8)),
        "nerves are inferred",
        "hazards are unknown",
        "nerves are inferred",
    ]
    shown, left = weighed_notes(notes)
    assert shown[:3] == ("hazards are unknown", "nerves are inferred", "note 0")
    assert (len(shown), left) == (8, 3)


def test_by_hand_nothing_inserted_is_no_blocked_path(blocked):
    by_hand = replace(blocked, record=Record(allowed_s=60.0), blocked="no needle was inserted")
    assert headline(by_hand)[0] == "No needle inserted"
    early = replace(by_hand, record=Record(allowed_s=60.0, abort="the patient moves"),
                    score=Score((), (), 10.0, "aborted"))  # fmt: skip
    assert headline(early)[0] == "Given up without a reason"
    assert "the patient moves" in headline(early)[1].lower()
