"""Sections of the report that are tables: score, plan, heat, lesion, hottest points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.procedures.limits import Limits
from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.run import Run
from needle_sim.thermal.history import HeatHistory
from needle_sim.views.marker import angles_in_words
from needle_sim.views.markup import Html, join, picture, section, table, tag
from needle_sim.views.wording import (
    limit_said,
    plain,
    plain_name,
    said,
    sentence,
    value_said,
    verdict_of,
)

_EXTENT_WORDS = {
    "45c": ("peak over 45 °C", "the limit kept for roots and dura; for orientation"),
    "50c": ("peak over 50 °C", "uncertain: may or may not be coagulated, not counted as covered"),
    "55c": ("peak over 55 °C", "inside the uncertain band"),
    "60c": ("peak over 60 °C", "coagulates within seconds"),
    "cem240": ("CEM43 of 240 min", "thermal dose, usual mark for muscle"),
    "arrhenius_muscle": ("Arrhenius, muscle", "63 % of the protein denatured"),
    "arrhenius_liver": ("Arrhenius, liver", "63 % of the protein denatured"),
    "arrhenius_skin": ("Arrhenius, skin", "63 % of the protein denatured"),
    "conservative": ("conservative boundary", "where 60 °C, CEM43 and Arrhenius agree: scored"),
}


_RANKS = {
    "Gates": "Each must hold, or there is no total, whatever else was good.",
    "Quality": "How well what was meant was done, against the limits of the procedure.",
    "Economy": "What it cost; pictures that the recipe requires cost nothing.",
}


def score_section(run: Run) -> Html:
    """Gates, quality and economy, each with value, limit and reason."""
    score = run.score
    parts: list[Html] = []
    for name, rows in zip(_RANKS, (score.gates, score.quality, score.economy), strict=True):
        if rows:
            found = table(("What", "Value", "Limit", "Met"), [_metric_row(one) for one in rows])
            parts += [tag("h3", name), tag("p", _RANKS[name], class_="faint"), found]
    if not parts:
        return Html("")
    return section("Score", tag("p", _total_told(run)), *parts)


def _total_told(run: Run) -> str:
    total = presets.plain(presets.table("scoring", "total"))
    economy = 100 * total["economy_share"]
    if run.score.outcome == "aborted":
        right, idle = total["justified_abort"], total["abort"]
        return (
            f"An attempt given up for what was seen is worth {right:g} of 100, one given up "
            f"without a reason {idle:g}; a failed one has no total."
        )
    if run.score.total is None:
        return "There is no total, because not every gate holds."
    return (
        f"Quality counts for {100 - economy:g} % of the total and economy for {economy:g} %; a "
        "missed limit costs at least half of its weight."
    )


def _metric_row(one: Metric) -> tuple[str, ...]:
    sign, word = verdict_of(one.passed)
    name = join((one.name, tag("small", sentence(plain(one.reason)))))
    mark = join((tag("span", sign, class_=sign_class(one.passed)), f" {word}"))
    return name, value_said(one), limit_said(one), mark


def sign_class(passed: bool | None) -> str:
    return {True: "sign good", False: "sign bad", None: "sign unknown"}[passed]


def plan_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    shots = tag("div", *_ct_pictures(drawn), class_="grid")
    if run.plan is None or run.placed is None:
        rows = [("Target", _point(run.target.centre_mm))]
        return section("Plan", shots, table(("What", "Value"), rows))
    plan, rows = run.plan, _needle_rows(run, run.placed)
    rows.append(("Paths tried", f"{plan.tried}, of which {sum(plan.rejected.values())} rejected"))
    gaps = run.record.clearance_mm or plan.clearance_mm
    nearest = sorted(gaps.items(), key=lambda item: item[1])
    clear = [(plain_name(name), said(gap, "mm")) for name, gap in nearest]
    lost = [
        (plain_name(name), str(count))
        for name, count in sorted(plan.rejected.items(), key=lambda o: -o[1])
    ]
    return section(
        "Needle and plan",
        shots,
        table(("What", "Value"), rows),
        tag(
            "div",
            table(("Clearance of the needle's surface from", "Least"), clear),
            *([table(("Rejected because of", "Paths"), lost)] if lost else []),
            class_="grid",
        ),
    )


def _needle_rows(run: Run, placed: PlacedNeedle) -> list[tuple[str, str]]:
    """Where the needle came to lie."""
    path, centre = placed.trajectory, run.target.centre_mm
    rows = [
        ("Skin entry, patient LPS", _point(path.entry_mm)),
        ("Tip, patient LPS", _point(path.tip_mm)),
        ("Target, patient LPS", _point(centre)),
        ("Tip to target", said(float(np.linalg.norm(path.tip_mm - centre)), "mm")),
        ("Depth, skin to tip", said(path.depth_mm, "mm")),
        ("Needle", _needle(placed.needle)),
    ]
    if run.plan is not None and run.plan.axis_to_nerve_deg is not None:
        rows.append(("Electrode to nerve", said(run.plan.axis_to_nerve_deg, "deg")))
    barrel = {view.name: view for view in run.views}.get("barrel")
    if barrel is not None:
        rows.append(("Down the needle", angles_in_words(barrel.orbital_deg, barrel.tilt_deg)))
    if run.record.passes > 1:
        rows.append(("Passes", str(run.record.passes)))
    return rows


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
    active = f", active tip {needle.active_tip_mm:g} mm" if needle.active_tip_mm else ""
    return f"{needle.gauge} G, {needle.length_mm:g} mm long{active}"


def _point(point_mm: NDArray[np.float64]) -> str:
    return ", ".join(said(float(value), digits=1) for value in point_mm) + " mm"


def heat_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    if run.history is None:
        return Html("")
    words = "Temperature at the sensor, power and impedance over time"
    shots = []
    if "heat.png" in drawn:
        shots = [picture(drawn["heat.png"], alt=words, caption=words, class_="wide")]
    return section("Heat", *shots, table(("What", "Value"), _heat_rows(run.history)))


def _heat_rows(history: HeatHistory) -> list[tuple[str, str]]:
    steps = [
        f"{one.set_c:g} °C for {one.duration_s:g} s after a ramp of {one.ramp_s:g} s"
        for one in history.protocol.steps
    ]
    power, load = history.power_w, history.impedance_ohm
    return [
        ("Protocol", "; then ".join(steps)),
        ("Sensor at the end", said(float(history.sensor_c[-1]), "°C")),
        ("Hottest tissue", said(float(history.hottest_c.max()), "°C")),
        (
            "Power",
            f"{said(float(power.max()), 'W')} at most, {said(float(power[-1]), 'W')} at the end",
        ),
        ("Heat given", said(history.energy.source_j, "J", digits=0)),
        ("Impedance", f"{load[0]:.0f} Ω at the start, {load[-1]:.0f} Ω at the end"),
        ("Energy not accounted for", f"{history.energy.relative_error:.0e} of the heat given"),
    ]


def lesion_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
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
    shots = []
    if "lesion.png" in drawn:
        shots = [picture(drawn["lesion.png"], alt=words, caption=words, class_="wide")]
    return section("Lesion", tag("p", band), *shots, table(heads, rows))


def hottest_section(run: Run) -> Html:
    if not run.temperature_max_c:
        return Html("")
    hot = sorted(run.temperature_max_c.items(), key=lambda item: -item[1])
    limits = run.procedure.limits
    rows = [(plain_name(name), said(value, "°C"), _heat_limit(name, limits)) for name, value in hot]
    return section("Hottest points", table(("Structure", "Peak", "Limit"), rows))


def _heat_limit(name: str, limits: Limits) -> str:
    key = "root_c" if name.endswith(" root") else {"dura": "dura_c", "tissue": "tissue_c"}.get(name)
    return "–" if key is None else f"≤ {getattr(limits, key):g} °C"
