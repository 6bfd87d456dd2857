"""Distance maps say what the exact surfaces say, and are made once."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.jit import set_threads, threads
from needle_sim.planning import hazards
from needle_sim.planning.clearance import Obstacles, clearances_mm
from needle_sim.planning.hazards import KINDS, HazardMaps
from needle_sim.volume.volume import Volume
from tests.planning.blocks import Slab, block, crowded


@pytest.fixture(scope="module")
def spine():
    return crowded()


@pytest.fixture(scope="module")
def maps(spine):
    return HazardMaps.around(spine, [0.0, 0.0, 0.0])


def exact(near: Obstacles, points: np.ndarray) -> np.ndarray:
    by_kind = [np.min([one.distance_mm(points) for one in near.bones.values()], axis=0)]
    for kind in KINDS[1:]:
        ways = [one.distance_mm(points) for one in near.structures.values() if one.kind == kind]
        by_kind.append(np.min(ways, axis=0))
    return np.stack(by_kind, axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_maps_are_as_exact_as_they_say(maps, kind):
    """Half a millimetre within 10 mm of a surface; outside never 0.3 mm too much."""
    points = np.random.default_rng(0).uniform(-70, 70, (60_000, 3))
    index = KINDS.index(kind)
    true, found = exact(maps.near, points)[:, index], maps.sample(points)[:, index]
    near = (true > -0.3) & (true < 10.0)
    error = (found - true)[near]
    assert near.sum() > 500
    assert np.abs(error).max() <= 0.5
    assert (found - true)[(true >= 0) & (true < 9.0)].max() <= 0.3
    assert np.abs(error[true[near] < 3.0]).mean() < 0.05
    far = (true >= 10.0) & (true < 60.0)  # interpolated from a lattice of 4 mm
    assert (found - true)[far].max() <= 1.0


def test_maps_of_a_phantom_are_as_exact_in_999_of_1000_places(phantom):
    """The distance of a vertebra has small jumps of its own, where its parts meet."""
    maps = HazardMaps.around(phantom, phantom.landmark("L5 right sap_tip"))
    points = maps.low_mm + np.random.default_rng(0).uniform(1, 150, (40_000, 3))
    true, found = exact(maps.near, points), maps.sample(points)
    for index, kind in enumerate(KINDS):
        here = (true[:, index] > -0.3) & (true[:, index] < 10.0)
        error = (found - true)[here, index]
        assert (np.abs(error) <= 0.5).mean() >= 0.999, kind
        outside = true[here, index] >= 0
        assert (error[outside] <= 0.3).mean() >= 0.999, kind


def test_what_is_outside_the_maps_is_far_away(maps):
    assert maps.sample([[200.0, 0.0, 0.0]])[0] == pytest.approx([hazards.FAR_MM] * 4)


def test_bone_of_the_voxels_is_in_the_map_with_its_soft_edge():
    plain = block()
    array = plain.labels.array.copy()
    array[:, 60:65, :] = label("cortical_bone")  # y 40 to 48
    spine = replace(plain, labels=Volume(array, plain.labels.patient_from_voxel, "label"))
    maps = HazardMaps.around(spine, [0.0, 0.0, 0.0])
    found = maps.sample([[0.0, 34.0, 0.0], [0.0, 39.0, 1.3]])[:, 0]
    assert found == pytest.approx([6.0 - 0.95, 1.0 - 0.95], abs=0.1)
    assert maps.names == ("bone seen in voxels",)
    assert maps.kinds == ("bone",)


def test_maps_are_made_once_for_an_anatomy_and_a_region(spine, maps, monkeypatch):
    def made_again(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(hazards, "_made", made_again)
    assert HazardMaps.around(spine, [1.0, -2.0, 3.0]) is maps
    for other, centre in ((spine, [30.0, 0.0, 0.0]), (crowded(), [0.0, 0.0, 0.0])):
        with pytest.raises(AssertionError, match="made again"):
            HazardMaps.around(other, centre)


def test_the_box_does_not_depend_on_what_was_asked_before(spine, maps):
    """3.9 mm away in each direction is still the same cell; the box reaches 70 mm from there."""
    assert HazardMaps.around(spine, [3.9, 3.9, -3.9]) is maps
    assert maps.low_mm == pytest.approx([-75.5] * 3)
    assert HazardMaps.around(spine, [4.1, 0.0, 0.0]).low_mm == pytest.approx([-67.5, -75.5, -75.5])


def test_kept_maps_go_with_their_anatomy(monkeypatch):
    monkeypatch.setattr(hazards, "_kept", [])
    spine = block()
    HazardMaps.around(spine, [0.0, 0.0, 0.0])
    assert len(hazards._kept) == 1
    del spine
    gc.collect()
    assert len(hazards._kept) == 0


def test_only_the_last_few_maps_are_kept(monkeypatch):
    monkeypatch.setattr(hazards, "_kept", [])
    monkeypatch.setattr(hazards, "_made", lambda *_: object())
    spine = block()
    places = [[40.0 * n, 0.0, 0.0] for n in range(5)]
    made = [HazardMaps.around(spine, place) for place in places]
    assert [maps for _, _, maps in hazards._kept] == made[-3:]
    hazards.forget()
    assert len(hazards._kept) == 0


def candidates(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    axes = np.array([0.0, -1.0, 0.0]) + rng.normal(0, 0.25, (count, 3))
    return rng.uniform(-5, 5, (count, 3)), axes / np.linalg.norm(axes, axis=1, keepdims=True)


def test_least_distances_are_those_of_the_exact_shapes(spine, maps):
    """The whole way back from the tip, against every 0.25 mm of the exact surfaces."""
    tips, axes = candidates(150)
    found = maps.trace(tips, axes, reach_mm=60.0, far_mm=20.0).least_mm
    needle = Needle(gauge=22, outer_mm=0.718, inner_mm=0.413, length_mm=150.0)
    for n in range(len(tips)):
        way = Trajectory.straight(tips[n] - 60.0 * axes[n], tips[n])
        true = clearances_mm(spine, PlacedNeedle(needle, way), near=maps.near)
        wanted = [true["bone"], true["dura"], true["L5 right root"], true["artery"]]
        for got, want in zip(found[n], np.array(wanted) + 0.359, strict=True):
            if -0.3 < want < 9.0:
                assert got == pytest.approx(want, abs=0.5)
            if 0.0 <= want < 9.0:
                assert got <= want + 0.3
            assert got <= 20.0


def test_a_path_breaks_off_where_the_first_wall_is():
    """A slab from y 20 to 30, met from y 0 along +y: 20 - 1.5 mm from the tip."""
    maps = HazardMaps.around(block(bones={"L5": Slab((-60, 20, -60), (60, 30, 60))}), [0, 0, 0])
    tips, axes = np.array([[0.0, 0.0, 0.0], [0.0, 40.0, 0.0]]), np.array([[0.0, -1.0, 0.0]] * 2)
    found = maps.trace(tips, axes, reach_mm=60.0, least_mm={"bone": 1.5})
    assert found.met_mm[0] == pytest.approx(18.5, abs=0.55)  # the finest step is 0.5 mm
    assert found.least_mm[0, 0] < 1.5
    assert found.met_mm[1] == -1.0
    at = tips[:1] - found.met_mm[0] * axes[:1]
    assert maps.names[maps.named(at, np.array([0]))[0]] == "bone of L5"


def test_kinds_without_a_least_distance_are_no_walls(maps):
    tips, axes = candidates(300)
    found = maps.trace(tips, axes, reach_mm=60.0, least_mm={"root": 2.0}).met_mm
    alone = maps.trace(tips, axes, reach_mm=60.0).least_mm[:, KINDS.index("root")]
    assert 30 < (found >= 0).sum() < 270
    assert np.abs(alone[(found >= 0) != (alone < 2.0)] - 2.0).max(initial=0.0) < 0.1


def test_the_answer_has_the_same_bytes_at_one_and_two_threads(maps):
    tips, axes = candidates(40_000)
    before, answers = threads(), []
    try:
        for count in (1, 2):
            set_threads(count)
            found = maps.trace(tips, axes, reach_mm=60.0, least_mm={"root": 2.0, "bone": 0.7})
            answers.append((found.least_mm.tobytes(), found.met_mm.tobytes()))
    finally:
        set_threads(before)
    assert answers[0] == answers[1]


def test_two_callers_at_once_get_the_same_answer(maps):
    tips, axes = candidates(20_000)
    answers = {}

    def call(name: str) -> None:
        answers[name] = maps.trace(tips, axes, reach_mm=60.0).least_mm.tobytes()

    callers = [threading.Thread(target=call, args=(name,)) for name in "ab"]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert answers["a"] == answers["b"]


def straight_maps() -> HazardMaps:
    """Four straight fields on 12 nodes a side: x, y, z and 20 - x, from a corner at 0."""
    z, y, x = np.meshgrid(*(np.arange(12.0),) * 3, indexing="ij")
    fields = np.stack([x, y, z, 20 - x], axis=-1).astype(np.float32)
    which = np.zeros((3, 3, 3, 4), dtype=np.uint8)
    return HazardMaps(fields, which, ("one",), np.zeros(3), Obstacles({}, None, {}))


@pytest.mark.kernel
def test_straight_fields_are_traced_exactly():
    """From (6, 6, 6) back along +x to 11: least of x is 6, of 20 - x is 9."""
    found = straight_maps().trace([[6.0, 6.0, 6.0]], [[-1.0, 0.0, 0.0]], reach_mm=50.0)
    assert found.least_mm[0, :3] == pytest.approx([6.0, 6.0, 6.0], abs=1e-5)
    assert found.least_mm[0, 3] == pytest.approx(9.0, abs=0.51)  # half a step before the edge
    assert found.met_mm == [-1.0]


@pytest.mark.kernel
def test_points_between_nodes_are_trilinear():
    point = [[1.25, 7.5, 3.125]]
    assert straight_maps().sample(point)[0] == pytest.approx([1.25, 7.5, 3.125, 18.75])


@pytest.mark.parametrize(
    ("tips", "axes", "said"),
    [
        ([[0.0, 0.0]], [[0.0, 0.0]], r"must be \(C, 3\)"),
        ([[0.0, np.nan, 0.0]], [[0.0, 1.0, 0.0]], "not finite"),
        ([[0.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]] * 2, "1 tips do not go with 2 axes"),
    ],
)
def test_paths_that_make_no_sense_are_refused(maps, tips, axes, said):
    with pytest.raises(InputError, match=said):
        maps.trace(tips, axes, reach_mm=10.0)
