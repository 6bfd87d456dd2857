"""Quality: how well what was meant was done; economy: what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from needle_sim.anatomy.target import Target
from needle_sim.geometry.transform import angle_deg
from needle_sim.planning.planner import Plan
from needle_sim.procedures.limits import Limits
from needle_sim.rehearsal.metric import Attempted, Metric, at_least, at_most
from needle_sim.rehearsal.record import Record
from needle_sim.thermal.lesion import Lesion


def quality(attempted: Attempted) -> tuple[Metric, ...]:
    """Target, coverage and angles."""
    plan, record = attempted.plan, attempted.record
    if plan is None or record is None or record.placed is None:
        return ()
    limits = attempted.procedure.limits
    made = [*_placing(attempted, record), *_along_nerve(limits, plan)]
    if attempted.lesion is not None:
        made += _heating(limits, attempted.lesion, attempted.temperature_max_c)
    if limits.patterns and record.of("contrast"):
        made.append(_pattern(limits, record))
    made += _drug(attempted, record)
    return tuple(made)


def _placing(attempted: Attempted, record: Record) -> Iterator[Metric]:
    limits, target, placed = attempted.procedure.limits, attempted.target, record.placed
    if placed is None:
        return
    tip = placed.trajectory.tip_mm
    error = float(((tip - target.centre_mm) ** 2).sum() ** 0.5)
    yield at_most("target error", error, "mm", limits.target_error_mm, "tip to target centre")
    if target.within:
        named = attempted.anatomy.spaces
        out = min(float(named[one].shape.distance_mm(tip[None])[0]) for one in target.within)
        place = _space_said(target)
        why = f"the tip lies in {place}" if out <= 0 else f"the tip lies {out:.1f} mm from {place}"
        yield at_most("tip out of place", max(0.0, out), "mm", target.within_mm, why)
    if limits.approach_deg is not None and attempted.approach is not None:
        turn = angle_deg(placed.trajectory.axis, attempted.approach)
        why = "a needle on the ray of its view is one that can be followed"
        yield at_most("needle off the planned way in", turn, "deg", limits.approach_deg, why)


def _space_said(target: Target) -> str:
    return f"the {target.within[0].replace('_', ' ')}"


def _along_nerve(limits: Limits, plan: Plan) -> Iterator[Metric]:
    if plan.axis_to_nerve_deg is not None and limits.axis_to_nerve_deg is not None:
        why = "a lesion follows the shaft, so the electrode lies along the nerve"
        angle = plan.axis_to_nerve_deg
        yield at_most("axis to nerve", angle, "deg", limits.axis_to_nerve_deg, why)
    if plan.window_share is not None and limits.window_share is not None:
        why = "active tip over the middle two quarters of the lateral neck"
        share = plan.window_share
        yield at_least("active tip over the window", share, "", limits.window_share, why)
    if plan.tip_behind_ventral_mm is not None:
        why = "on the lateral view the tip does not pass the ventral margin of the process"
        yield at_least("tip behind ventral margin", plan.tip_behind_ventral_mm, "mm", 0.0, why)


def _heating(limits: Limits, lesion: Lesion, hottest: Mapping[str, float]) -> list[Metric]:
    made = []
    inside = lesion.extents["conservative"]
    if inside.nerve_share is not None and limits.nerve_share is not None:
        why = (
            f"{inside.nerve_mm:.1f} mm of the nerve lie inside the conservative boundary (60 °C, "
            "CEM43 240 min and Arrhenius muscle, whichever is smallest)"
        )
        name = "nerve share in the lesion"
        made.append(at_least(name, inside.nerve_share, "", limits.nerve_share, why))
    for key, limit, why in (
        ("dura", limits.dura_c, "hottest point of the dural sac"),
        ("tissue", limits.tissue_c, "hottest tissue anywhere; above this it chars and boils"),
    ):
        if key in hottest and limit is not None:
            made.append(at_most(f"hottest {key}", hottest[key], "°C", limit, why))
    return made


def _pattern(limits: Limits, record: Record) -> Metric:
    _, event = record.of("contrast")[-1]
    wanted = " or ".join(one.replace("_", "-") for one in limits.patterns)
    if event.detail.get("seen") is None:
        why = "no contrast was seen in the last pictures of it"
        return Metric("contrast pattern", None, "", wanted, False, why)
    pattern = str(event.detail["pattern"])
    good = pattern in limits.patterns
    said = pattern.replace("_", "-")
    why = f"contrast spread in {'the wanted' if good else 'another'} pattern: {said}"
    return Metric("contrast pattern", None, "", wanted, good, why)


_DRUG_OFF = 0.25  # share of the ordered volume by which a syringe is read


def _drug(attempted: Attempted, record: Record) -> Iterator[Metric]:
    """How far the volumes of the drugs are off the order; any other agent is wholly off."""
    ordered: dict[str, float] = {}
    for step in attempted.procedure.steps:
        if step.do == "inject" and step.agent is not None:
            ordered[step.agent] = ordered.get(step.agent, 0.0) + float(step.volume_ml or 0.0)
    given: dict[str, float] = {}
    for _, event in record.of("inject"):
        agent = str(event.detail["agent"])
        given[agent] = given.get(agent, 0.0) + float(event.detail["volume_ml"])
    whole = sum(ordered.values())
    if not ordered or not given or not whole > 0:
        return
    names = {**ordered, **given}
    off = sum(abs(given.get(name, 0.0) - ordered.get(name, 0.0)) for name in names) / whole
    told = ", ".join(f"{volume:g} mL {agent}" for agent, volume in given.items())
    asked = ", ".join(f"{volume:g} mL {agent}" for agent, volume in ordered.items())
    yield at_most("drug off the order", off, "", _DRUG_OFF, f"{told} given, {asked} ordered")


def economy(attempted: Attempted, limits: Mapping[str, float]) -> tuple[Metric, ...]:
    """Passes, dose and time; pictures that the recipe requires cost nothing.

    ``limits`` come from ``scoring.toml`` by metric name.
    """
    record = attempted.record
    if record is None or record.placed is None:
        return ()
    rows = (
        ("passes", float(record.passes), "", "how often a needle was driven in"),
        (
            "dose beyond the recipe",
            record.extra_kap_ugy_m2,
            "µGy·m²",
            f"of {_dose(record)} in all; pictures that the recipe requires are free",
        ),
        ("time beyond the recipe", float(record.extra_s), "s", f"of {record.seconds:.0f} s in all"),
    )
    return tuple(
        at_most(name, value, unit, limits[name], why, "economy") for name, value, unit, why in rows
    )


def _dose(record: Record) -> str:
    """All of an attempt's dose in words."""
    tally = record.tally
    if not tally.events:
        return f"{record.kap_ugy_m2:.3g} µGy·m²"
    return (
        f"{record.kap_ugy_m2:.3g} µGy·m², {tally.kerma_mgy:.3g} mGy at the reference point and "
        f"{tally.fluoroscopy_s:.3g} s of fluoroscopy"
    )
