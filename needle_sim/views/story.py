"""Sections of the report on what was done: steps, pictures, contrast and drug, sonogram."""

from __future__ import annotations

from collections.abc import Mapping

from needle_sim.rehearsal.record import Event, Shot
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.views.display import Display
from needle_sim.views.marker import angles_in_words
from needle_sim.views.markup import Html, join, picture, section, table, tag
from needle_sim.views.overview import base_name, with_depth
from needle_sim.views.sonography import beam_in_words
from needle_sim.views.timeline import WORDS
from needle_sim.views.wording import pattern_said, plain, said, seen_said, sentence, time_said

_PLACES = {
    "epidural": "into the epidural space",
    "vascular": "into a vessel",
    "intrathecal": "into the dural sac",
    "intra_articular": "into the joint",
    "intradiscal": "into the disc",
    "soft_tissue": "into soft tissue",
    "nerve": "into a nerve",
}
_TO = {"danger": "to the danger depth", "target": "to the target"}
_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}


def way_section(run: Run) -> Html:
    """Which way in was taken, and why, where a procedure has more than one."""
    recipe = run.procedure
    if not recipe.variants:
        return Html("")
    why = f"Because {recipe.because}."
    if recipe.because is None:
        others = "; ".join(f"{one.name} at {', '.join(one.levels)}" for one in recipe.variants)
        why = f"Others: {others}."
    said_of = f"Way in: {recipe.variant}."
    return tag("p", tag("b", said_of), f" {why}", class_="way")


def steps_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    """Every step in order with time, depth and what was seen."""
    events = run.record.events
    if not events:
        return Html("")
    rows = [_step(run, number, event) for number, event in enumerate(events, start=1)]
    shots = []
    if "steps.png" in drawn:
        words = "Depth of the tip over time; the numbers are those of the table"
        shots = [picture(drawn["steps.png"], alt=words, caption=words + ".", class_="wide")]
    heads = ("Step", "Time", "Depth", "Seen")
    return section("Step by step", *shots, table(heads, rows))


def _step(run: Run, number: int, event: Event) -> tuple[str, ...]:
    disc = tag("span", str(number), class_=f"step {event.do}", aria_hidden="true")
    beyond = [] if event.required else [tag("span", " beyond the recipe", class_="faint")]
    what = join((disc, " ", _what(run, event), *beyond))
    return what, time_said(event.t_s), said(event.depth_mm, "mm", digits=0), _seen(run, event)


def _what(run: Run, event: Event) -> str:
    detail, words = event.detail, WORDS[event.do].capitalize()
    titles = {one.name: one.title for one in run.procedure.views}
    if event.do == "view":
        return titles.get(detail.get("view", ""), words)
    if event.do == "advance" and detail.get("to"):
        return f"{words} {_TO[detail['to']]}"
    if event.do == "contrast":
        mode, view = _MODES[detail["mode"]], titles.get(detail.get("view", ""), "")
        return f"{words}, {_dose(event)}, {mode}{', ' if view else ''}{view}"
    if event.do == "inject":
        return f"{words}, {_dose(event)}"
    return words


def _dose(event: Event) -> str:
    agent = str(event.detail["agent"]).replace("_", " ")
    return f"{event.detail['volume_ml']:g} mL {agent}"


def _seen(run: Run, event: Event) -> str:
    detail = event.detail
    if event.do == "view":
        danger, limit = run.procedure.danger, run.record.danger_of(event.needle_pass)
        checks = danger is not None and detail.get("view") == danger.view and limit is not None
        checked = checks and limit is not None and event.depth_mm <= limit + 0.05
        dose = said(event.kap_ugy_m2, "µGy·m²") if event.kap_ugy_m2 else "–"
        return f"depth checked before the danger; {dose}" if checked else dose
    if event.do == "contrast":
        return f"{seen_said(detail['seen'])}; {pattern_said(detail['pattern'])}"
    if event.do == "inject":
        return _PLACES.get(detail["pattern"], pattern_said(detail["pattern"]))
    if event.do == "fluoro" and event.kap_ugy_m2:
        return f"{event.said.split(', ')[-1]}; {said(event.kap_ugy_m2, 'µGy·m²')}"
    return {"aspirate": event.said, "redirect": event.said, "abort": event.said}.get(event.do, "–")


def views_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    """Each picture in order, with its depth, angles, side and dose."""
    names = [one.name for one in run.procedure.views]
    shots = [
        picture(drawn[f"view_{view.name}.png"], alt=_alt(view), caption=_caption(run, view, names))
        for view in run.views
        if f"view_{view.name}.png" in drawn
    ]
    none = "none was inserted" if run.record.allowed_s is not None else "there is no safe path"
    without = "" if run.placed is not None else f" No needle: {none}."
    how = (
        "Dark bone, head up, seen from behind with the patient's left on the left; a lateral is "
        "seen from the detector. Each picture carries a lead letter; the bar is 20 mm at the "
        f"isocentre.{without}"
    )
    if not shots and run.record.allowed_s is not None:
        how = "No picture was taken."
    return section("Pictures", tag("p", how, class_="faint"), tag("div", *shots, class_="grid"))


def _alt(view: View) -> str:
    angles = angles_in_words(view.orbital_deg, view.tilt_deg)
    return f"Simulated fluoroscopy, {with_depth(view)}, {angles}"


def _caption(run: Run, view: View, names: list[str]) -> Html:
    shot = view.radiograph
    words = Display.for_prone(shot).marker_at(shot).words
    lines = [
        f"{sentence(angles_in_words(view.orbital_deg, view.tilt_deg))} {sentence(words)}",
        f"{shot.beam.kvp:.3g} kV, {shot.beam.mas:.3g} mAs, "
        f"{shot.kap_ugy_m2:.3g} µGy·m², {shot.kerma_mgy:.3g} mGy.",
    ]
    danger, limit = run.procedure.danger, run.record.danger_mm
    before = limit is not None and view.depth_mm is not None and view.depth_mm <= limit + 0.05
    if danger is not None and before and base_name(view, names) == danger.view:
        lines.append(sentence(f"the depth view: {danger.why}"))
    if view.name == "barrel":
        lines.append("Taken for this report alone; not a step.")
    note = [tag("em", sentence(view.note))] if view.note else []
    return join((tag("b", with_depth(view)), tag("span", " ".join(lines)), *note))


def contrast_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    """Contrast as it was seen and as it lies, and the drug."""
    injected = [event for _, event in run.record.of("inject")]
    if not run.shots and not injected:
        return Html("")
    shots = []
    for number, shot in enumerate(run.shots, start=1):
        if f"contrast_{number}.png" in drawn:
            data = drawn[f"contrast_{number}.png"]
            shots.append(picture(data, alt=shot.title, caption=_told(shot), class_="wide"))
    rows = [_shot_row(shot) for shot in run.shots]
    heads = ("Contrast", "Volume", "Iodine", "Pattern", "Seen", "Up, down")
    drug = [
        (_dose(one), _PLACES.get(one.detail["pattern"], ""), time_said(one.t_s)) for one in injected
    ]
    parts = [table(heads, rows)] if rows else []
    parts += [table(("Injected", "Where it went", "Done at"), drug)] if drug else []
    parts += [] if drug else [tag("p", "No drug was injected.")]
    return section("Contrast and drug", *shots, *parts)


def _told(shot: Shot) -> Html:
    seconds = "" if shot.run is None else f" {len(shot.run.frames)} pictures, "
    dose = "" if shot.run is None else f"{said(shot.run.kap_ugy_m2, 'µGy·m²')}."
    words = (
        f"An observer of these pictures alone sees {seen_said(shot.seen)}; the pattern is "
        f"{pattern_said(shot.spread.pattern)}.{seconds}{dose}"
    )
    notes = [tag("em", sentence(plain(note))) for note in shot.spread.notes]
    return join((tag("b", shot.title), tag("span", words), *notes))


def _shot_row(shot: Shot) -> tuple[str, ...]:
    found = shot.spread
    cranial, caudal = found.reach_mm
    return (
        found.agent.name.replace("_", " "),
        said(found.volume_ml, "mL", digits=2),
        said(found.iodine_mg, "mg", digits=0),
        pattern_said(found.pattern),
        seen_said(shot.seen),
        f"{cranial:.0f}, {said(caudal, 'mm', digits=0)}",
    )


def sonogram_section(run: Run, drawn: Mapping[str, bytes]) -> Html:
    """The needle as a probe beside it would show it."""
    if run.sonogram is None or "sonogram.png" not in drawn:
        return Html("")
    probe = run.sonogram.probe
    beam = run.sonogram.patient_from_probe.turn([0.0, 0.0, 1.0])
    words = (
        f"{probe.kind.capitalize()} probe, {probe.frequency_mhz:g} MHz, beam "
        f"{beam_in_words(beam)}. Yellow dashes run on either side of the needle's true place, "
        "a ring is about its tip, whether or not the picture shows it. For orientation: this "
        "procedure is guided by fluoroscopy."
    )
    alt = "Simulated ultrasound in the plane of the needle"
    caption = join((tag("b", "Needle in plane"), tag("span", words)))
    return section("Ultrasound", picture(drawn["sonogram.png"], alt=alt, caption=caption))
