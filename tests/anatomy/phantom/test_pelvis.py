"""Muscles on the iliac wings."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.ilium import wing_edges
from needle_sim.anatomy.phantom.pelvis import Pelvis
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.tissue import label


@pytest.fixture(scope="module")
def page(mean) -> Canvas:
    canvas = Canvas.of([-180, -120, -200], [180, 130, 20], 2.0)
    canvas.labels[:] = label("fat")
    canvas.labels[:, -4:] = label("skin")
    Pelvis(mean.column, mean.spec.sacrum).paint(canvas)
    return canvas


def at(page: Canvas, point) -> int:
    step = np.rint((np.asarray(point) - page.low_mm) / page.voxel_mm).astype(int)
    return int(page.labels[step[2], step[1], step[0]])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("n", [5, 7])
def test_both_faces_of_the_wing_are_covered(mean, page, side, n):
    edges = wing_edges(mean.column.vertebrae["S1"], mean.spec.sacrum, side)
    crest, base = (mean.column.bodies["S1"].apply(edge)[n] for edge in edges)
    middle = 0.3 * crest + 0.7 * base
    out = np.array([np.sign(middle[0]), 1.0, 0.0]) / np.sqrt(2.0)

    assert at(page, middle + 18.0 * out) == label("muscle")
    assert at(page, middle - 9.0 * out) == label("muscle")
    assert at(page, middle - 40.0 * out) == label("fat")


def test_nothing_above_the_crest_or_in_the_skin(mean, page):
    edges = wing_edges(mean.column.vertebrae["S1"], mean.spec.sacrum, "left")
    top = mean.column.bodies["S1"].apply(edges[0])[:, 2].max()
    z = page.axis_mm(2)

    assert (page.labels[z > top] != label("muscle")).all()
    assert (page.labels[:, -4:] == label("skin")).all()
    assert (page.labels == label("muscle")).any()
