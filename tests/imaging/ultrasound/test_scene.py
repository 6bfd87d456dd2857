import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.imaging.ultrasound import _kernels as march_kernels
from needle_sim.imaging.ultrasound.acoustics import kin
from needle_sim.imaging.ultrasound.field import _kernels
from needle_sim.imaging.ultrasound.field.textures import tiles
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scene import Echoes, prepare
from needle_sim.volume.volume import Volume, axis_aligned
from tests.imaging.ultrasound.field.test_bone_field import Rod, patient


def ball(radius_mm, spacing=1.0):
    """A ball of viscera in muscle, in air outside 30 mm."""
    n = int(80 / spacing)
    place = axis_aligned((spacing,) * 3, (-40.0,) * 3)
    r = np.linalg.norm(place.apply(np.moveaxis(np.indices((n, n, n)), 0, -1)), axis=-1)
    labels = np.where(r < 30, label("muscle"), 0)
    labels[r < radius_mm] = label("viscera")
    return Anatomy(
        "ball",
        Volume(np.zeros((n, n, n), np.int16), place),
        Volume(labels.astype(np.uint16), place, "label"),
    )


def test_tissues_keep_their_volume_on_the_finer_grid():
    echoes = prepare(ball(15.0), (0, 0, 0), reach_mm=39, step_mm=0.65)
    labels = echoes.grid & 255
    cell = 0.65**3

    assert (labels == label("viscera")).sum() * cell == pytest.approx(
        4 / 3 * np.pi * 15**3, rel=0.02
    )
    assert (labels > 0).sum() * cell == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.02)


def test_borders_are_smoother_than_the_voxels():
    """The vote of neighbours puts the border of a ball within a third of a voxel, not a half."""
    echoes = prepare(ball(15.0, 1.6), (0, 0, 0), reach_mm=39, step_mm=0.4)
    rng = np.random.default_rng(0)
    way = rng.standard_normal((400, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    along = np.arange(8, 22, 0.05)
    inside = echoes.labels_at(way[:, None] * along[:, None]) == label("viscera")
    radius = along[0] + 0.05 * inside.sum(axis=1)

    assert radius.std() < 0.33 * 1.6
    assert radius.mean() == pytest.approx(15, abs=0.3)


def test_bone_overrules_what_is_stamped_and_labels_say_so():
    echoes = prepare(
        patient(lambda at: at[..., 0] > 99, bones={"rod": Rod()}), (0, 0, 0), reach_mm=20
    )

    assert echoes.labels_at([0.0, 0.0, 0.0]) == label("cortical_bone")
    assert echoes.labels_at([0.0, 10.0, 0.0]) == label("muscle")


def test_the_same_scene_every_time_whatever_the_threads():
    from needle_sim.jit import set_threads, threads

    before = threads()
    try:
        set_threads(1)
        first = prepare(ball(15.0), (0, 0, 0), reach_mm=30)
        set_threads(2)
        second = prepare(ball(15.0), (0, 0, 0), reach_mm=30)
    finally:
        set_threads(before)

    assert first.grid.tobytes() == second.grid.tobytes()


def test_the_grid_stays_near_the_body_and_its_rim_goes_on():
    echoes = prepare(ball(15.0), (0, 0, 0), reach_mm=39)
    low, high = echoes.corners_mm

    assert (low > -39).all()
    assert (high < 39).all()
    far = echoes.labels_at([0.0, 0.0, 500.0])
    assert far == echoes.labels_at([0.0, 0.0, high[2]])


@pytest.mark.parametrize(
    ("near", "settings", "said"),
    [
        ((500, 0, 0), {}, "misses the volume, which spans"),
        ((0, 0, 0), {"step_mm": 0.0}, r"step_mm 0\.1 to 3 .*got 0"),
        ((0, 0, 0), {"reach_mm": 39, "step_mm": 0.1}, "lower reach_mm"),
        ((38, 38, 38), {"reach_mm": 10}, "no body lies within 10 mm"),
        ((np.nan, 0, 0), {}, "near_mm holds values that are not finite"),
    ],
)
def test_a_region_that_makes_no_scene_is_refused(near, settings, said):
    with pytest.raises(InputError, match=said):
        prepare(ball(15.0), near, **settings)


def test_a_grid_of_another_kind_is_refused():
    with pytest.raises(InputError, match="uint32"):
        Echoes(np.zeros((4, 4, 4)), axis_aligned((1, 1, 1), (0, 0, 0)), 1.0)


@pytest.mark.kernel
def test_a_voxel_of_the_kernel_holds_label_texture_and_distance():
    shape = (4, 5, 6)
    labels = np.full(shape, label("viscera"), np.uint16)
    labels[2:] = label("cortical_bone")
    bone = np.full(shape, 3.0, np.float32)
    stamp = np.full(shape, 255, np.uint8)
    stamp[0, 0, 0] = label("csf")
    exact = np.full(shape, 128, np.int16)  # 2 mm
    exact[1] = -64
    kinds = np.zeros(64, np.int64)
    marks = (label("fat"), label("muscle"), label("cortical_bone"), label("trabecular_bone"))
    out = np.empty(shape, np.uint32)

    told = (kin(), tiles(0.65), np.zeros(4), np.zeros(3), 1.0, *marks, 0, 4, out)
    _kernels.assemble(labels, bone, np.eye(4), stamp, exact, kinds, *told)

    names, tone, away = out & 255, (out >> 8) & 255, ((out >> 16).astype(int) - 32768) / 64
    assert names[0, 0, 0] == label("csf")
    assert names[0, 1, 1] == label("viscera")
    assert names[3, 1, 1] == label("muscle")  # bone is told by the distance
    assert (away[0] == 2.0).all()
    assert (away[1] == -1.0).all()
    assert np.abs(tone.astype(int) - 128).max() < 16
    assert march_kernels.TO_MM == _kernels.TO_MM


@pytest.mark.kernel
def test_muscles_vote_together_against_fat_and_the_larger_of_them_gives_its_name():
    names = [label(name) for name in ("fat", "fat", "fat", "psoas", "psoas", "multifidus",
                                      "multifidus", "multifidus")]  # fmt: skip
    labels = np.array(names, np.uint16).reshape(2, 2, 2)
    back = np.eye(4)
    back[:3, 3] = 0.5  # the middle of the eight voxels
    shape = (1, 1, 1)
    given = (labels, np.full((2, 2, 2), 50.0, np.float32), back, np.full(shape, 255, np.uint8))
    marks = (label("fat"), label("muscle"), label("cortical_bone"), label("trabecular_bone"))
    told = (tiles(0.65), np.zeros(1), np.zeros(3), 1.0, *marks, 0, 1)
    out = np.empty(shape, np.uint32)

    exact, kinds = np.full(shape, 3200, np.int16), np.zeros(64, np.int64)
    _kernels.assemble(*given, exact, kinds, kin(), *told, out)

    assert out[0, 0, 0] & 255 == label("multifidus")


def test_a_scene_that_is_kept_gives_the_picture_of_one_that_is_not(phantom):
    probe = Probe.preset("curved_3p5mhz")
    pose = ns.pose(phantom, "paramedian_sagittal_oblique", level="L3-L4", side="right")
    middle = pose.apply([0.0, 0.0, 0.5 * probe.depth_mm])
    kept = ns.Echoes.around(phantom, middle, reach_mm=0.5 * probe.depth_mm + 20.0)

    again = ns.sonogram(kept, probe, pose)

    assert np.array_equal(again.array, ns.sonogram(phantom, probe, pose).array)
