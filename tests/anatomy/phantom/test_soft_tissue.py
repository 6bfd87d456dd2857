"""The trunk around the spine."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.soft_tissue import Trunk, disc_rows, layers
from needle_sim.anatomy.phantom.spec import LEVELS
from needle_sim.geometry.shapes import Implicit


@pytest.fixture(scope="module")
def trunk(mean) -> Trunk:
    return Trunk(mean.column, mean.spec.trunk)


@pytest.mark.parametrize("level", ["L2", "L3", "L4"])
def test_the_epidural_space_is_as_deep_as_measured(mean, trunk, level):
    # EWHA96 45 +- 7, Bevacqua 1996 50.9 +- 12: skin to epidural space in the midline
    spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
    between = body.apply([0.0, spec.back_mm + spec.canal_depth_mm, -0.5 * spec.height_mm - 6.0])
    skin = trunk.back_mm(np.linspace(-200, 100, 301))

    depth = np.interp(between[2], np.linspace(-200, 100, 301), skin) - between[1]
    assert 40 <= depth <= 60


def test_skin_lies_behind_every_spinous_process(drawn):
    heights = np.linspace(-200, 105, 306)
    skin = Trunk(drawn.column, drawn.spec.trunk).back_mm(heights)
    for level in LEVELS:
        low, high = drawn.bones[level].box_mm
        behind = skin[(heights > low[2] + 15) & (heights < high[2] - 15)]

        assert behind.min() > high[1] - 8.0  # boxes carry a margin, spinous tips slope


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


def test_layers_name_known_tissues_and_lie_in_the_trunk(mean, trunk):
    found = list(layers(mean.column, trunk, mean.spec.sacrum))

    assert {layer.tissue for layer in found} >= {
        "viscera", "air", "muscle", "epidural_fat", "ligament", "annulus", "nucleus", "cartilage"
    }  # fmt: skip
    front = -mean.spec.trunk["front_mm"]
    assert all(layer.shape.box_mm[0, 1] > front for layer in found)
