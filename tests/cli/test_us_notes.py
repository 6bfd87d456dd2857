"""What is said beside a sonogram: too shallow, closed, narrow, off the skin."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from needle_sim.anatomy.tissue import label
from needle_sim.cli.us_notes import picture_notes
from needle_sim.imaging.ultrasound.poses import VIEWS
from needle_sim.imaging.ultrasound.probe import Probe

CANAL = {"L3-L4 canal": 55.0}
OPEN = {"bone": 68.0, "dura": 54.0}
SHUT = {"bone": 40.0, "dura": None}


def a_shot(*, probe="curved_3p5mhz", sac=0, off=0, bone=True):
    labels = np.full((60, 80), label("muscle"), dtype=np.uint16)
    labels.flat[:sac] = label("csf")
    gaps = np.zeros(256)
    gaps[:off] = np.inf
    truth = {
        "labels": labels,
        "shadow": np.zeros(labels.shape, dtype=bool),
        "gap_mm": gaps,
        "surface_mm": np.where(bone, np.arange(256.0), np.inf),
    }
    one = Probe.preset(probe)
    return SimpleNamespace(
        probe=one, depth_mm=one.depth_mm, truth=truth, sector=np.ones(labels.shape, dtype=bool)
    )


def said(shot, view="transverse_interlaminar", depths=CANAL, met=OPEN):
    return picture_notes(shot, VIEWS[view], depths, met)


def test_nothing_is_said_of_a_picture_that_shows_what_it_should():
    assert said(a_shot(sac=400)) == []


def test_muscle_alone_is_named_with_depth_and_remedy():
    process = {"L4 right transverse process": 62.0}
    shot = a_shot(probe="linear_9mhz", bone=False)
    (note,) = said(shot, "transverse_process", process, {"bone": None, "dura": None})
    assert "lies 62 mm deep, the picture ends at 50 mm" in note
    assert "curved_3p5mhz" in note
    assert "--depth-cm 8" in note
    assert note.endswith("there is no bone in this picture")


def test_a_closed_window_and_a_narrow_one_are_told_apart_by_what_the_picture_holds():
    (closed,) = said(a_shot(), met=SHUT)
    assert closed.startswith("the window is closed: bone 40 mm deep hides the canal")
    assert "paramedian_sagittal_oblique" in closed
    (narrow,) = said(a_shot(sac=400), met=SHUT)
    assert narrow.startswith("the window is narrow")
    assert "the sac is seen beside it" in narrow


def test_a_sac_in_the_shadow_is_not_seen():
    shot = a_shot(sac=400)
    shot.truth["shadow"][:] = True
    (note,) = said(shot, met=SHUT)
    assert note.startswith("the window is closed")


def test_a_view_of_processes_has_no_window():
    assert said(a_shot(), "transverse_process", {"L4 left transverse process": 60.0}, SHUT) == []


def test_a_face_that_is_partly_off_the_skin_is_named_with_its_share():
    (note,) = said(a_shot(sac=400, off=64))
    assert note.startswith("no contact: 25 % of the face")
    assert said(a_shot(sac=400, off=20)) == []
