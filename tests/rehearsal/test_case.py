"""Who is treated where: what goes together, and the vertebra that squares the views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.case import (
    anatomy_of_ct,
    check_neighbours,
    check_posture,
    check_sources,
    lying,
    reference_of,
    target_of,
)
from needle_sim.volume.labels import vertebra_label
from needle_sim.volume.volume import Volume, axis_aligned
from tests.anatomy.small_patient import small_patient
from tests.rehearsal.attempts import patient, target

RFA = Procedure.preset("medial-branch-rfa")
CT = patient().ct


@pytest.mark.parametrize(
    ("ct", "labels", "target_mm", "level", "vary", "said"),
    [
        (None, CT, None, None, False, "go with a CT"),
        (None, None, (0, 0, 0), None, False, "go with a CT"),
        (CT, None, None, None, False, "needs --labels"),
        (CT, CT, None, None, True, "--vary"),
        (CT, CT, (0, 0, 0), "L4", False, "two places"),
    ],
)
def test_what_does_not_go_together_is_refused(ct, labels, target_mm, level, vary, said):
    with pytest.raises(InputError, match=said):
        check_sources(ct, labels, target_mm, level, vary=vary)


def test_what_goes_together_is_taken():
    check_sources(None, None, None, "L4", vary=True)
    check_sources(CT, CT, None, "L4", vary=False)
    check_sources(CT, None, (0, 0, 0), None, vary=False)


def test_the_target_of_a_level_lies_on_its_side_and_vertebra(phantom):
    right, left = (target_of(RFA, phantom, "L3", side, None) for side in ("right", "left"))
    middle = phantom.landmark("L4 canal_centre")[0]
    assert right.vertebra == left.vertebra == "L4"
    assert right.centre_mm[0] < middle < left.centre_mm[0]
    assert reference_of(phantom, right) == "L4"


def test_a_level_with_another_vertebra_in_it_is_refused(phantom):
    check_neighbours(phantom, "L5-S1", "L5", "S1")
    six = replace(phantom, bodies={**phantom.bodies, "L6": phantom.bodies["L5"]})
    with pytest.raises(InputError, match="L5-S1 is no place here: L6 lies between L5 and S1"):
        check_neighbours(six, "L5-S1", "L5", "S1")
    with pytest.raises(InputError, match="L6 lies between"):
        target_of(Procedure.preset("transforaminal-epidural"), six, "L5-S1", "left", None)


def test_a_level_whose_vertebra_is_not_there_says_what_can_be_done(phantom):
    four = replace(phantom, bodies={k: v for k, v in phantom.bodies.items() if k != "L5"})
    foramen = Procedure.preset("transforaminal-epidural")
    with pytest.raises(InputError, match=r"has no L5, .* can be done at .*L3-L4, L4-S1"):
        target_of(foramen, four, "L4-L5", "left", None)
    with pytest.raises(InputError, match=r"L4 has no medial branch .* levels are T12, L1, L2, L3$"):
        target_of(RFA, four, "L4", "left", None)


def test_a_bare_point_is_squared_on_the_vertebra_nearest_to_it(phantom):
    near = phantom.bodies["L2"].matrix[:3, 3] + np.array([0.0, 30.0, 2.0])
    made = target_of(RFA, phantom, "L4", "right", near)
    assert made.kind == "point"
    assert made.centre_mm == pytest.approx(near)
    assert reference_of(phantom, made) == "L2"


def test_without_known_bodies_there_is_no_vertebra_but_the_targets():
    assert reference_of(patient(), target(vertebra="")) == ""
    assert reference_of(patient(), target(vertebra="L4")) == "L4"


def test_which_vertebra_a_nerve_crosses_is_seen_in_the_labels():
    """L5 and L6 whole: the L5 branch crosses L6, and nothing says that it does not fit."""
    ct, labels = column("L4", "L5", "L6", cut="S1")
    with pytest.raises(InputError) as caught:
        anatomy_of_ct(ct, labels, RFA, "L6", None)
    assert "L6 has no medial branch to target here" in str(caught.value)
    assert "levels are T12, L1, L2, L3, L4, L5" in str(caught.value)
    ct, labels = column("L2", "L3", "L4", cut="S1")
    with pytest.raises(InputError, match="L4 has no medial branch to target here"):
        anatomy_of_ct(ct, labels, RFA, "L4", None)


def column(*whole: str, cut: str) -> tuple[Volume, Volume]:
    """A CT and its labels: vertebrae from above as blocks, 5/8 of the last one above the edge."""
    names = [*whole, cut]
    array = np.zeros((10 * len(names), 12, 12), dtype=np.uint16)
    for n, name in enumerate(reversed(names)):
        array[max(0, 10 * n - 3) : 10 * n + 5, 3:9, 3:9] = vertebra_label(name)
    place = axis_aligned((2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    return Volume(np.zeros(array.shape, np.int16), place), Volume(array, place, "label")


@pytest.mark.parametrize(
    ("name", "level", "here"),
    [
        ("medial-branch-rfa", "L2", "at T12, L1;"),
        ("transforaminal-epidural", "L2-L3", "at T12-L1, L1-L2;"),
        ("medial-branch-rfa", "L4", "at T12, L1;"),
    ],
)
def test_a_level_that_the_ct_cuts_is_refused_with_those_that_can_be_done(name, level, here):
    """L1 and L2 are whole: the L1 branch crosses L2, the L2 branch crosses L3, which is cut."""
    ct, labels = column("T12", "L1", "L2", cut="L3")
    with pytest.raises(InputError, match=f"on this CT it can be done {here}") as caught:
        anatomy_of_ct(ct, labels, Procedure.preset(name), level, None)
    assert f"for {level} take a CT that holds L" in str(caught.value)


def test_a_ct_without_a_level_of_the_procedure_says_so():
    ct, labels = column("T11", "T12", cut="L1")
    with pytest.raises(InputError, match=r"L1 is cut by the lower edge .* done at no level"):
        anatomy_of_ct(ct, labels, RFA, "T12", None)


def test_a_patient_lies_as_asked_and_is_registered_by_a_vertebra_when_planned_before():
    lain = small_patient()

    lies = lying(lain, "left_lateral", 0.0, "L4", None)
    planned = lying(lain, "left_lateral", 0.0, "L4", np.random.default_rng(1))

    assert lies.posture == planned.posture
    kept = [
        np.linalg.norm(one.bodies["L4"].matrix[:3, 3] - lain.bodies["L4"].matrix[:3, 3])
        for one in (lies, planned)
    ]
    assert kept[0] > 1.0  # L5 is held, the disc over it turns by 4.5 degrees
    assert 0.0 < kept[1] < 4.0 * 0.96
    assert "registered by L4" in str(planned.notes[-1])


@pytest.mark.parametrize(("phase", "on_ct"), [(0.5, False), (0.0, True)])
def test_breath_and_plan_on_the_ct_need_a_posture(phase, on_ct):
    check_posture("prone", phase, plan_on_ct=on_ct)
    with pytest.raises(InputError, match="go with a posture"):
        check_posture(None, phase, plan_on_ct=on_ct)
