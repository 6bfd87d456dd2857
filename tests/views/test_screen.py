"""A settled screen draws what a display draws, without measuring again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.views.display import Display
from needle_sim.views.screen import Screen
from tests.imaging.xray.analytic import placed, torso

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((0.0, 0.0, 0.0), orbital_deg=20.0, shape=(128, 160), pixel_mm=1.0)
NEEDLE = placed([40, 70, 0], [10, 10, 0])


@pytest.fixture(scope="module")
def paths():
    return project(prepare(torso()), CARM)


@pytest.mark.parametrize("polarity", ["dark_bone", "bright_bone"])
def test_the_picture_it_was_made_for_is_drawn_as_by_the_display(paths, polarity):
    picture = expose(paths, BEAM, needles=[NEEDLE], rng=np.random.default_rng(0))
    display = replace(Display.for_prone(picture), polarity=polarity)
    seen = Screen.of(picture, display).apply(picture).astype(int)
    assert np.abs(seen - display.apply(picture)).max() <= 1
    assert np.ptp(seen) > 100


def test_a_needle_that_comes_in_changes_nothing_far_from_it(paths):
    before, after = expose(paths, BEAM), expose(paths, BEAM, needles=[NEEDLE])
    screen = Screen.of(before)
    changed = screen.apply(before) != screen.apply(after)
    assert changed.any()
    assert np.array_equal(changed, changed & screen.display.turned(before.array != after.array))


def test_a_picture_of_another_size_and_a_fixed_window_are_refused(paths):
    picture = expose(paths, BEAM)
    screen = Screen.of(picture)
    small = expose(project(prepare(torso()), replace(CARM, shape=(64, 64))), BEAM)
    with pytest.raises(InputError, match="make another one"):
        screen.apply(small)
    with pytest.raises(InputError, match="window"):
        Screen.of(picture, replace(screen.display, window=(1.0, 2.0)))
