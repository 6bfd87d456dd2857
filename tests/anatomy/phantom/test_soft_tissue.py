"""The trunk around the spine."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.disc import disc_rows
from needle_sim.anatomy.phantom.soft_tissue import layers
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks
from needle_sim.geometry.shapes import Implicit, trace_mm

LEVELS = spine_spec().levels


@pytest.fixture(scope="module")
def trunk(mean) -> Trunk:
    return Trunk(mean.column, mean.spec.trunk)


@pytest.mark.parametrize("upper", LEVELS[:-1])
def test_discs_fill_the_space_between_endplates(mean, upper):
    lower = LEVELS[LEVELS.index(upper) + 1]
    annulus, nucleus = (Implicit.of([row]) for row in disc_rows(mean.column, upper, lower))
    top, low = mean.column.vertebrae[upper], mean.column.vertebrae[lower]
    above = mean.column.bodies[upper].apply([0.0, 0.0, -0.5 * top.height_mm])
    below = mean.column.bodies[lower].apply([0.0, 0.0, 0.5 * low.height_mm])

    line = above + np.linspace(0.1, 0.9, 9)[:, None] * (below - above)
    assert (annulus.distance_mm(line) < 0).all()
    assert (nucleus.distance_mm(line) < 0).all()
    assert annulus.box_mm[0, 0] < nucleus.box_mm[0, 0]
    assert annulus.box_mm[1, 0] < 27


def test_layers_name_known_tissues_and_lie_in_the_trunk(mean):
    found = list(layers(mean.column, mean.spaces))

    assert {layer.tissue for layer in found} >= {
        "psoas", "epidural_fat", "interspinous_ligament",
        "supraspinous_ligament", "ligamentum_flavum", "sacrococcygeal_ligament", "annulus",
        "nucleus", "cartilage", "facet_joint", "sacroiliac_joint",
    }  # fmt: skip
    front = -mean.spec.trunk["front_mm"]
    assert all(layer.shape.box_mm[0, 1] > front for layer in found)


@pytest.mark.parametrize(("lower", "hollow_mm"), [("L3", 1.8), ("L5", 1.0), ("S1", 0.0)])
def test_the_back_of_a_disc_is_hollow_but_for_the_lowest(mean, lower, hollow_mm):
    upper = LEVELS[LEVELS.index(lower) - 1]
    row = disc_rows(mean.column, upper, lower)[0]
    whole = Implicit.of([row])
    edge = row[3:6] + (0.5 * row[13] - 0.5 * hollow_mm) * row[9:12]
    discs = [one for one in layers(mean.column, mean.spaces) if one.tissue == "annulus"]
    disc = discs[LEVELS.index(lower) - 1].shape

    assert whole.distance_mm(edge[None])[0] < 1e-6
    if hollow_mm:
        assert disc.distance_mm(edge[None])[0] > 0.3
    else:
        assert len(disc.rows) == 1
    beside = edge + 15.0 * row[6:9] - 4.0 * row[9:12]
    assert disc.distance_mm(beside[None])[0] < 0


@pytest.mark.parametrize("level", ["L2", "L3", "L4"])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_psoas_touches_the_body(mean, level, sign):
    spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
    psoas = [one.shape for one in layers(mean.column, mean.spaces) if one.tissue == "psoas"]
    beside = body.apply([sign * (0.5 * spec.upper_width_mm - 0.5), 4.0, 0.0])

    assert min(one.distance_mm(beside[None])[0] for one in psoas) < 0


def test_the_supraspinous_ligament_lies_on_the_tips_and_ends_at_l4(mean):
    (strip,) = [
        one.shape
        for one in layers(mean.column, mean.spaces)
        if one.tissue == "supraspinous_ligament"
    ]
    for level in LEVELS[: LEVELS.index("L4") + 1]:
        spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
        tip = body.apply(vertebra_landmarks(spec, bone=mean.own[level])["spinous_tip"])
        back = body.turn([0.0, 1.0, 0.0])
        skin = trace_mm(strip, tip + 25.0 * back, -back, off_mm=0.0)
        assert 0.5 < np.linalg.norm(skin - tip) < 5.0, level
    fifth = mean.column.bodies["L5"].apply([0.0, 60.0, 0.0])
    assert strip.box_mm[0, 2] > fifth[2] - 10.0


@pytest.mark.parametrize("pair", range(len(LEVELS) - 2))
def test_an_interspinous_ligament_fills_the_midline_from_flavum_to_tips(mean, pair):
    sheets = [
        one.shape
        for one in layers(mean.column, mean.spaces)
        if one.tissue == "interspinous_ligament"
    ]
    upper, lower = LEVELS[pair], LEVELS[pair + 1]
    ends = []
    for level, drop in ((upper, 12.0), (lower, -5.0)):
        spec = mean.column.vertebrae[level]
        share = np.linspace(0.2, 0.9, 15)[:, None]
        depth = (
            spec.canal_depth_mm + 5.0 + share * (spec.spinous_length_mm - spec.canal_depth_mm - 5)
        )
        line = np.hstack([0 * depth, spec.back_mm + depth, 0 * depth - spec.lamina_drop_mm - drop])
        ends.append(mean.column.bodies[level].apply(line))
    middle = 0.5 * (ends[0] + ends[1])

    assert (sheets[pair].distance_mm(middle) < 0).all()
    assert (sheets[pair].distance_mm(middle + np.array([4.0, 0.0, 0.0])) > 0).all()
