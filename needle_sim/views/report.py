"""`write_report`: a run as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.views.display import Display
from needle_sim.views.marker import angles_in_words
from needle_sim.views.markup import Html, join, listed, page, picture, tag
from needle_sim.views.pictures import pictures
from needle_sim.views.style import STYLE
from needle_sim.views.tables import (
    heat_section,
    hottest_section,
    lesion_section,
    plan_section,
    score_section,
    section,
    sign_class,
)
from needle_sim.views.wording import (
    NOT_CLINICAL,
    headline,
    limit_said,
    origin_of,
    patient_of,
    sentence,
    value_said,
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
        score_section(run),
        _views_section(run, drawn),
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
    good = run.score.total is not None
    gates = listed((_gate_line(one) for one in run.score.gates), class_="gates")
    return tag(
        "section",
        tag("div", tag("p", head, class_="total"), tag("p", below)),
        gates,
        class_="verdict good" if good else "verdict bad",
        aria_label="Verdict",
    )


def _gate_line(gate: Metric) -> Html:
    sign, word = verdict_of(gate.passed)
    mark = tag("span", sign, class_=sign_class(gate.passed), aria_label=word)
    value = f" {value_said(gate)}"
    return join((mark, " ", tag("b", gate.name), f"{value}, limit {limit_said(gate)}"))


def _notes(run: Run) -> Html:
    if not run.notes:
        return Html("")
    shown, left = weighed_notes(run.notes)
    more = [f"And {left} more in result.json."] if left else []
    lines = listed([*map(sentence, shown), *more])
    return tag("section", tag("h2", "Read this first"), lines, class_="notes")


def _views_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    shots = [
        picture(drawn[f"view_{view.name}.png"], alt=_alt(view), caption=_caption(view))
        for view in run.views
        if f"view_{view.name}.png" in drawn
    ]
    without = "" if run.plan is not None else " No needle: there is no safe path."
    how = (
        "Dark bone, head up, seen from behind with the patient's left on the left; a lateral is "
        "seen from the detector. Each picture carries a lead letter; the bar is 20 mm at the "
        f"isocentre.{without}"
    )
    return section("Views", tag("p", how, class_="faint"), tag("div", *shots, class_="grid"))


def _alt(view: View) -> str:
    return (
        f"Simulated fluoroscopy, {view.title}, {angles_in_words(view.orbital_deg, view.tilt_deg)}"
    )


def _caption(view: View) -> Html:
    shot = view.radiograph
    words = Display.for_prone(shot).marker_at(shot).words
    lines = [
        f"{sentence(angles_in_words(view.orbital_deg, view.tilt_deg))} {sentence(words)}",
        f"{shot.beam.kvp:g} kV, {shot.beam.mas:.3g} mAs, "
        f"{shot.kap_ugy_m2:.3g} µGy·m², {shot.kerma_mgy:.3g} mGy.",
    ]
    note = [tag("em", sentence(view.note))] if view.note else []
    return join((tag("b", view.title), tag("span", " ".join(lines)), *note))


def _unverified_section(run: Run) -> Html:
    if not run.unverified:
        return Html("")
    why = "This score rests on numbers that were not checked against their source yet:"
    return section("Unverified numbers", tag("p", why), listed(run.unverified, class_="fine"))


def _again_section(run: Run) -> Html:
    lines = [f"needle_sim {run.version}" if run.version else "needle_sim", f"seed {run.seed}"]
    command = [tag("pre", tag("code", run.command))] if run.command else []
    return section("Do it again", *command, tag("p", " · ".join(lines), class_="faint"))
