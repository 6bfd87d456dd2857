"""Painting: volumes by partial cover, shells, and sameness."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.voxelise import Canvas, noise_tiles, ripple
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar, box

BALL = Implicit.of([bar([1.3, -0.4, 2.1], [1.3, -0.4, 2.1], (11.0, 11.0))])


def canvas(voxel_mm: float = 1.0) -> Canvas:
    return Canvas.of([-16, -20, -16], [16, 20, 20], voxel_mm)


@pytest.mark.parametrize("voxel_mm", [0.7, 1.0, 2.0])
def test_partial_cover_gives_the_volume_of_a_ball(voxel_mm):
    page = canvas(voxel_mm)
    page.paint(BALL, "muscle")
    air, muscle = tissues()[0].hu, tissues()[label("muscle")].hu

    share = (page.hu.astype(np.float64) - air) / (muscle - air)
    volume = share.sum() * voxel_mm**3
    assert volume == pytest.approx(4 / 3 * np.pi * 11.0**3, rel=2e-3 + 0.3 * (voxel_mm / 11.0) ** 2)
    labelled = (page.labels == label("muscle")).sum() * voxel_mm**3
    assert labelled == pytest.approx(4 / 3 * np.pi * 11.0**3, rel=0.03)


def test_labels_are_exactly_the_inside():
    page = canvas()
    page.paint(BALL, "muscle")
    z, y, x = np.meshgrid(*(page.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    depth = BALL.distance_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3)).reshape(page.shape)

    np.testing.assert_array_equal(page.labels == label("muscle"), depth < 0)


def test_a_shell_weighs_what_its_thickness_says():
    page = canvas()
    page.paint_bone(BALL, lambda points: np.full(len(points), 1.5), trabecular_hu=200.0)
    cortical, air = tissues()[label("cortical_bone")].hu, tissues()[0].hu

    outer, inner = 4 / 3 * np.pi * 11.0**3, 4 / 3 * np.pi * 9.5**3
    expected = (outer - inner) * (cortical - air) + inner * (200.0 - air)
    assert (page.hu.astype(np.float64) - air).sum() == pytest.approx(expected, rel=0.02)


def test_later_paint_covers_earlier_paint():
    page = canvas()
    page.paint(BALL, "muscle")
    page.paint(Implicit.of([box((4.0, 4.0, 4.0))]), "fat")
    middle = tuple(int(np.argmin(np.abs(page.axis_mm(axis)))) for axis in (2, 1, 0))

    assert page.labels[middle] == label("fat")
    assert page.hu[middle] == tissues()[label("fat")].hu


def test_a_shape_beside_the_canvas_paints_nothing():
    page = canvas()
    page.paint(Implicit.of([box((2.0, 2.0, 2.0), centre_mm=[300.0, 0, 0])]), "fat")

    assert not page.labels.any()


def test_noise_is_unit_and_periodic():
    for tile, slack in zip(noise_tiles(), (0.1, 0.1, 0.1, 0.4, 0.4), strict=True):
        assert tile.std() == pytest.approx(1.0, abs=1e-3)
        assert tile.mean() == pytest.approx(0.0, abs=1e-3)
        for axis in range(3):  # the last slice meets the first as any slice meets the next
            step = np.abs(np.diff(tile, axis=axis)).mean()
            seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
            assert seam == pytest.approx(step, rel=slack)


def test_the_finished_ct_is_held_to_twelve_bits():
    page = canvas()
    page.paint(BALL, "cortical_bone", hu=9000.0)
    ct, labels = page.finished()

    assert ct.array.dtype == np.int16
    assert ct.array.max() == 3071
    assert ct.array.min() >= -1024
    assert labels.array.dtype == np.uint16


@pytest.mark.parametrize("voxel_mm", [0.0, -1.0, 9.0, float("nan")])
def test_odd_voxels_are_refused(voxel_mm):
    with pytest.raises(InputError, match=r"voxel_mm must be 0\.3 to 4"):
        canvas(voxel_mm)


def test_a_ripple_moves_the_outline_but_not_far():
    page, plain = canvas(), canvas()
    plain.paint(BALL, "muscle")
    page.paint(BALL, "muscle", ripple_mm=0.8)
    z, y, x = np.meshgrid(*(page.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    depth = BALL.distance_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3)).reshape(page.shape)
    muscle = page.labels == label("muscle")

    assert (muscle != (plain.labels == label("muscle"))).sum() > 100
    np.testing.assert_array_equal(muscle, depth + 0.8 * ripple(x, y, z) < 0)


def test_a_wash_covers_what_its_distance_says():
    page = canvas()
    depth = np.full(page.shape[1:], 5.0, dtype=np.float32)
    depth[:, :7], depth[:, 7] = -5.0, 0.25
    page.wash(3, depth[2:], "fat", slice(2, None), slice(None))

    air, fat = tissues()[0].hu, tissues()[label("fat")].hu
    assert (page.labels[3, 2:, :7] == label("fat")).all()
    assert not page.labels[3, :2].any()
    assert not page.labels[3, :, 7:].any()
    assert page.hu[3, 2:, 7] == pytest.approx(air + 0.25 * (fat - air))
