"""The sac has the area asked for in the plane of the disc, and nowhere is larger than before."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.disc import DiscDegeneration
from needle_sim.anatomy.phantom.pathology.facets import FacetArthrosis
from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy, flavum_mm
from needle_sim.anatomy.phantom.pathology.kinds import ordered
from needle_sim.anatomy.phantom.pathology.section import area_mm2, disc_plane
from needle_sim.anatomy.phantom.pathology.slip import Spondylolisthesis
from needle_sim.anatomy.phantom.pathology.stenosis import CentralStenosis
from needle_sim.errors import InputError


# 80 +- 35 mm2 with stenosis (LIM17 PMC5728944), 100 the limit of HAM94
def test_areas_are_read_back_within_two_percent(built):
    found = findings(built(CentralStenosis("L2-L3", 100.0), CentralStenosis("L4-L5", 40.0)))

    assert len(found) == 2
    assert all(one.share_off < 0.02 for one in found)


def test_the_sac_is_as_before_two_levels_away(built):
    narrow, normal = built(CentralStenosis("L4-L5", 40.0)), built()
    areas = [area_mm2(one.structures["dura"], disc_plane(one.landmarks_mm, "L2-L3"))
             for one in (narrow, normal)]  # fmt: skip

    assert areas[0] == pytest.approx(areas[1], rel=5e-3)


def test_flavum_and_disc_take_the_room(built):
    narrow, normal = built(CentralStenosis("L4-L5", 40.0)), built()
    behind = [one.spaces["L4-L5 disc"].shape.box_mm[1, 1] for one in (narrow, normal)]

    assert flavum_mm(narrow, "L4-L5") > flavum_mm(normal, "L4-L5") + 1.5
    assert behind[0] > behind[1] + 1.5


def test_the_sac_stays_in_front_of_the_flavum_and_behind_the_disc(built):
    narrow = built(CentralStenosis("L4-L5", 40.0))
    sac = narrow.structures["dura"]
    near = disc_plane(narrow.landmarks_mm, "L4-L5").inverse()

    for tube in sac.tubes:
        at = tube.points_mm[np.abs(near.apply(tube.points_mm)[:, 2]) < 5.0]
        for wall in ("flavum", "disc"):
            room = narrow.spaces[f"L4-L5 {wall}"].shape.distance_mm(at)
            assert (room > 0.0).all()


@pytest.mark.parametrize(
    ("others", "sac_mm2"),
    [
        ((Spondylolisthesis("L4-L5", 25.0),), 70.0),
        ((FlavumHypertrophy("L4-L5", 6.0), Spondylolisthesis("L4-L5", 18.0)), 60.0),
        ((FacetArthrosis("L4-L5", 3.0, 1.2, 5.0), DiscDegeneration("L4-L5", 4.0, 9.0)), 60.0),
    ],
)
def test_beside_others_each_is_read_back(built, others, sac_mm2):
    """A stenosis takes what others leave, and leaves a flavum as thick as one asks for."""
    spine = built(*ordered((*others, CentralStenosis("L4-L5", sac_mm2))))
    found = findings(spine)

    assert "central_stenosis" in {one.kind for one in found}
    for one in found:
        assert one.share_off < 0.02, str(one)


def test_more_than_a_slip_leaves_is_refused(built):
    slip = Spondylolisthesis("L4-L5", 25.0)
    with pytest.raises(InputError, match=r"beside spondylolisthesis the sac has 11\d mm2 at L4-L5"):
        built(slip, CentralStenosis("L4-L5", 140.0))


def test_areas_that_cannot_be_are_refused(built):
    with pytest.raises(InputError, match="sac_mm2 must lie from 20 to 150, got 5"):
        CentralStenosis("L4-L5", 5.0)
    with pytest.raises(InputError, match=r"the sac has 12\d mm2 at L5-S1, less than"):
        built(CentralStenosis("L5-S1", 148.0))
