import numpy as np
import pytest

from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM
from needle_sim.anatomy.phantom.sacral_nerves import laid_on, lateral_branches, sacral_roots
from needle_sim.anatomy.phantom.sacrum import FORAMINA_MM, canal_points
from needle_sim.anatomy.phantom.spec import generator, spine_spec
from needle_sim.geometry.shapes import Implicit, bar


@pytest.fixture(scope="module")
def sacral():
    spine = spine_spec()
    stack = column(spine)
    own, bones = bones_of(stack, spine.sacrum)
    return spine, stack, own["S1"], bones["S1"]


def test_roots_s1_to_s3_pass_canal_and_foramina_without_touching_bone(sacral):
    spine, stack, _, bone = sacral
    found = [one for one in sacral_roots(stack, spine.sacrum, bone) if one.kind == "root"]

    assert [one.name for one in found] == [
        f"S{n} {side} root" for side in ("right", "left") for n in (1, 2, 3)
    ]
    for one in found:
        (tube,) = one.tubes
        assert (bone.distance_mm(tube.points_mm) > tube.radius_mm).all()
        assert tube.radius_mm.min() > 1.0


def test_the_ganglion_lies_on_its_root_and_is_wider(sacral):
    spine, stack, _, bone = sacral
    named = {one.name: one for one in sacral_roots(stack, spine.sacrum, bone)}

    for n in (1, 2, 3):
        root, ganglion = (named[f"S{n} left {part}"].tubes[0] for part in ("root", "ganglion"))
        off = np.linalg.norm(ganglion.points_mm[:, None] - root.points_mm, axis=2).min(axis=1)
        beside = np.argmin(np.linalg.norm(root.points_mm - ganglion.points_mm.mean(0), axis=1))
        assert off.max() < 1.5
        assert ganglion.radius_mm.max() > 1.1 * root.radius_mm[beside]
        assert ganglion.radius_mm.min() > 1.4


@pytest.mark.parametrize("seed", [None, 3, 8])
def test_ganglia_lie_in_canal_or_foramen_as_published(seed):
    """S1's in the foramen in 55-60 %, S2's in the canal in 50-85 %, S3's in the canal in all, none
    beyond the foramen (Ebraheim and Lu 1998, Surg Radiol Anat 20:105, cadavers)."""
    spine = spine_spec(rng=None if seed is None else generator(seed))
    stack = column(spine)
    _, bones = bones_of(stack, spine.sacrum)
    line = canal_points(stack.vertebrae["S1"], spine.sacrum)
    out, low = [], []
    for one in sacral_roots(stack, spine.sacrum, bones["S1"]):
        if one.kind == "ganglion":
            n = int(one.name[1])
            own = stack.bodies["S1"].inverse().apply(one.tubes[0].points_mm)
            lateral, radius = FORAMINA_MM[n - 1]
            out.append((np.abs(own[:, 0]) - lateral) / radius)
            low.append((own[:, 2].mean() - line[n, 2]) / (line[n - 1, 2] - line[n, 2]))
    middle = np.array([one.mean() for one in out]).reshape(2, 3)
    height = np.array(low).reshape(2, 3)

    assert (middle[:, 0] > -1.0).all()  # beyond the medial border of the first foramen
    assert (middle[:, 1:] < -1.0).all()
    assert max(one.max() for one in out) < 1.0
    assert (height[:, 0] < 0.3).all()  # abreast of the first foramen
    assert ((height[:, 1:] > 0.1) & (height[:, 1:] < 0.6)).all()  # on the way to theirs


def test_lateral_branches_run_on_the_bone_outwards_between_the_foramina_and_the_joint(sacral):
    spine, stack, own, bone = sacral
    found = list(lateral_branches(stack, spine.sacrum, own))

    assert len(found) == 6
    for one in found:
        for tube in one.tubes:
            away = bone.distance_mm(tube.points_mm)
            assert away == pytest.approx(np.full(len(away), NERVE_OFF_MM), abs=0.1)
            out = np.abs(tube.points_mm[:, 0])
            assert out[-1] > out[0] + 8.0


def test_most_of_the_network_lies_between_the_second_and_third_tubercle(sacral):
    spine, stack, own, _ = sacral
    ends = {
        one.name: [tube.points_mm[-1, 2] - tube.points_mm[0, 2] for tube in one.tubes]
        for one in lateral_branches(stack, spine.sacrum, own)
    }

    assert min(ends["S1 left lateral branches"]) < -5.0  # down to it
    assert max(ends["S2 left lateral branches"]) > 3.0


def test_a_path_that_leaves_the_bone_ends_at_its_edge():
    plate = Implicit.of([bar((0, 0, -50), (0, 0, 50), (10.0, 4.0), across=(1.0, 0.0, 0.0))])
    path = np.stack([np.linspace(0, 30, 31), np.zeros(31), np.zeros(31)], axis=1)

    lain = laid_on(plate, path, np.array([0.0, 1.0, 0.0]))

    assert 9.0 < lain[:, 0].max() < 11.0
    assert plate.distance_mm(lain) == pytest.approx(np.full(len(lain), NERVE_OFF_MM), abs=0.1)
