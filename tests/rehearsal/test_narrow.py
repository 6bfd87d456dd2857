"""A narrow canal: its sac is measured, a severe stenosis is a gate, and giving up is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Structure
from needle_sim.geometry.shapes import Tube
from needle_sim.rehearsal.gates import gates
from needle_sim.rehearsal.narrow import narrow_said, sac_mm2, too_narrow
from tests.rehearsal.attempts import EPIDURAL, attempted, target

LEVELS = ("L3-L4", "L4-L5", "L5-S1")


def narrow(*areas_mm2, provenance="constructed"):
    """The attempt of the room, with a round sac of an area at each of three discs."""
    made = attempted()
    heights = (40.0, 0.0, -40.0)
    marks = {}
    for level, z in zip(LEVELS, heights, strict=True):
        for name, end, off in zip(
            level.split("-"), ("inferior", "superior"), (5.0, -5.0), strict=True
        ):
            for place, at in (
                ("anterior", (0.0, -60.0)), ("posterior", (0.0, -25.0)),
                ("left", (20.0, -42.0)), ("right", (-20.0, -42.0)),
            ):  # fmt: skip
                marks[f"{name} {end}_endplate_{place}"] = np.array([*at, z + off])
    radii = np.sqrt(np.array(areas_mm2) / np.pi).repeat(2)
    along = np.stack([np.array([0.0, -15.0, z]) for z in (60.0, 21.0, 20.0, -20.0, -21.0, -60.0)])
    sac = Structure("dura", "dura", (Tube(along, radii),), provenance)
    structures = {**made.anatomy.structures, "dura": sac}
    anatomy = replace(made.anatomy, structures=structures, landmarks_mm=marks)
    return replace(made, anatomy=anatomy, target=target(level="L4-L5"))


@pytest.mark.parametrize("area", [60.0, 95.0, 150.0])
def test_the_area_is_that_of_the_tube(area):
    made = narrow(140.0, area, 120.0)
    assert sac_mm2(made.anatomy, "L4-L5") == pytest.approx(area, rel=0.01)


def test_what_is_inferred_or_has_no_landmarks_is_not_known():
    assert sac_mm2(narrow(60.0, 60.0, 60.0, provenance="inferred").anatomy, "L4-L5") is None
    assert sac_mm2(narrow(60.0, 60.0, 60.0).anatomy, "L1-L2") is None
    assert sac_mm2(narrow(60.0, 60.0, 60.0).anatomy, "L4") is None
    assert narrow_said(EPIDURAL, attempted().anatomy, attempted().target) == ""


@pytest.mark.parametrize(("area", "holds"), [(60.0, False), (74.0, False), (76.0, True)])
def test_under_75_mm2_there_is_no_total(area, holds):
    """Severe by Schonstrom 1985."""
    made = narrow(140.0, area, 120.0)
    gate = next(one for one in gates(made) if one.name == "canal wide enough")
    assert gate.passed is holds
    assert too_narrow(EPIDURAL, made.anatomy, made.target) is not holds


@pytest.mark.parametrize(
    ("area", "said"), [(60.0, "severe central stenosis at L4-L5"), (90.0, "central stenosis")]
)
def test_what_is_narrow_is_said(area, said):
    made = narrow(140.0, area, 90.0)
    words = narrow_said(EPIDURAL, made.anatomy, made.target)
    assert words.startswith(said)
    assert words.endswith("take L3-L4 (140 mm2) or a transforaminal way")


def test_a_wide_one_is_not_spoken_of():
    made = narrow(140.0, 120.0, 90.0)
    assert narrow_said(EPIDURAL, made.anatomy, made.target) == ""


def test_who_gives_up_before_anything_was_given_meets_no_gate():
    made = narrow(140.0, 60.0, 120.0)
    record = replace(made.record, events=made.record.events[:4], abort="too narrow a canal")
    names = [one.name for one in gates(replace(made, record=record))]
    assert "canal wide enough" not in names
