"""Axis of the sacrum and the body of S1."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.geometry.shapes import trace_mm


def test_the_sacrum_is_hollow_towards_the_pelvis(mean):
    ends = mean.column.bodies["S1"].apply(
        Segments(mean.column.vertebrae["S1"], mean.spec.sacrum).ends
    )
    chord = ends[0] + np.linspace(0, 1, 6)[:, None] * (ends[-1] - ends[0])

    assert (ends[1:-1, 1] > chord[1:-1, 1]).all()  # behind the straight line


def test_a_sacrum_that_leans_on_its_axis_keeps_its_endplate_and_leans_its_front(mean):
    """The walls of S1 run along the axis, 15 degrees off the endplate's normal; the dish is flat
    to some tenths of a millimetre over the endplate's middle."""
    spec, lean = mean.column.vertebrae["S1"], 15.0
    straight, leaning = (
        sacrum_shape(spec, {**mean.spec.sacrum, "table_deg": table}) for table in (0.0, lean)
    )
    plate = np.mgrid[-10:11:5, -8:9:4].reshape(2, -1).T
    points = np.column_stack([plate, 0.5 * spec.height_mm + spec.wedge_slope * plate[:, 1]])
    gaps = straight.distance_mm(points) - leaning.distance_mm(points)
    assert np.abs(gaps).max() < 0.3
    fronts = []
    for bone in (straight, leaning):
        ways = [[0.0, -60.0, z] for z in (8.0, -6.0)]
        hits = [trace_mm(bone, way, [0.0, 1.0, 0.0], off_mm=0.0)[1] for way in ways]
        fronts.append(np.degrees(np.arctan2(hits[1] - hits[0], 14.0)))
    assert fronts[1] - fronts[0] == pytest.approx(lean, abs=3.0)
