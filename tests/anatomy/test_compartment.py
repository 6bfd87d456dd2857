"""A point's compartment, on shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.compartment import Compartment, compartment
from needle_sim.anatomy.tissue import label
from needle_sim.volume.volume import Volume, axis_aligned


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


@pytest.mark.parametrize(
    ("tissue", "kind"),
    [
        ("air", "outside"),
        ("table", "outside"),
        ("bowel_gas", "soft_tissue"),
        ("kidney", "soft_tissue"),
        ("trabecular_bone", "bone"),
        ("titanium", "bone"),
        ("cement", "bone"),
    ],
)
def test_a_voxel_names_its_tissue_and_goes_by_its_family(tissue, kind):
    place = axis_aligned((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    ct = Volume(np.zeros((3, 3, 3), dtype=np.int16), place)
    patient = Anatomy("voxels", ct, ct.like(np.full((3, 3, 3), label(tissue), np.uint16), "label"))

    assert compartment(patient, np.array([1.0, 1.0, 1.0])) == Compartment(kind, tissue)
