"""The sacral hiatus and the ligament over it."""

import numpy as np
import pytest

from needle_sim.anatomy.compartment import compartment
from needle_sim.anatomy.phantom.hiatus import hiatus_rows, ligament_rows
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import canal_points, wall_points
from needle_sim.geometry.shapes import Implicit


def shapes(bare):
    given = bare.column.vertebrae["S1"], bare.spec.sacrum
    return Segments(*given), Implicit.of(ligament_rows(*given)), Implicit.of(hiatus_rows(*given))


def test_the_ligament_closes_the_canal_from_the_wall_to_the_coccyx(drawn):
    axis, ligament, _ = shapes(drawn)
    spec, sizes = axis.spec, axis.sizes
    wall, canal = wall_points(spec, sizes)[-1], canal_points(spec, sizes)
    down, behind = axis.directions[-1], axis.dorsal(4)

    assert drawn.own["S1"].distance_mm(wall[None])[0] < 0
    assert ligament.distance_mm((wall + 3.0 * down)[None])[0] < 0
    for share in (0.3, 0.7, 1.0):  # a needle from behind meets the ligament, then the canal
        at = (1 - share) * canal[4] + share * canal[5]
        line = at + np.arange(12.0, 0.0, -0.05)[:, None] * behind
        met = ligament.distance_mm(line) < 0
        assert met.any()
        assert np.sum(met) * 0.05 < 6.0
    length = (axis.ends[-1] + 8.0 * down - wall) @ down
    assert 10.0 < length < 50.0  # the hiatus is 22.5 mm long, 10 to 50 (FREEDICT)


def test_the_ligament_is_as_thick_and_wide_as_ultrasound_shows_it(mean):
    """3.9 mm in women and 4.3 mm in men, over cornua 16.5 and 17.7 mm apart (PARKUS15)."""
    axis, ligament, _ = shapes(mean)
    apex = wall_points(axis.spec, axis.sizes)[-1] + 2.0 * axis.directions[-1]
    steps = np.arange(-14.0, 14.0, 0.01)[:, None]
    thick = np.sum(ligament.distance_mm(apex + steps * axis.dorsal(4)) < 0) * 0.01
    wide = np.sum(ligament.distance_mm(apex + steps * [1.0, 0.0, 0.0]) < 0) * 0.01

    assert 3.6 < thick < 4.6
    assert 15.5 < wide < 18.7


def test_the_canal_under_it_is_as_deep_as_mri_shows_it(drawn):
    """4.6 mm at its deepest, 1 to 8 (Crighton 1997, doi:10.1093/bja/78.4.391)."""
    axis, ligament, hiatus = shapes(drawn)
    at = canal_points(axis.spec, axis.sizes)[4] + 1.0 * axis.directions[-1]
    line = at + np.arange(-8.0, 8.0, 0.01)[:, None] * axis.dorsal(4)
    free = (hiatus.distance_mm(line) < 0) & (drawn.own["S1"].distance_mm(line) > 0)

    assert 2.0 < np.sum(free) * 0.01 < 6.5
    assert not (free & (ligament.distance_mm(line) < -1e-9)).any()


@pytest.mark.parametrize(
    ("space", "kind"), [("sacral hiatus", "epidural"), ("sacrococcygeal_ligament", "soft_tissue")]
)
def test_they_are_compartments(phantom, space, kind):
    shape = phantom.spaces[space].shape
    points = np.random.default_rng(0).uniform(*shape.box_mm, (4000, 3))
    far = np.min([bone.distance_mm(points) for bone in phantom.bones.values()], axis=0)
    deep = points[(shape.distance_mm(points) < -0.5) & (far > 0.3)]

    assert len(deep) > 20
    met = [compartment(phantom, point) for point in deep[:20]]
    assert {one.kind for one in met} == {kind}
    assert space in {one.name for one in met}
