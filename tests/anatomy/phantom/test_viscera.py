"""Organs of the abdominal cavity."""

import numpy as np

from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.viscera import organs, place, pockets
from needle_sim.geometry.shapes import Implicit


def test_kidneys_lie_beside_the_upper_lumbar_spine(mean):
    kidneys = [rows for tissue, rows in organs(mean.column, -87.0) if tissue == "kidney"]
    shapes = [Implicit.of(rows) for rows in kidneys]
    for shape, sign in zip(shapes, (1.0, -1.0), strict=True):
        low, high = shape.box_mm
        assert sign * low[0] > 0
        assert sign * high[0] > 0
        assert high[2] - low[2] > 80.0  # a kidney is about 11 cm long (texts)
        middle = place(mean.column, "L2", sign * 70.0, -2.0, 15.0)
        assert shape.distance_mm(middle[None])[0] < 0


def test_gas_lies_within_the_bowel(mean):
    front = Trunk(mean.column, mean.spec.trunk).cavity_front_mm
    bowel = [Implicit.of(rows) for tissue, rows in organs(mean.column, front) if tissue == "bowel"]
    colon = list(pockets(mean.column, front))[:-3]
    middles = np.stack([rows[0][3:6] for rows, _ in colon])

    assert len(colon) > 20
    assert (np.min([one.distance_mm(middles) for one in bowel], axis=0) < 0).all()
    assert all(size > 0 for _, size in colon)
