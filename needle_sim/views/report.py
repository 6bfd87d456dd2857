"""`write_report`: a run as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run
from needle_sim.views.markup import Html, join, listed, page, section, tag
from needle_sim.views.pictures import pictures
from needle_sim.views.story import (
    contrast_section,
    sonogram_section,
    steps_section,
    views_section,
    way_section,
)
from needle_sim.views.style import STYLE
from needle_sim.views.tables import (
    heat_section,
    hottest_section,
    lesion_section,
    plan_section,
    score_section,
    sign_class,
)
from needle_sim.views.wording import (
    NOT_CLINICAL,
    OUTCOMES,
    headline,
    origin_of,
    patient_of,
    sentence,
    verdict_of,
    weighed_notes,
)


def write_report(run: Run, folder: Path, *, drawn: Mapping[str, bytes] | None = None) -> Path:
    """Write ``report.html`` into a folder that exists, and return its path.

    ``drawn`` takes the pictures of `pictures`, so that they are drawn once for report and files.
    """
    shots = pictures(run) if drawn is None else drawn
    path = folder / "report.html"
    path.write_text(report_html(run, shots), encoding="utf-8")
    return path


def report_html(run: Run, drawn: Mapping[str, bytes]) -> str:
    """The report as text."""
    banner = tag("p", NOT_CLINICAL, class_="banner", role="note")
    parts = [
        banner,
        _header(run),
        _verdict(run),
        _notes(run),
        way_section(run),
        steps_section(run, drawn),
        views_section(run, drawn),
        contrast_section(run, drawn),
        sonogram_section(run, drawn),
        score_section(run),
        plan_section(run, drawn),
        heat_section(run, drawn),
        lesion_section(run, drawn),
        hottest_section(run),
        _unverified_section(run),
        _again_section(run),
        banner,
    ]
    return page(f"{run.procedure.title}: {run.in_words}", STYLE, tag("main", *parts))


def _header(run: Run) -> Html:
    origin = origin_of(run)
    facts = [f"Patient: {patient_of(run)}", f"seed {run.seed}"]
    if run.version:
        facts.append(f"needle_sim {run.version}")
    return tag(
        "header",
        tag("p", run.procedure.title, class_="kicker"),
        tag("h1", sentence(run.in_words).removesuffix(".")),
        tag("p", sentence(run.procedure.summary), class_="lead"),
        tag("p", " · ".join(facts), class_="faint"),
        *([tag("p", sentence(origin), class_="faint")] if origin else []),
    )


def _verdict(run: Run) -> Html:
    head, below = headline(run)
    kind = {"completed": "good", "aborted": "aborted"}.get(run.score.outcome, "bad")
    kind = "bad" if run.score.total is None else kind
    gates = listed((_gate_line(one) for one in run.score.gates), class_="gates")
    outcome = "" if run.placed is None else f"Outcome: {OUTCOMES[run.score.outcome]}."
    return tag(
        "section",
        tag(
            "div",
            tag("p", head, class_="total"),
            tag("p", below),
            *([tag("p", outcome, class_="faint")] if outcome else []),
        ),
        gates,
        class_=f"verdict {kind}",
        aria_label="Verdict",
    )


def _gate_line(gate: Metric) -> Html:
    sign, word = verdict_of(gate.passed)
    mark = tag("span", sign, class_=sign_class(gate.passed), aria_label=word)
    return join((mark, " ", tag("b", gate.name), f": {gate.reason}"))


def _notes(run: Run) -> Html:
    way = f"{run.procedure.variant}: {run.procedure.because}"  # said under its own heading
    notes = [note for note in run.notes if note != way]
    if not notes:
        return Html("")
    shown, left = weighed_notes(notes)
    more = [f"And {left} more in result.json."] if left else []
    lines = listed([*map(sentence, shown), *more])
    return tag("section", tag("h2", "Read this first"), lines, class_="notes")


def _unverified_section(run: Run) -> Html:
    if not run.unverified:
        return Html("")
    why = "This score rests on numbers that were not checked against their source yet:"
    return section("Unverified numbers", tag("p", why), listed(run.unverified, class_="fine"))


def _again_section(run: Run) -> Html:
    lines = [f"needle_sim {run.version}" if run.version else "needle_sim", f"seed {run.seed}"]
    command = [tag("pre", tag("code", run.command))] if run.command else []
    return section("Do it again", *command, tag("p", " · ".join(lines), class_="faint"))
