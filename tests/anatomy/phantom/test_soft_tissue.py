"""The trunk around the spine."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.soft_tissue import disc_rows, layers
from needle_sim.anatomy.phantom.spec import LEVELS
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.shapes import Implicit


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


def test_layers_name_known_tissues_and_lie_in_the_trunk(mean, trunk):
    found = list(layers(mean.column, trunk, mean.spec.sacrum))

    assert {layer.tissue for layer in found} >= {
        "viscera", "air", "muscle", "epidural_fat", "ligament", "annulus", "nucleus", "cartilage"
    }  # fmt: skip
    front = -mean.spec.trunk["front_mm"]
    assert all(layer.shape.box_mm[0, 1] > front for layer in found)
