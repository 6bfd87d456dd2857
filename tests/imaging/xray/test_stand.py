import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.stand import above_deg, move_table, with_distances

POINT = np.array([3.0, 8.0, -4.0])  # of the patient


@pytest.mark.parametrize("position", ["prone", "supine"])
def test_a_table_carries_the_patient_over_the_picture(position):
    carm = CArm((0, 0, 0), above_deg(position))
    mm = carm.magnification / carm.pixel_mm
    before = project_points(carm, carm.isocentre_mm)
    head = project_points(move_table(carm, towards_head_mm=12.0, position=position), [0, 0, 0])
    left = project_points(move_table(carm, towards_left_mm=12.0, position=position), [0, 0, 0])
    # rows run to the feet; columns to the patient's left where the detector is behind
    assert head - before == pytest.approx([-12.0 * mm, 0.0], abs=1e-9)
    columns = 12.0 * mm if position == "prone" else -12.0 * mm
    assert left - before == pytest.approx([0.0, columns], abs=1e-9)


@pytest.mark.parametrize("position", ["prone", "supine"])
def test_raising_the_table_brings_the_patient_to_the_detector_above(position):
    carm = CArm((0, 0, 0), above_deg(position))
    raised = move_table(carm, raised_mm=50.0, position=position)
    across = [[0, 0, 0], [10.0, 0, 0]]
    wide = np.abs(np.diff(project_points(carm, across)[:, 1]))
    nearer = np.abs(np.diff(project_points(raised, across)[:, 1]))
    assert nearer / wide == pytest.approx(600.0 / 650.0)  # nearer the detector is smaller


def test_moves_of_table_and_back_are_none():
    carm = CArm((1, 2, 3), 20, 5)
    there = move_table(carm, raised_mm=30, towards_left_mm=-8, towards_head_mm=90)
    assert move_table(there, raised_mm=-30, towards_left_mm=8, towards_head_mm=-90) == carm


def test_magnification_follows_the_distances():
    carm = CArm((0, 0, 0))
    assert with_distances(carm, source_detector_mm=1200).magnification == pytest.approx(2.0)
    assert with_distances(carm, source_isocentre_mm=800).magnification == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source_detector_mm": 500.0}, "isocentre must lie between source and detector"),
        ({"source_detector_mm": 1300.0, "within_mm": (900.0, 1200.0)}, "900 to 1200 mm, got 1300"),
        ({"source_isocentre_mm": float("nan")}, "finite"),
    ],
)
def test_impossible_distances_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        with_distances(CArm((0, 0, 0)), **change)


def test_impossible_moves_are_refused():
    with pytest.raises(InputError, match="at most 2000 mm"):
        move_table(CArm((0, 0, 0)), raised_mm=float("nan"))
    with pytest.raises(InputError, match="one of prone, supine, got 'sitting'"):
        move_table(CArm((0, 0, 0)), position="sitting")
