"""An operator follows the steps, looks, and lets what is seen decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Frame, Transform
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.clearance import clearances_mm
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Vascular
from needle_sim.rehearsal.carry_out import carry_out
from needle_sim.rehearsal.gates import gates
from needle_sim.rehearsal.metric import Attempted
from tests.rehearsal.attempts import (
    BACK,
    CENTRE_MM,
    DEEP_MM,
    EPIDURAL,
    RFA,
    above,
    patient,
    placed,
    target,
)

DRY = replace(
    EPIDURAL,
    steps=tuple(step for step in EPIDURAL.steps if step.do not in ("contrast", "inject")),
)
CLEAN = Vascular(rate=0.0, sensitivity=1.0, specificity=1.0)
FALSE_ALARM = Vascular(rate=0.0, sensitivity=1.0, specificity=0.0)


def paths(*offs_mm: float) -> Plan:
    """Parallel paths from behind whose tips lie so far above the target."""
    needles = tuple(placed(off_mm=off) for off in offs_mm)
    return Plan(target(), needles, {}, 100, {})


def done(recipe=DRY, plan: Plan | None = None, seed: int = 0, **changes):
    """A record without pictures."""
    recipe = replace(recipe, **{"vascular": CLEAN, **changes})
    rng = np.random.default_rng(seed)
    return carry_out(recipe, patient(), plan or paths(0.0), suite=None, rng=rng)


def test_the_steps_are_done_in_the_order_of_the_file():
    made = done()
    assert [event.do for event in made.events] == ["insert", *(step.do for step in DRY.steps)]
    views = [event.detail["view"] for event in made.events if event.do == "view"]
    assert views == [step.view for step in DRY.steps if step.do == "view"]
    assert all(event.required for event in made.events)
    assert made.abort is None


def test_the_needle_stops_before_the_danger_and_at_the_target():
    made = done()
    depths = [event.depth_mm for event in made.events if event.do == "advance"]
    assert depths == pytest.approx([DEEP_MM - EPIDURAL.danger.before_target_mm, DEEP_MM])
    assert made.danger_mm == pytest.approx(depths[0])
    assert made.placed.trajectory.tip_mm == pytest.approx(CENTRE_MM)


def test_what_it_does_passes_the_gate_of_the_depth_view():
    record = done()
    made = Attempted(DRY, patient(), target(), paths(0.0), record)
    assert [gate.name for gate in gates(made) if gate.passed is False] == []


def test_time_runs_on_with_every_step_at_the_published_pace():
    times = [event.t_s for event in done().events]
    assert (np.diff(times) > 0).all()
    slow = [event for event in done().events if event.do == "advance"]
    assert slow[0].t_s - done().events[1].t_s == pytest.approx(slow[0].depth_mm - 5.0)  # 1 mm/s


def test_a_target_nearer_than_the_danger_is_never_withdrawn_from():
    shallow = replace(EPIDURAL.danger, before_target_mm=60.0)
    advances = [one.depth_mm for one in done(danger=shallow).events if one.do == "advance"]
    assert advances == pytest.approx([6.0, DEEP_MM])


def test_blood_on_aspiration_means_another_path_and_nothing_of_it_is_required():
    made = done(plan=paths(0.0, 0.2, 1.5), vascular=FALSE_ALARM, passes=2)
    redirect = next(event for event in made.events if event.do == "redirect")
    assert "aspiration brings blood" in redirect.said
    after = made.events[made.events.index(redirect) :]
    assert not any(event.required for event in after)
    assert made.passes == 2
    # 0.2 mm beside the first is no other place
    assert made.placed.trajectory.tip_mm == pytest.approx(above(1.5))


def test_a_new_path_starts_at_the_skin_and_is_checked_in_depth_again():
    made = done(plan=paths(0.0, 1.5), vascular=FALSE_ALARM, passes=2)
    place = next(n for n, event in enumerate(made.events) if event.do == "redirect")
    again = [event.do for event in made.events[place : place + 5]]
    assert again == ["redirect", "insert", "advance", "view", "advance"]
    assert made.events[place + 1].depth_mm == 5.0


def test_a_shorter_second_path_is_no_breach_of_the_first_ones_danger():
    """Two paths of 66 and 61 mm: each is looked at before its own danger."""
    short = placed(off_mm=4.0)
    tip = short.trajectory.tip_mm
    nearer = replace(short, trajectory=Trajectory.straight(tip + 61.0 * BACK, tip))
    plan = Plan(target(), (placed(), nearer), {}, 100, {})
    record = done(plan=plan, vascular=FALSE_ALARM, passes=2)
    assert [record.danger_of(n) for n in (1, 2)] == pytest.approx([DEEP_MM - 10.0, 51.0])
    made = Attempted(DRY, patient(), target(), plan, record)
    assert "depth view before danger" not in [one.name for one in gates(made) if not one.passed]


def test_after_the_last_pass_it_gives_up_and_says_why():
    made = done(plan=paths(0.0, 1.5, 3.0, 4.5), vascular=FALSE_ALARM, passes=3)
    assert made.passes == 3
    assert made.justified
    assert "aspiration brings blood" in made.abort
    assert made.events[-1].do == "abort"
    assert "3 passes" in made.events[-1].said


def test_without_another_place_it_gives_up_at_once():
    made = done(plan=paths(0.0, 0.3), vascular=FALSE_ALARM, passes=5)
    assert made.passes == 1
    assert made.justified


def test_a_hidden_vessel_is_met_at_the_published_rate():
    """Rate 1 puts every tip into one; a sure aspiration then finds it in every pass."""
    spine = replace(patient(), bodies={"L4": _body()})
    recipe = replace(DRY, vascular=Vascular(1.0, 1.0, 1.0), passes=2)
    rng = np.random.default_rng(1)
    made = carry_out(recipe, spine, paths(0.0, 1.5), suite=None, rng=rng)
    found = [event.detail["found"] for event in made.events if event.do == "aspirate"]
    assert found == ["blood", "blood"]


def test_a_blind_aspiration_lets_the_vessel_pass_and_contrast_finds_it():
    spine = replace(patient(), bodies={"L4": _body()})
    recipe = replace(EPIDURAL, vascular=Vascular(1.0, 0.0, 1.0), passes=1)
    rng = np.random.default_rng(1)
    made = carry_out(recipe, spine, paths(0.0), suite=None, rng=rng)
    assert "vascular" in made.abort
    (shot,) = made.shots
    assert shot.seen == shot.spread.pattern == "vascular"
    assert not [event for event in made.events if event.do == "inject"]


def test_a_drug_goes_where_the_tip_lies_and_takes_its_time():
    contrast_first = done(EPIDURAL)
    (inject,) = [event for event in contrast_first.events if event.do == "inject"]
    (shot,) = contrast_first.shots
    assert inject.detail["pattern"] == "epidural" == shot.spread.pattern
    assert shot.spread.volume_ml == pytest.approx(1.5)
    before = contrast_first.events[contrast_first.events.index(inject) - 1]
    assert inject.t_s - before.t_s == pytest.approx(inject.detail["volume_ml"] / 0.2)


def test_clearance_is_the_least_of_every_pass():
    plan = paths(0.0, 8.0)
    made = done(plan=plan, vascular=FALSE_ALARM, passes=2)
    each = [clearances_mm(patient(), one) for one in plan]
    assert set(made.clearance_mm) == set(each[0]) | set(each[1])
    for name, gap in made.clearance_mm.items():
        assert gap == pytest.approx(min(one[name] for one in each if name in one))


def test_the_same_seed_does_the_same():
    recipe = {"vascular": Vascular(0.0, 0.5, 0.5), "passes": 3}
    plan = paths(0.0, 1.5, 3.0)
    one, two = (done(plan=plan, seed=4, **recipe).events for _ in range(2))
    assert one == two


def test_a_procedure_that_heats_waits_for_its_protocol():
    plan = Plan(target(), (placed(needle="rf_18g_10mm"),), {}, 100, {})
    made = done(RFA, plan, vascular=None)
    heat = made.events[-1]
    assert heat.do == "heat"
    assert heat.t_s - made.events[-2].t_s == pytest.approx(105.0)  # 15 s ramp, 90 s at 80 °C


def _body() -> Transform:
    matrix = np.eye(4)
    matrix[:3, 3] = [0.0, -40.0, 0.0]
    return Transform(matrix, target=PATIENT, source=Frame("L4"))


def test_contrast_without_iodine_is_never_given():
    steps = tuple(
        replace(step, agent="saline") if step.do == "contrast" else step for step in EPIDURAL.steps
    )
    with pytest.raises(InputError, match="saline holds no iodine"):
        done(replace(EPIDURAL, steps=steps))
