"""The report is one safe file that leaves nothing out."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from needle_sim.procedures.procedure import Procedure
from needle_sim.views.pictures import pictures
from needle_sim.views.report import report_html, write_report


class Page(HTMLParser):
    """Tags, links and visible text of a page; complains about tags that do not close."""

    void = frozenset({"meta", "img"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data.replace("\N{NO-BREAK SPACE}", " ") + "\n"


@pytest.fixture(scope="module")
def page(run, drawn) -> Page:
    """The report of the run, read."""
    return Page(report_html(run, drawn))


def test_it_needs_no_script_and_no_network(page):
    assert not set(page.tags) & {"script", "link", "iframe", "object", "form"}
    assert page.links
    assert all(link.startswith("data:image/png;base64,") for link in page.links)


def test_it_says_what_it_is_not_for_at_both_ends(page):
    lines = [line for line in page.words.splitlines() if line.strip()]
    assert "Not for clinical use" in lines[1]  # after the title
    assert "Not for clinical use" in lines[-1]


def test_target_verdict_gates_metrics_and_reasons_are_there(run, page):
    assert run.in_words[1:] in page.words
    assert f"{math.floor(run.score.total)} of 100" in page.words
    for one in (*run.score.gates, *run.score.metrics):
        assert one.name in page.words
        assert one.reason[1:] in page.words


def test_every_view_comes_with_its_side_in_words(run, page):
    assert page.words.count("R: the patient's right is on this side") == 3
    assert "R: lateral, the patient's right nearest the detector" in page.words
    assert len(page.links) == len(run.views) + 5  # steps, two slices, heat, lesion


def test_notes_unverified_numbers_and_the_way_to_repeat_it(run, page):
    assert '"quotes"' in page.words
    assert "<note>" in page.words  # as text, not as a tag
    assert "note" not in page.tags
    assert "limits.root_c = 45: from <memory>" in page.words
    assert run.command in page.words
    assert "seed 7" in page.words


def test_a_blocked_run_says_what_blocks_and_shows_the_patient(blocked):
    page = Page(report_html(blocked, pictures(blocked)))
    assert "No safe path" in page.words
    assert "blocked by bone (300 of 300)" in page.words
    assert "No needle: there is no safe path." in page.words
    assert "nothing was inserted or heated" in page.words
    assert len(page.links) == 3
    assert "Lesion" not in page.words
    assert "Step by step" not in page.words


def test_an_injection_is_told_from_step_to_score_without_a_word_of_heat(injected):
    page = Page(report_html(injected, pictures(injected)))
    for one in ("Step by step", "Pictures", "Contrast and drug", "Ultrasound", "Needle and plan"):
        assert one in page.words
    assert "Outcome: completed." in page.words
    assert "Contralateral oblique at 56 mm" in page.words
    low = page.words.lower()
    assert not [word for word in ("lesion", "electrode", "active tip", "heated") if word in low]
    assert len(page.links) == len(injected.views) + 5  # steps, contrast, sonogram, two slices


def test_an_attempt_that_was_given_up_says_why_and_what_it_is_worth(given_up):
    page = Page(report_html(given_up, pictures(given_up)))
    assert "Given up, rightly" in page.words
    assert "Aspiration brings blood. 40 of 100" in page.words
    assert "Outcome: given up." in page.words
    assert "one given up without a reason 10" in page.words


def test_why_a_way_in_was_taken_is_said_once(injected):
    recipe = Procedure.preset("transforaminal-epidural").at("L1-L2")
    note = f"{recipe.variant}: {recipe.because}"
    page = Page(report_html(replace(injected, procedure=recipe, notes=(note,)), {}))
    assert page.words.count("radiculomedullary artery may enter") == 1
    assert "Way in: infraneural." in page.words


def test_hostile_text_stays_text(run):
    nasty = "<script>alert(1)</script>\" onload='x'"
    recipe = replace(run.procedure, unverified=(nasty,))
    changed = replace(run, procedure=recipe, in_words=nasty, command=nasty, notes=(nasty,))
    page = Page(report_html(changed, {}))
    assert "script" not in page.tags
    assert page.words.count(nasty[1:]) >= 4


def test_it_is_written_with_the_pictures_it_is_given(run, tmp_path):
    path = write_report(run, tmp_path, drawn={"heat.png": b"abc"})
    assert path == tmp_path / "report.html"
    text = path.read_text(encoding="utf-8")
    assert re.findall(r'src="([^"]+)"', text) == ["data:image/png;base64,YWJj"]
