"""Painting: volumes by partial cover, shells, and sameness."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.noise import Scan
from needle_sim.anatomy.phantom.voxelise import Canvas, Layer, ripple
from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, Tube, bar, box, distance_to_tubes_mm
from needle_sim.geometry.transform import PATIENT, Transform, rigid
from needle_sim.jit import set_threads, threads

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


def test_short_tubes_are_filled_as_their_common_distance_says():
    points = np.array([[-9.0, 2.0, -8.0], [-2.0, 3.5, -3.0], [6.0, -4.0, 5.0], [30.0, -6.0, 9.0]])
    tubes = [Tube(points, [1.5, 2.5, 0.8, 0.8]), Tube(points - [0.0, 3.0, 0.0], [1.0] * 4)]
    page, plain = canvas(), canvas()
    page.paint_tubes(tubes, "blood")
    page.paint_tubes([Tube(points + 200.0, [1.0] * 4)], "fat")  # beside it: nothing
    z, y, x = np.meshgrid(*(plain.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    places = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    depth = distance_to_tubes_mm(places, tubes).reshape(page.shape)
    share = np.clip(0.5 - depth, 0.0, 1.0)
    air, blood = tissues()[0].hu, tissues()[label("blood")].hu

    np.testing.assert_array_equal(page.labels == label("blood"), depth < 0)
    np.testing.assert_allclose(page.hu, air + share * (blood - air), atol=1e-3)


def aside_mm(x: float, y: float) -> Transform:
    return rigid(np.eye(3), (x, y, 0.0), source=PATIENT)


def test_layers_painted_together_are_those_painted_one_by_one():
    layers = [
        Layer("muscle", BALL),
        Layer("fat", BALL.moved(aside_mm(6.0, 0.0)), ripple_mm=0.4),
        Layer("blood", BALL.moved(aside_mm(0.0, 7.0)), hu=55.0),
    ]
    page, plain = canvas(), canvas()
    page.paint_all(layers)
    for one in layers:
        plain.paint(one.shape, one.tissue, hu=one.hu, ripple_mm=one.ripple_mm)

    np.testing.assert_array_equal(page.hu, plain.hu)
    np.testing.assert_array_equal(page.labels, plain.labels)


def test_a_shape_beside_the_canvas_paints_nothing():
    page = canvas()
    page.paint(Implicit.of([box((2.0, 2.0, 2.0), centre_mm=[300.0, 0, 0])]), "fat")

    assert not page.labels.any()


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
    muscle, wave = page.labels == label("muscle"), 0.8 * ripple(x, y, z)

    assert (muscle != (plain.labels == label("muscle"))).sum() > 100
    # a ball of 11 mm sags by 16 / (8 * 11) = 0.2 mm between nodes 4 mm apart along each axis
    sure = np.abs(depth + wave) > 0.6
    np.testing.assert_array_equal(muscle[sure], (depth + wave < 0)[sure])


@pytest.mark.parametrize("voxel_mm", [0.5, 1.0, 3.0])
def test_a_plane_known_at_nodes_is_poured_exactly(voxel_mm):
    page = canvas(voxel_mm)
    x, y, z = (page.node_axis_mm(axis) for axis in range(3))
    page.pour((0.6 * x + 0.8 * y[:, None] + 0.0 * z[:, None, None] - 3.0).astype(np.float32), "fat")
    z, y, x = np.meshgrid(*(page.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    cover = np.clip(0.5 - (0.6 * x + 0.8 * y - 3.0) / voxel_mm, 0.0, 1.0)

    air, fat = tissues()[0].hu, tissues()[label("fat")].hu
    assert np.abs(page.hu - (air + cover * (fat - air))).max() < 0.02
    sure = np.abs(cover - 0.5) > 1e-4
    np.testing.assert_array_equal((page.labels == label("fat"))[sure], (cover > 0.5)[sure])


def test_a_layer_holds_two_sheets():
    page = canvas(0.5)
    x, y, z = (page.node_axis_mm(axis) for axis in range(3))
    depth = x + 0.0 * y[:, None] + 0.0 * z[:, None, None]
    flat = np.zeros_like(depth)
    page.layer(depth, flat + 10.0, flat + 0.5, ("muscle", "fat"), ripple_mm=0.0)
    row = page.labels[30, 30]
    at = page.axis_mm(0)

    inside = (at < 0) & (at > -10)
    fat = (np.abs(at + 3.8) < 0.5) | (np.abs(at + 7.0) < 0.5)
    np.testing.assert_array_equal(row == label("fat"), inside & fat)
    np.testing.assert_array_equal(row == label("muscle"), inside & ~fat)


def test_a_thin_sheet_weighs_what_its_thickness_says_and_names_nothing():
    page = canvas(1.0)
    x, y, z = (page.node_axis_mm(axis) for axis in range(3))
    depth = x + 0.0 * y[:, None] + 0.0 * z[:, None, None] - 0.3
    page.sheet(depth, np.full_like(depth, 0.2), hu=0.0, ripple_mm=0.0)

    lifted = (page.hu[10, 10] - tissues()[0].hu).sum()
    assert lifted == pytest.approx(0.4 * 1000.0, rel=1e-4)
    assert not page.labels.any()


def test_a_tint_changes_no_label():
    page = canvas()
    page.paint(BALL, "muscle")
    before = page.labels.copy()
    page.tint(Implicit.of([bar([0, 0, 0], [0, 0, 0], (4.0, 4.0))]), 500.0)

    np.testing.assert_array_equal(page.labels, before)
    volume = ((page.hu - 55.0) / 445.0)[page.hu > 55.0].sum()
    assert volume == pytest.approx(4 / 3 * np.pi * 64.0, rel=0.05)


def test_spongy_bone_has_its_hu_in_the_middle_and_more_at_the_rim():
    page = canvas(0.5)
    page.paint_bone(BALL, lambda points: np.full(len(points), 0.5), trabecular_hu=120.0)
    z, y, x = np.meshgrid(*(page.axis_mm(axis) for axis in (2, 1, 0)), indexing="ij")
    depth = BALL.distance_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3)).reshape(page.shape)

    assert page.hu[depth < -4.0] == pytest.approx(120.0)
    rim = (depth > -2.4) & (depth < -1.0)  # under a shell of 0.5 mm and half a voxel
    expected = 120.0 * (1.0 + 0.4 * (1.0 + depth[rim] / 2.5) ** 2)
    np.testing.assert_allclose(page.hu[rim], expected, rtol=1e-3)


def test_noise_is_drawn_by_the_seed_and_is_the_same_for_any_threads():
    page = canvas()
    page.paint(BALL, "muscle")
    first, again, other = (page.finished(seed=seed)[0].array for seed in (1, 1, 2))
    before = threads()
    set_threads(1)
    try:
        alone = page.finished(seed=1)[0].array
    finally:
        set_threads(before)

    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, alone)
    assert (first != other).mean() > 0.3


def test_a_water_bath_shows_the_noise_that_was_asked_for():
    page = Canvas.of([-65, -65, -8], [65, 65, 8], 1.0)
    page.hu[:] = 0.0
    scan = Scan(noise_hu=12.0, water_mm=130.0)
    ct = page.finished(seed=3, scan=scan)[0].array[:, 8:-8, 8:-8].astype(np.float64)

    assert ct.std() == pytest.approx(12.0, rel=0.05)
    assert ct.mean() == pytest.approx(0.0, abs=0.3)
    next_to = np.mean(ct[1:] * ct[:-1]) / ct.var()  # slices share no rays: white along z
    assert abs(next_to) < 0.02


def test_air_is_noisy_and_ends_at_the_lowest_number():
    page = Canvas.of([-65, -65, -8], [65, 65, 8], 1.0)
    page.hu[:, 40:90, 40:90] = 0.0
    ct, _ = page.finished(seed=3, scan=Scan(noise_hu=60.0, water_mm=100.0))

    outside = ct.array[:, :20, :20]
    assert outside.min() == -1024
    assert outside.std() > 3.0
