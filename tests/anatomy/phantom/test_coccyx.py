import numpy as np

from needle_sim.anatomy.phantom.coccyx import coccyx_line, coccyx_shape
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import sacrum_shape
from needle_sim.anatomy.phantom.spec import spine_spec


def parts():
    spine = spine_spec()
    return spine.vertebrae["S1"], spine.sacrum


def test_four_pieces_hang_below_the_sacrum_and_bend_forwards():
    spec, sizes = parts()
    line = coccyx_line(spec, sizes)
    directions = [(end - start) / np.linalg.norm(end - start) for start, end in line]
    turns = np.degrees(np.arctan2([-one[1] for one in directions], [-one[2] for one in directions]))

    assert len(line) == 4
    assert (np.diff(turns) > 5.0).all()
    assert 35.0 < np.linalg.norm(line[-1][1] - line[0][0]) + 3.0 < 50.0
    assert line[0][0][2] < Segments(spec, sizes).ends[-1][2]


def test_a_joint_lies_between_it_and_the_sacrum():
    spec, sizes = parts()
    sacrum, coccyx = sacrum_shape(spec, sizes), coccyx_shape(spec, sizes)
    top = Segments(spec, sizes).ends[-1]
    along = Segments(spec, sizes).directions[-1]
    way = top + np.linspace(-6.0, 12.0, 400)[:, None] * along
    free = (sacrum.distance_mm(way) > 0) & (coccyx.distance_mm(way) > 0)

    assert sacrum.distance_mm(way)[0] < 0
    assert coccyx.distance_mm(way)[-1] < 0
    assert 0.5 < free.sum() * 18.0 / 400 < 6.0
