"""The last free vertebra is high, meets the sacrum, or is fused with it."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.transitional import (
    TransitionalVertebra,
    gap_mm,
    process_height_mm,
)
from needle_sim.errors import InputError


@pytest.mark.parametrize(
    "vertebra",
    [TransitionalVertebra("Ib", height_mm=24.0), TransitionalVertebra("IIa", "right", gap_mm=1.2),
     TransitionalVertebra("IIIa"), TransitionalVertebra("IV")],
    ids=lambda one: one.castellvi,
)  # fmt: skip
def test_heights_and_gaps_are_read_back_from_the_bones(built, vertebra):
    found = findings(built(vertebra))

    assert len(found) == len(vertebra.sides())
    for one in found:
        assert one.share_off < 0.02, str(one)


@pytest.mark.parametrize(
    ("castellvi", "sides"),
    [
        ("Ia", {"left": "high"}),
        ("IIb", {"right": "joint", "left": "joint"}),
        ("IIIa", {"left": "fused"}),
        ("IV", {"right": "joint", "left": "fused"}),
    ],
)
def test_types_are_those_of_castellvi(castellvi, sides):
    # I high, II pseudarthrosis, III fusion, IV one of each; a one side, b both: Castellvi 1984
    assert TransitionalVertebra(castellvi, "left").sides() == sides


def test_a_usual_l5_is_neither_high_nor_near_the_sacrum(built):
    plain = built()
    bone, body = plain.bones["L5"], plain.body("L5")
    tip = body.inverse().apply(plain.landmarks_mm["L5 left tp_tip"])

    assert process_height_mm(bone, body, tip) < 19.0
    assert gap_mm(bone, plain.bones["S1"], body, "left") > 4.0  # no false joint


def test_the_other_side_stays_as_it_was(built):
    fused, plain = built(TransitionalVertebra("IIIa", "left")), built()
    place = np.array([-44.0, 20.0, -12.0])

    for spine in (fused, plain):
        assert spine.bones["L5"].distance_mm(spine.body("L5").apply(place[None]))[0] > 5.0
    mirrored = fused.body("L5").apply(place[None] * [-1.0, 1.0, 1.0])
    assert fused.bones["L5"].distance_mm(mirrored)[0] < 0.0


@pytest.mark.parametrize("castellvi", ["IV"])  # a joint and a fusion
def test_roots_and_branches_pass_beside_it(built, castellvi):
    spine = built(TransitionalVertebra(castellvi))
    for name, structure in spine.structures.items():
        if name.startswith("L5") and structure.kind in ("root", "ganglion", "medial_branch"):
            for tube in structure.tubes:
                free = spine.bones["L5"].distance_mm(tube.points_mm) - tube.radius_mm
                assert free.min() > -0.2, name


@pytest.mark.parametrize(
    ("given", "message"),
    [({"castellvi": "V"}, "castellvi must be one of"), ({"castellvi": "Ia", "height_mm": 12.0},
     "height_mm must lie from 19 to 25"), ({"castellvi": "IIa", "side": "both"}, "side must be")],
)  # fmt: skip
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        TransitionalVertebra(**given)


def test_only_the_last_free_vertebra_can_be_one(built):
    with pytest.raises(InputError, match="must be the last free vertebra, L5, got L4"):
        built(TransitionalVertebra("Ia", level="L4"))
