"""The channels of the basivertebral veins."""

import numpy as np

from needle_sim.anatomy.phantom.marrow import vein_channels


def test_a_channel_opens_in_the_middle_of_the_back_wall_and_stays_in_the_bone(drawn):
    for level, body in drawn.column.bodies.items():
        spec, bone = drawn.column.vertebrae[level], drawn.bones[level]
        if level == "S1":
            continue
        channel = vein_channels(spec).moved(body)
        wall = body.apply([[0.0, spec.back_mm, 0.0], [0.0, spec.back_mm - 8.0, 0.0]])
        low, high = channel.box_mm
        points = np.random.default_rng(1).uniform(low, high, (4000, 3))
        inside = points[channel.distance_mm(points) < 0]
        own = body.inverse().apply(inside)

        assert (channel.distance_mm(wall) < 0).all()
        assert (bone.distance_mm(inside[own[:, 1] < spec.back_mm - 1.5]) < 0).all()
