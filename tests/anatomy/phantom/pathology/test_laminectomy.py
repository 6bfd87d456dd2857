"""An opened arch is as wide as asked for; what hung on it is gone, and the joints stay."""

import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.facet_reading import gap_mm
from needle_sim.anatomy.phantom.pathology.laminectomy import Laminectomy, opening_mm
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError

OPEN = Laminectomy("L4", 18.0)


def test_openings_are_read_back_within_two_percent(built):
    found = findings(
        built(Laminectomy("L2", 12.0), Laminectomy("L3", 14.0), Laminectomy("L5", 22.0))
    )

    assert len(found) == 3
    assert all(one.share_off < 0.02 for one in found)


def test_flava_and_landmarks_of_what_was_taken_are_gone(built):
    anatomy = built(OPEN)

    assert not {"L3-L4 flavum", "L4-L5 flavum"} & set(anatomy.spaces)
    assert {"L2-L3 flavum", "L5-S1 flavum"} <= set(anatomy.spaces)
    assert "L4 spinous_tip" not in anatomy.landmarks_mm
    assert "L4 left sap_tip" in anatomy.landmarks_mm
    assert "L3 spinous_tip" in anatomy.landmarks_mm


def test_the_facet_joints_stay(built):
    for level in ("L3-L4", "L4-L5"):
        for side in ("left", "right"):
            assert gap_mm(built(OPEN), level, side) == pytest.approx(
                gap_mm(built(), level, side), abs=1e-6
            )


def test_scar_lies_where_the_arch_was(painted):
    body = painted.body("L2")
    canal = body.inverse().apply(painted.landmark("L2 canal_centre"))[1]
    behind = body.apply([[0.0, canal + 14.0, -8.0], [0.0, canal + 24.0, -10.0]])

    assert (painted.labels.sample(behind, outside=0) == label("scar")).all()


def test_a_whole_arch_has_no_opening(built):
    with pytest.raises(InputError, match="has no arch with two edges"):
        opening_mm(_bare(built()), "L4")


def _bare(anatomy):
    """The anatomy with a bone that is far from where its arch is looked for."""
    from dataclasses import replace

    return replace(anatomy, bones={**anatomy.bones, "L4": anatomy.bones["coccyx"]})


def test_openings_that_cannot_be_are_refused(built):
    with pytest.raises(InputError, match="opening_mm must lie from 10 to 24"):
        Laminectomy("L4", 40.0)
    with pytest.raises(InputError, match="laminectomy: level must be a vertebra"):
        built(Laminectomy("S1", 18.0))


def test_a_landmark_that_was_taken_says_why(built):
    with pytest.raises(InputError, match=r"a laminectomy took lamina .* choose another level"):
        built(OPEN).landmark("L4 lamina_upper_edge")
    with pytest.raises(InputError, match="did you mean 'L3 lamina_upper_edge'"):
        built(OPEN).landmark("L3 lamina_uper_edge")
