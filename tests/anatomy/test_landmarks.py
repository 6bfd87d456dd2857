"""Landmark names."""

import re
from pathlib import Path

import numpy as np
import pytest

from needle_sim.anatomy.landmarks import (
    MIDLINE,
    OF_A_RIB,
    OF_A_SIDE,
    OF_A_SIDE_OF_THE_SACRUM,
    OF_THE_SACRUM,
    landmark_names,
    placed,
    sacral_landmark_names,
)
from needle_sim.geometry.transform import Frame, rigid

PAGE = Path(__file__).resolve().parents[2] / "docs" / "landmarks.md"
LEAST_OF_A_VERTEBRA = 40  # the acceptance of this project


def test_a_vertebra_has_at_least_as_many_as_it_must():
    assert len(landmark_names()) >= LEAST_OF_A_VERTEBRA


def test_the_page_lists_every_landmark_once_and_says_what_each_is():
    tables: list[list[str]] = []
    for part in PAGE.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("|") for line in part.splitlines() if line.startswith("| `")]
        assert all(len(row) == 5 and len(row[2].strip()) > 10 for row in rows)
        if rows:
            tables.append([name for row in rows for name in re.findall(r"`(\w+)`", row[1])])

    lists = (MIDLINE, OF_A_SIDE, OF_A_RIB, OF_THE_SACRUM, OF_A_SIDE_OF_THE_SACRUM)
    assert [sorted(table) for table in tables] == [sorted(names) for names in lists]


def test_the_pictures_of_the_page_are_there():
    pictures = re.findall(r"!\[[^\]]+\]\((\S+)\)", PAGE.read_text(encoding="utf-8"))

    assert len(pictures) == 3
    assert all((PAGE.parent / name).is_file() for name in pictures)


@pytest.mark.parametrize("names", [landmark_names(), sacral_landmark_names()])
def test_names_are_unique_and_sided_where_they_must_be(names):
    assert len(set(names)) == len(names)
    assert {"right sap_tip", "left sap_neck_ventral", "canal_centre"} <= set(names)
    assert not any(name.split(" ")[-1].startswith(("right", "left")) for name in names)


def test_a_landmark_is_carried_into_the_patient():
    body = rigid(np.eye(3), [10.0, 20.0, 30.0], source=Frame("L5"))

    found = placed("L5", {"right sap_tip": np.array([1.0, 2.0, 3.0])}, body)

    assert found["L5 right sap_tip"] == pytest.approx([11.0, 22.0, 33.0])
