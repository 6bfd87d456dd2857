"""Landmark names."""

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import landmark_names, placed
from needle_sim.geometry.transform import Frame, rigid


def test_names_are_unique_and_sided_where_they_must_be():
    names = landmark_names()

    assert len(set(names)) == len(names)
    assert {"right sap_tip", "left sap_neck_ventral", "spinous_tip"} <= set(names)
    assert not any(name.split(" ")[-1].startswith(("right", "left")) for name in names)


def test_a_landmark_is_carried_into_the_patient():
    body = rigid(np.eye(3), [10.0, 20.0, 30.0], source=Frame("L5"))

    found = placed("L5", {"right sap_tip": np.array([1.0, 2.0, 3.0])}, body)

    assert found["L5 right sap_tip"] == pytest.approx([11.0, 22.0, 33.0])
