"""Sac, nerves and vessels as layers of paint."""

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.tubes import DURA_MM, Tubes, tube_layers
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.geometry.shapes import Tube


def straight(radius_mm: float, x_mm: float = 0.0) -> Tube:
    z = np.linspace(40.0, -40.0, 25)
    return Tube(np.stack([0 * z + x_mm, 0 * z, z], axis=1), np.full(len(z), radius_mm))


def named(**kinds: Tube) -> dict[str, Structure]:
    return {kind: Structure(kind, kind, (tube,), "constructed") for kind, tube in kinds.items()}


def test_pieces_of_a_tube_are_together_the_tube():
    one = named(root=straight(2.0))
    points = np.random.default_rng(0).uniform([-4, -4, -45], [4, 4, 45], (4000, 3))
    pieces = list(tube_layers(one, 1.0))
    found = np.min([layer.shape.distance_mm(points) for layer in pieces], axis=0)

    assert len(pieces) > 1
    np.testing.assert_allclose(found, one["root"].distance_mm(points), atol=1e-9)
    for layer in pieces:
        low, high = layer.shape.box_mm
        inside = points[layer.shape.distance_mm(points) < 0]
        assert ((inside >= low) & (inside <= high)).all()


def test_what_lies_in_the_sac_is_painted_after_it_and_finer_nerves_last():
    order = [layer.tissue for layer in tube_layers(
        named(medial_branch=straight(0.5), root=straight(1.5), cord=straight(4.0),
              dura=straight(8.0), vessel=straight(1.0)), 1.0)]  # fmt: skip

    assert list(dict.fromkeys(order)) == [
        "blood", "dura", "csf", "cord", "root", "medial_branch"
    ]  # fmt: skip


@pytest.mark.parametrize("voxel_mm", [0.5, 1.0, 2.0])
def test_a_ring_of_voxels_has_the_hu_of_the_thin_membrane(voxel_mm):
    """Ring width times its contrast is that of 0.35 mm of dura."""
    layers = list(tube_layers(named(dura=straight(8.0)), voxel_mm))
    outer = next(one for one in layers if one.tissue == "dura")
    inner = next(one for one in layers if one.tissue == "csf")
    at = np.array([[0.0, 0.0, 35.0]])
    wide = float(inner.shape.distance_mm(at)[0] - outer.shape.distance_mm(at)[0])
    fluid, wall = tissues()[label("csf")].hu, tissues()[label("dura")].hu

    assert wide * (outer.hu - fluid) == pytest.approx(DURA_MM * (wall - fluid))
    assert wide >= 0.5 * voxel_mm


def test_a_union_of_tubes_has_the_box_around_all():
    both = Tubes((straight(2.0, -10.0), straight(3.0, 10.0)))
    np.testing.assert_allclose(both.box_mm, [[-12.0, -3.0, -43.0], [13.0, 3.0, 43.0]])
