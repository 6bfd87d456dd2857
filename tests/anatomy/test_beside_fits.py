from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.beside_fits import beside_fits, inferred_note
from needle_sim.anatomy.inferred import structures_of
from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.paths import distance_mm

ALL = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


def fits(*levels: str) -> dict[str, VertebraFit]:
    """The mean column as if these vertebrae of it had been fitted."""
    spine = spine_spec()
    stack = column(spine)
    own, _ = bones_of(stack, spine.sacrum)
    return {
        one: VertebraFit(
            stack.vertebrae[one],
            stack.bodies[one],
            own[one].moved(stack.bodies[one]),
            0.0,
            spine.sacrum if one == "S1" else None,
        )
        for one in levels
    }


def added(fitted: Mapping[str, VertebraFit]) -> dict[str, Structure]:
    return beside_fits(fitted, structures_of(fitted))


@pytest.fixture(scope="module")
def whole() -> tuple[dict[str, VertebraFit], dict[str, Structure]]:
    fitted = fits(*ALL)
    known = structures_of(fitted)
    return fitted, {**known, **beside_fits(fitted, known)}


def test_a_fitted_spine_has_the_phantoms_nerves_and_hazards_all_inferred(whole):
    _, found = whole
    for side in ("left", "right"):
        for level in ALL:
            assert found[f"{level} {side} ganglion"].kind == "ganglion"
        for n in (1, 2, 3):
            assert found[f"S{n} {side} root"].kind == "root"
            assert found[f"S{n} {side} lateral branches"].kind == "lateral_branch"
        assert found[f"{side} sympathetic chain"].kind == "sympathetic"
        for level in ALL[1:5]:
            assert found[f"{level} {side} lumbar artery"].kind == "vessel"
        assert f"L5 {side} lumbar artery" not in found
    assert {"spinal cord", "cauda equina"} <= set(found)
    assert {one.provenance for one in found.values()} == {"inferred"}


@pytest.mark.parametrize("kind", ["sympathetic", "vessel", "ganglion"])
def test_what_is_inferred_keeps_out_of_fitted_bone(whole, kind):
    fitted, found = whole
    for one in found.values():
        if one.kind == kind and not one.name.startswith("S"):
            for tube in one.tubes:
                for fit in fitted.values():
                    gap = fit.shape.distance_mm(tube.points_mm) - tube.radius_mm
                    assert gap.min() > 0.0, one.name


def test_ganglia_lie_on_their_roots_and_descend_in_order(whole):
    _, found = whole
    for side in ("left", "right"):
        heights = []
        for level in ALL[:-1]:
            middle = found[f"{level} {side} ganglion"].tubes[0].points_mm[1]
            root = found[f"{level} {side} root"].tubes[0].points_mm
            assert distance_mm(middle[None], root)[0] < 0.5
            assert (middle[0] > 0) == (side == "left")
            heights.append(middle[2])
        assert (np.diff(heights) < 0).all()


def test_cord_ends_in_l1_and_lies_in_the_sac_with_the_roots_below_it(whole):
    fitted, found = whole
    dura = found["dura"]
    tip = min(tube.points_mm[:, 2].min() for tube in found["spinal cord"].tubes)
    conus = spine_spec().cord["conus_mm"]
    body = fitted["L1"].patient_from_body
    assert tip == pytest.approx(body.apply([0.0, 0.0, -conus])[2], abs=0.1)
    for name in ("spinal cord", "cauda equina"):
        for tube in found[name].tubes:
            assert (dura.distance_mm(tube.points_mm) < 0.0).all(), name


def test_without_a_sacrum_or_l1_what_hangs_on_them_is_left_out_and_said():
    fitted = fits("L3", "L4", "L5")
    found = added(fitted)
    assert not any(name.startswith("S") for name in found)
    assert "spinal cord" not in found
    assert "cauda equina" in found
    assert {"L3 left lumbar artery", "L4 right lumbar artery"} <= set(found)
    assert "L5 left lumbar artery" not in found
    text = inferred_note(fitted, ()).text
    left_out = text.split("left out: ")[1]
    for said in ("the sacrum is not fitted", "L1 is not fitted", "radiculomedullary artery"):
        assert said in left_out


def test_above_l1_alone_nothing_is_said_of_what_the_sac_holds():
    found = added(fits("T11", "T12"))
    assert not {"spinal cord", "cauda equina"} & set(found)


def test_a_chain_is_not_drawn_past_a_vertebra_that_is_not_fitted():
    fitted = fits("L2", "L4")
    tubes = added(fitted)["left sympathetic chain"].tubes
    middle = column(spine_spec()).bodies["L3"].matrix[2, 3]
    assert len(tubes) == 2
    assert min(np.abs(tube.points_mm[:, 2] - middle).min() for tube in tubes) > 10.0


def test_the_note_names_what_the_labels_show():
    text = inferred_note(fits("L1", "S1"), ("aorta",)).text
    assert "measured: bone surfaces, vessels from labels (aorta)" in text
    assert "iliac wings are not fitted" in text
