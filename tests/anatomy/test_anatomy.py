"""What a point is made of, and what an anatomy knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Tube
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, root_beside


def test_exact_bone_and_nerve_overrule_voxels():
    spine = block(
        structures=[root_beside(10.0)], bones={"L5": Slab((-30, -40, -30), (30, -20, 30))}
    )
    points = np.array(
        [
            [0.0, -30.0, 0.0],  # deep in the bone
            [0.0, -20.5, 0.0],  # half a millimetre below its surface
            [0.0, -19.0, 0.0],  # just outside it
            [10.0, 20.0, 0.0],  # in the root
            [0.0, 75.0, 0.0],  # behind the skin
            [500.0, 0.0, 0.0],  # outside the volume
        ]
    )
    names = [spine.tissues[n].name for n in spine.tissue_labels(points)]
    assert names == ["trabecular_bone", "cortical_bone", "muscle", "root", "air", "air"]


def test_voxel_bone_beside_an_exact_bone_is_partial_volume_but_other_bone_stays():
    plain = block(bones={"L5": Slab((-30, -40, -30), (30, -20, 30))})
    array = plain.labels.array.copy()
    array[:, 30:32, :] = label("cortical_bone")  # y -20 and -18: just behind the exact surface
    array[:, 60:65, :] = label("cortical_bone")  # y 40 to 48: another bone
    spine = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    found = spine.tissue_labels(np.array([[0.0, -19.0, 0.0], [0.0, 44.0, 0.0]]))
    assert [spine.tissues[n].name for n in found] == ["muscle", "cortical_bone"]


def test_hazards_are_known_once_there_is_a_sac():
    tube = Tube(np.array([[0.0, 0, -50], [0, 0, 50]]), np.full(2, 7.0))
    dura = Structure("dura", "dura", (tube,), "inferred")
    assert not block().hazards_known
    assert block(structures=[dura]).hazards_known


def test_hazards_are_known_only_where_the_sac_and_a_root_are():
    sac = Tube(np.array([[0.0, 0, -50], [0, 0, 50]]), np.full(2, 7.0))
    dura = Structure("dura", "dura", (sac,), "inferred")
    spine = block(structures=[dura, root_beside(10.0)])
    assert spine.hazards_known_at([5.0, 30.0, 0.0])
    assert not spine.hazards_known_at([5.0, 30.0, 75.0])  # above the end of the sac
    assert not spine.hazards_known_at([70.0, 20.0, 0.0])  # no root within 40 mm
    assert not block(structures=[dura]).hazards_known_at([5.0, 30.0, 0.0])


def test_bone_of_the_voxels_is_seen_whatever_an_exact_bone_says():
    plain = block(bones={"L5": Slab((-30, -40, -30), (30, -20, 30))})
    array = plain.labels.array.copy()
    array[:, 30:32, :] = label("cortical_bone")  # y -20 and -18
    spine = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    assert spine.in_voxel_bone([[0.0, -18.0, 0.0], [0.0, 0.0, 0.0]]).tolist() == [True, False]


def test_unknown_names_suggest_the_nearest():
    spine = replace(block(), landmarks_mm={"L5 right sap_tip": np.zeros(3)})
    with pytest.raises(InputError, match="did you mean 'L5 right sap_tip'"):
        spine.landmark("L5 right sap_top")
    with pytest.raises(InputError, match="no vertebra L5"):
        spine.body("L5")


def test_labels_must_lie_on_the_ct():
    spine = block()
    with pytest.raises(InputError, match="do not lie on the CT"):
        replace(spine, labels=spine.labels.crop((0, 0, 0), (5, 5, 5)))


def test_an_anatomy_is_printed_in_a_line(phantom):
    said = repr(phantom)
    assert len(said) < 200
    assert said.startswith("Anatomy('lumbar_normal', vertebrae T10, T11, T12, L1, L2")
