"""`write_report`: a run as one HTML file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from needle_sim.instruments.needle import Needle
from needle_sim.procedures.procedure import Limits
from needle_sim.rehearsal.runner import Run, View
from needle_sim.rehearsal.scoring import Metric
from needle_sim.views.display import Display, angles_in_words
from needle_sim.views.markup import Html, join, listed, page, picture, table, tag
from needle_sim.views.pictures import pictures
from needle_sim.views.style import STYLE
from needle_sim.views.wording import (
    NOT_CLINICAL,
    headline,
    limit_said,
    patient_of,
    said,
    sentence,
    verdict_of,
)

_EXTENT_WORDS = {
    "45c": ("peak over 45 °C", "nerves begin to suffer; shown for orientation"),
    "50c": ("peak over 50 °C", "uncertain: may or may not be coagulated, not counted as covered"),
    "55c": ("peak over 55 °C", "inside the uncertain band"),
    "60c": ("peak over 60 °C", "coagulates within seconds"),
    "cem240": ("CEM43 of 240 min", "thermal dose, usual mark for muscle"),
    "arrhenius_muscle": ("Arrhenius, muscle", "63 % of the protein denatured"),
    "arrhenius_liver": ("Arrhenius, liver", "63 % of the protein denatured"),
    "arrhenius_skin": ("Arrhenius, skin", "63 % of the protein denatured"),
    "conservative": ("conservative boundary", "where 60 °C, CEM43 and Arrhenius agree: scored"),
}


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
        _score_section(run),
        _views_section(run, drawn),
        _plan_section(run, drawn),
        _heat_section(run, drawn),
        _lesion_section(run, drawn),
        _hottest_section(run),
        _unverified_section(run),
        _again_section(run),
        banner,
    ]
    return page(f"{run.procedure.title}: {run.in_words}", STYLE, tag("main", *parts))


def _header(run: Run) -> Html:
    facts = [f"Patient: {patient_of(run)}", f"seed {run.seed}"]
    if run.version:
        facts.append(f"needle_sim {run.version}")
    return tag(
        "header",
        tag("p", run.procedure.title, class_="kicker"),
        tag("h1", sentence(run.in_words).removesuffix(".")),
        tag("p", sentence(run.procedure.summary), class_="lead"),
        tag("p", " · ".join(facts), class_="faint"),
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
    mark = tag("span", sign, class_=_kind(gate.passed), aria_label=word)
    value = "" if gate.value is None else f" {said(gate.value, gate.unit)}"
    return join((mark, " ", tag("b", gate.name), f"{value}, limit {limit_said(gate)}"))


def _kind(passed: bool | None) -> str:
    return {True: "sign good", False: "sign bad", None: "sign unknown"}[passed]


def _notes(run: Run) -> Html:
    if not run.notes:
        return Html("")
    lines = listed(sentence(note) for note in dict.fromkeys(run.notes))
    return tag("section", tag("h2", "Read this first"), lines, class_="notes")


def _score_section(run: Run) -> Html:
    rows = [_metric_row(one) for one in (*run.score.gates, *run.score.metrics)]
    if not rows:
        return Html("")
    return _section("Score", table(("What", "Value", "Limit", "Met"), rows))


def _metric_row(one: Metric) -> tuple[str, ...]:
    sign, word = verdict_of(one.passed)
    name = join((one.name, tag("small", sentence(one.reason))))
    mark = join((tag("span", sign, class_=_kind(one.passed)), f" {word}"))
    return name, said(one.value, one.unit), limit_said(one), mark


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
    return _section("Views", tag("p", how, class_="faint"), tag("div", *shots, class_="grid"))


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


def _plan_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    shots = tag("div", *_ct_pictures(drawn), class_="grid")
    if run.plan is None:
        rows = [("Target", _point(run.target.centre_mm))]
        return _section("Plan", shots, table(("What", "Value"), rows))
    plan = run.plan
    barrel = {view.name: view for view in run.views}.get("barrel")
    rows = [
        ("Skin entry, patient LPS", _point(plan.entry_mm)),
        ("Tip, patient LPS", _point(plan.tip_mm)),
        ("Target, patient LPS", _point(run.target.centre_mm)),
        ("Tip to target", said(plan.target_error_mm, "mm")),
        ("Depth, skin to tip", said(plan.depth_mm, "mm")),
        ("Electrode to nerve", said(plan.axis_to_nerve_deg, "deg")),
        ("Needle", _needle(plan.placed.needle)),
    ]
    if barrel is not None:
        rows.append(("Down the needle", angles_in_words(barrel.orbital_deg, barrel.tilt_deg)))
    rows.append(("Paths tried", f"{plan.tried}, of which {sum(plan.rejected.values())} rejected"))
    clear = [(name, said(gap, "mm")) for name, gap in sorted(plan.clearance_mm.items())]
    lost = [
        (name, str(count)) for name, count in sorted(plan.rejected.items(), key=lambda o: -o[1])
    ]
    return _section(
        "Plan",
        shots,
        table(("What", "Value"), rows),
        table(("Clearance of the needle's surface from", "Least"), clear),
        *([table(("Rejected because of", "Paths"), lost)] if lost else []),
    )


def _ct_pictures(drawn: Mapping[str, bytes]) -> list[Html]:
    said_of = {
        "ct_axial.png": "Axial CT through the target, seen from the feet",
        "ct_along_needle.png": "CT upright along the needle",
    }
    key = "Solid in the slice, dashed where projected onto it."
    return [
        picture(drawn[name], alt=words, caption=join((tag("b", words), tag("span", key))))
        for name, words in said_of.items()
        if name in drawn
    ]


def _needle(needle: Needle) -> str:
    return f"{needle.gauge} G, {needle.length_mm:g} mm long, active tip {needle.active_tip_mm:g} mm"


def _point(point_mm: NDArray[np.float64]) -> str:
    return ", ".join(said(float(value), digits=1) for value in point_mm) + " mm"


def _heat_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    if "heat.png" not in drawn:
        return Html("")
    words = "Temperature at the sensor, power and impedance over time"
    shot = picture(drawn["heat.png"], alt=words, caption=words, class_="wide")
    return _section("Heat", shot)


def _lesion_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    if run.lesion is None:
        return Html("")
    rows = []
    for key, extent in run.lesion.extents.items():
        name, meaning = _EXTENT_WORDS.get(key, (key, ""))
        label = join((name, tag("small", sentence(meaning)))) if meaning else name
        share = "unknown" if extent.nerve_share is None else f"{100 * extent.nerve_share:.0f} %"
        rows.append(
            (
                label,
                said(extent.volume_mm3, "mm³", digits=0),
                f"{said(extent.width_mm, digits=1)} × {said(extent.length_mm, 'mm')}",
                said(extent.nerve_mm, "mm"),
                share,
            )
        )
    heads = ("Boundary", "Volume", "Width × length", "Nerve inside", "Share of nerve")
    band = (
        "The band between 50 °C and the conservative boundary is uncertain: tissue there may or "
        "may not be coagulated. It is shown hatched and never counted as covered."
    )
    words = "The lesion along and across the needle"
    shots = [picture(drawn["lesion.png"], alt=words, caption=words, class_="wide")]
    return _section("Lesion", tag("p", band), *shots, table(heads, rows))


def _hottest_section(run: Run) -> Html:
    if not run.temperature_max_c:
        return Html("")
    hot = sorted(run.temperature_max_c.items(), key=lambda item: -item[1])
    limits = run.procedure.limits
    rows = [(name, said(value, "°C"), _heat_limit(name, limits)) for name, value in hot]
    return _section("Hottest points", table(("Structure", "Peak", "Limit"), rows))


def _heat_limit(name: str, limits: Limits) -> str:
    key = "root_c" if name.endswith(" root") else {"dura": "dura_c", "tissue": "tissue_c"}.get(name)
    return "–" if key is None else f"≤ {getattr(limits, key):g} °C"


def _unverified_section(run: Run) -> Html:
    if not run.unverified:
        return Html("")
    why = "This score rests on numbers that were not checked against their source yet:"
    return _section("Unverified numbers", tag("p", why), listed(run.unverified, class_="fine"))


def _again_section(run: Run) -> Html:
    lines = [f"needle_sim {run.version}" if run.version else "needle_sim", f"seed {run.seed}"]
    command = [tag("pre", tag("code", run.command))] if run.command else []
    return _section("Do it again", *command, tag("p", " · ".join(lines), class_="faint"))


def _section(title: str, *inner: str) -> Html:
    return tag("section", tag("h2", title), *inner)
