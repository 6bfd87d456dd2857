"""Passes of a hand, each with the numbers of its own sample."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.planning.hand import HandErrors
from needle_sim.planning.robustness import executions
from needle_sim.studies import patients
from needle_sim.studies.design import Design, Samples
from needle_sim.studies.hands import TASK, executions_of

SETTINGS = {"procedure": "facet-injection", "level": "L4-L5", "side": "right"}


@pytest.fixture(scope="module")
def known(phantom):
    """The plan's patient is the one that all tests share."""
    patch = pytest.MonkeyPatch()
    patch.setattr(patients, "phantom_of", lambda name, seed: phantom)
    patients.forget()
    yield
    patients.forget()
    patch.undo()


def carried_out(design, *spans):
    _, settings = TASK.checked(design.parameters, SETTINGS)
    parts = [executions_of(Samples(design, *span), settings) for span in spans]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.usefixtures("known")
def test_passes_are_the_same_to_the_bit_however_they_are_cut():
    design = Design({"hand": ["freehand", "laser_spine"]}, seeds=300, seed=4)
    whole = carried_out(design, (0, 600))
    cut = carried_out(design, (0, 1), (1, 8), (8, 299), (299, 305), (305, 600))

    assert {name: one.tobytes() for name, one in whole.items()} == {
        name: one.tobytes() for name, one in cut.items()
    }
    steady = whole["tip_error_mm"][300:]
    assert steady.mean() < 0.6 * whole["tip_error_mm"][:300].mean()


@pytest.mark.usefixtures("known")
def test_shares_are_those_of_executions_with_numbers_of_another_kind():
    design = Design({"hand": ["freehand_spine"]}, seeds=20_000)
    found = carried_out(design, (0, 20_000))
    case = patients.planned(
        "facet-injection", "lumbar_normal", level="L4-L5", side="right", needle=None, variant=None
    )
    assert case.target.name == "L4-L5 right facet joint"
    other = executions(
        case.anatomy, case.plan, case.target, errors=HandErrors.preset("freehand_spine"),
        n=20_000, rng=np.random.default_rng(1), margins_mm=case.recipe.margins_mm,
    )  # fmt: skip

    for name in ("met", "window_met"):
        share = found[name].mean()
        spread = 4.5 * np.sqrt(2 * share * (1 - share) / 20_000)
        assert share == pytest.approx(getattr(other, name).mean(), abs=spread)
    assert found["tip_error_mm"].mean() == pytest.approx(other.tip_error_mm.mean(), rel=0.02)


@pytest.mark.usefixtures("known")
def test_a_hand_without_errors_meets_the_plan():
    design = Design({"hand_entry_mm": [0.0]}, seeds=2)
    _, settings = TASK.checked(
        design.parameters, {**SETTINGS, "hand_angle_deg": 0, "hand_depth_mm": 0}
    )
    found = executions_of(Samples(design, 0, 2), settings)

    assert found["tip_error_mm"] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert found["met"].all()


def test_an_error_out_of_reach_is_refused():
    with pytest.raises(InputError, match="hand_angle_deg must be 0 to 30"):
        TASK.checked({"hand_angle_deg": [31]}, {})
