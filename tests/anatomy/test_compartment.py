"""A point's compartment, on shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.compartment import compartment


def test_the_middle_of_the_sac_is_intrathecal_and_of_a_body_bone(phantom):
    sac = phantom.structures["dura"].tubes[2].points_mm
    middle = sac[len(sac) // 2]

    assert compartment(phantom, middle).kind == "intrathecal"
    assert compartment(phantom, phantom.body("L3").matrix[:3, 3]).kind == "bone"


@pytest.mark.parametrize(
    ("point", "kind"), [((0.0, 0.0, 9000.0), "outside"), ((60.0, 60.0, 0.0), "soft_tissue")]
)
def test_voxels_say_where_no_surface_does(phantom, point, kind):
    assert compartment(phantom, np.array(point)).kind == kind
