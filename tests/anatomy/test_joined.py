from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.joined import joined, meeting
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.surface import label_surface
from needle_sim.anatomy.vertebra_fit import VertebraFit
from needle_sim.geometry.transform import Frame, Transform
from needle_sim.volume.labels import vertebra_label
from tests.anatomy.labelled_ct import scanned


@pytest.fixture(scope="module")
def pair() -> dict[str, VertebraFit]:
    """L3 and L4 of the mean phantom, the inferior joints of L3 put 4 mm off."""
    spine = column(spine_spec())
    found = {}
    for level in ("L3", "L4"):
        spec = spine.vertebrae[level]
        if level == "L3":
            off = {"iap_drop_mm": spec.iap_drop_mm + 4.0, "iap_spread_mm": spec.iap_spread_mm + 2.0}
            spec = replace(spec, **off, iap_angle_deg=60.0)
        pose = spine.bodies[level]
        found[level] = VertebraFit(spec, pose, vertebra_shape(spec).moved(pose), 9.0)
    return found


def test_a_symmetric_pair_gets_the_joint_of_the_phantom_back(pair):
    true = column(spine_spec()).vertebrae["L3"]
    spec = meeting(pair["L3"], pair["L4"])
    for name in ("spread_mm", "setback_mm", "drop_mm", "angle_deg", "pitch_deg"):
        assert getattr(spec, f"iap_{name}") == pytest.approx(getattr(true, f"iap_{name}"), abs=1e-6)


def test_a_turn_between_the_two_is_followed_on_both_sides(pair):
    turn = np.eye(4)
    c, s = np.cos(0.1), np.sin(0.1)
    turn[:2, :2] = [[c, -s], [s, c]]
    body = pair["L4"].patient_from_body
    own = Transform(turn, target=body.source, source=Frame("L4"))
    spec = meeting(pair["L3"], replace(pair["L4"], patient_from_body=body @ own))
    upper, off = pair["L3"].patient_from_body, []
    for side in SIDES:
        post = Posts(pair["L4"].spec, side)
        middle = post.facet + 0.5 * spec.joint_gap_mm * post.facet_normal
        joint = upper.apply(Posts(spec, side).joint_below)
        off.append(float(np.linalg.norm(joint - (body @ own).apply(middle))))
    assert max(off) < 1e-9


def test_joined_bones_leave_their_cleft_open_and_are_measured_anew(pair):
    ct, labels = scanned(
        {name: (fit.spec, fit.patient_from_body) for name, fit in pair.items()},
        shape=(40, 45, 42),
        first_mm=(-62.0, -45.0, -75.0),
    )
    surfaces = {name: label_surface(labels, vertebra_label(name), ct) for name in pair}
    found = joined(pair, surfaces)
    assert found["L4"] is pair["L4"]
    assert found["L3"].rms_mm < 3.0
    gap = found["L3"].spec.joint_gap_mm
    for side in SIDES:
        middle = found["L3"].patient_from_body.apply(Posts(found["L3"].spec, side).joint_below)
        for fit in found.values():
            assert fit.shape.distance_mm(middle[None])[0] == pytest.approx(0.5 * gap, abs=0.35)
