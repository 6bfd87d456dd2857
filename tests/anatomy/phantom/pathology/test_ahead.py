"""What is measured before a spine is built is what is built."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.phantom.pathology.ahead import at_disc, narrows, sac_mm2
from needle_sim.anatomy.phantom.pathology.disc import DiscDegeneration
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.pathology.obesity import Obesity
from needle_sim.anatomy.phantom.pathology.scoliosis import Scoliosis
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.pathology.slip import Spondylolisthesis, Spondylolysis
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError

SLIP = Spondylolisthesis("L4-L5", 25.0)


def test_sac_bones_and_landmarks_are_those_that_are_built(built):
    spine, level = built(SLIP), "L4-L5"
    spec = afflicted(replace(spine_spec(), pathology=(SLIP,)))
    _, bones, landmarks = at_disc(spec, level)
    sac = area_mm2(spine.structures["dura"], disc_plane(spine.landmarks_mm, level))

    assert sac_mm2(spec, level) == pytest.approx(sac, rel=1e-3)
    for name, place in landmarks.items():
        np.testing.assert_allclose(place, spine.landmarks_mm[name], atol=1e-9)
    assert set(bones) == set(spine.bodies)


@pytest.mark.parametrize(
    ("one", "level", "does"),
    [
        (SLIP, "L4-L5", True),
        (SLIP, "L2-L3", False),
        (Scoliosis(25.0, "left"), "L2-L3", True),
        (Obesity(35.0, 60.0), "L4-L5", False),
    ],
)
def test_what_can_narrow_a_sac(one, level, does):
    assert narrows(one, level) is does


def test_a_slip_and_the_height_of_its_disc_are_both_as_asked_for(built):
    spine = built(Spondylolisthesis("L4-L5", 20.0), DiscDegeneration("L4-L5", 4.0, 8.0))

    for pathology in spine.pathology:
        for found in pathology.measured(spine):
            assert found.share_off < 0.02, str(found)


def test_a_defect_that_a_low_disc_closes_is_refused():
    given = Spondylolysis("L5-S1", 33.0, 2.5), DiscDegeneration("L5-S1", 5.0, 6.0)
    with pytest.raises(InputError, match=r"leaves no defect of gap_mm 2.5 .* a higher disc"):
        afflicted(replace(spine_spec(), pathology=given))
