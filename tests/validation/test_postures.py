"""A fixed part of the validation of postures, with its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.posing.chain import shifted
from needle_sim.geometry.shapes import Tube
from validation.postures import BOUNDS, VOXEL_MM, Change, changed


@pytest.fixture(scope="module")
def person():
    return ns.build_phantom(seed=3, voxel_mm=VOXEL_MM)


def beyond(before, after):
    """What is beyond its bound, by kind."""
    found = (Change(kind, of, "", 3, value) for kind, of, value in changed(before, after))
    return {change.kind: change.of for change in found if not change.holds}


@pytest.mark.long
@pytest.mark.parametrize("posture", ["prone_pillow", "left_lateral"])
def test_a_drawn_person_keeps_all_of_it(person, posture):
    assert beyond(person, ns.posed(person, posture)) == {}


def test_a_torn_nerve_a_sunken_vertebra_and_a_lost_organ_are_seen(person):
    kinds = list(BOUNDS)
    assert {kind for kind, _, _ in changed(person, person)} == set(kinds)
    root = person.structures["L4 left root"]
    course = root.tubes[0].points_mm
    torn = course + 6.0 * (np.arange(len(course)) < 5)[:, None]
    sunk = dict(person.bones)
    sunk["L3"] = sunk["L3"].moved(shifted(np.array([0.0, 0.0, -12.0])))
    after = replace(
        person,
        bones=sunk,
        structures=dict(person.structures)
        | {"L4 left root": replace(root, tubes=(Tube(torn, root.tubes[0].radius_mm),))},
        labels=replace(person.labels, array=np.zeros_like(person.labels.array)),
    )

    found = beyond(person, after)

    assert found[kinds[1]] == "L3-L4"
    assert found[kinds[3]] == "L4 left root"
    assert kinds[6] in found
