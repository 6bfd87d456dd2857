"""Every step, picture and injection is told as it was done."""

from __future__ import annotations

from dataclasses import replace

from needle_sim.procedures.procedure import Procedure
from needle_sim.views.story import (
    contrast_section,
    sonogram_section,
    steps_section,
    views_section,
    way_section,
)
from tests.rehearsal.attempts import GOOD, ORDERED, told
from tests.views.test_tables import rows

DRUG = f"{ORDERED['volume_ml']:g} mL {ORDERED['agent']}"


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def table_of(section: str) -> list[list[str]]:
    return [[plain(cell) for cell in row] for row in rows(section)]


def test_each_event_is_a_row_with_time_depth_and_what_was_seen(injected):
    found = table_of(steps_section(injected, {}))
    assert found[0] == ["Step", "Time", "Depth", "Seen"]
    assert len(found) == 1 + len(injected.record.events)
    assert found[3] == ["3 Advance", "0:30", "56 mm", "–"]
    assert found[8][0] == "8 Contrast, 1.5 mL iohexol 240, live, AP, tilted into the window"
    assert found[8][3] == "contrast that stays; epidural"
    assert found[10] == [f"10 Injection, {DRUG}", "1:40", "66 mm", "into the epidural space"]


def test_the_view_that_checks_the_depth_says_so_and_a_later_one_does_not(injected):
    found = table_of(steps_section(injected, {}))
    checks = [row[3] for row in found if row[0].endswith("Contralateral oblique")]
    assert checks == ["depth checked before the danger; 5.0 µGy·m²", "5.0 µGy·m²"]


def test_what_the_recipe_did_not_ask_for_is_marked(injected):
    events = told(*GOOD, ("view", "ap", "extra"))
    record = replace(injected.record, events=events)
    found = table_of(steps_section(replace(injected, record=record), {}))
    marked = [row[0] for row in found if "beyond the recipe" in row[0]]
    assert marked == ["11 AP, tilted into the window beyond the recipe"]


def test_nothing_done_has_no_section(blocked):
    assert steps_section(blocked, {}) == ""
    assert contrast_section(blocked, {}) == ""
    assert sonogram_section(blocked, {}) == ""


def test_pictures_come_in_order_with_their_depth_and_dose(injected):
    drawn = {f"view_{view.name}.png": b"x" for view in injected.views}
    found = plain(views_section(injected, drawn))
    titles = [
        "AP, tilted into the window at 5 mm",
        "Contralateral oblique at 56 mm",
        "Contralateral oblique at 66 mm",
        "Lateral at 66 mm",
    ]
    places = [found.index(f"<b>{title}</b>") for title in titles]
    assert places == sorted(places)
    assert found.count("The depth view:") == 1  # the one before the danger
    assert found.count("µGy·m²") == len(titles)


def test_the_picture_down_the_needle_is_told_to_be_no_step(run):
    drawn = {f"view_{view.name}.png": b"x" for view in run.views}
    assert views_section(run, drawn).count("not a step") == 1


def test_contrast_is_told_as_seen_and_as_it_lies(injected):
    found = table_of(contrast_section(injected, {}))
    contrast, drug = found[1], found[3]
    assert contrast[:3] == ["iohexol 240", "1.50 mL", "360 mg"]
    assert contrast[3] == "epidural"
    assert drug == [DRUG, "into the epidural space", "1:40"]
    told_of = plain(contrast_section(injected, {"contrast_1.png": b"x"}))
    said = "An observer of these pictures alone sees contrast that stays; the pattern is epidural."
    assert said in told_of


def test_without_a_drug_that_is_said(given_up, injected):
    assert contrast_section(given_up, {}) == ""
    events = tuple(event for event in injected.record.events if event.do != "inject")
    record = replace(injected.record, events=events)
    found = contrast_section(replace(injected, record=record), {})
    assert "No drug was injected." in found


def test_a_sonogram_says_that_it_is_for_orientation(injected):
    found = sonogram_section(injected, {"sonogram.png": b"x"})
    assert "3.5 MHz" in found
    assert "guided by fluoroscopy" in found
    assert sonogram_section(injected, {}) == ""


def test_another_way_in_is_told_with_its_reason_and_the_usual_one_with_the_others(run, injected):
    recipe = Procedure.preset("transforaminal-epidural")
    other = way_section(replace(injected, procedure=recipe.at("L1-L2")))
    assert "Way in: infraneural." in other
    assert "radiculomedullary artery" in other
    usual = way_section(replace(injected, procedure=recipe.at("L4-L5")))
    assert "Way in: supraneural." in usual
    assert "infraneural at T12-L1, L1-L2" in usual
    assert way_section(run) == ""
