"""`Monitor`: radiographs as the fluoroscopy monitor draws them, and where its pixels lie."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.sequence import ContrastRun
from needle_sim.views.contrast import subtraction_grey
from needle_sim.views.display import Display
from needle_sim.views.front_end.reply import Picture
from needle_sim.views.marker import angles_in_words
from needle_sim.views.screen import Screen

Field = NDArray[np.float64]
_KEPT = 6


class Monitor:
    """Draws radiographs; the grey scale of a pose is kept, so that nothing flickers under live."""

    def __init__(self) -> None:
        self._screens: OrderedDict[tuple[CArm, float], Screen] = OrderedDict()
        self.shown: Radiograph | None = None

    def screen(self, made: Radiograph) -> Screen:
        """Of the pose and current of a picture."""
        key = made.carm, made.beam.mas
        if key not in self._screens:
            self._screens[key] = Screen.of(made)
            while len(self._screens) > _KEPT:
                self._screens.popitem(last=False)
        self._screens.move_to_end(key)
        return self._screens[key]

    def draw(self, made: Radiograph, **head: Any) -> Picture:
        """A picture with its marker and settings; it is what a click on the screen means."""
        self.shown = made
        screen = self.screen(made)
        return Picture("fluoroscopy", screen.apply(made), {**head_of(made, screen.display), **head})

    def run(self, made: ContrastRun, **head: Any) -> tuple[Picture, ...]:
        """The pictures of an injection with their times; a subtraction as such."""
        found = []
        for index, (frame, time_s) in enumerate(zip(made.frames, made.times_s, strict=True)):
            said = {"time_s": time_s, "mode": made.mode, **head}
            if not made.subtracted:
                drawn = self.draw(frame, **said)
                found.append(Picture("contrast", drawn.pixels, drawn.head))
                continue
            display = Display.for_prone(frame)
            grey = np.rint(255.0 * subtraction_grey(made, index)).astype(np.uint8)
            found.append(Picture("contrast", grey, {**head_of(frame, display), **said}))
        self.shown = made.frames[-1]
        return tuple(found)

    def rowcol_under(self, x: float, y: float, carm: CArm) -> tuple[float, float]:
        """Detector row and column under a place of the drawn picture.

        Parameters
        ----------
        x, y : float
            To the right and down, 0 to 1 of the drawn picture.
        carm : CArm
            The present pose: what is clicked must still be what would be taken.

        Raises
        ------
        InputError
            No picture, or the C-arm has moved since.
        """
        made = self.shown
        if made is None:
            raise InputError("there is no picture yet: take one first")
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise InputError(f"a place of the picture is 0 to 1, got {x:g}, {y:g}")
        if not _same_pose(made.carm, carm):
            raise InputError("the C-arm or table moved since this picture: take another one first")
        display = Display.for_prone(made)
        rows, columns = display.drawn_shape
        drawn_row, drawn_column = y * rows - 0.5, x * columns - 0.5
        row, column = detector_rowcol(display, drawn_row, drawn_column)
        size = made.carm.pixel_mm / carm.pixel_mm
        return (row + 0.5) * size - 0.5, (column + 0.5) * size - 0.5


def detector_rowcol(display: Display, row: float, column: float) -> tuple[float, float]:
    """Undo `Display.place`: detector row and column of a row and column as drawn."""
    rows, columns = display.drawn_shape
    if display.mirrored:
        column = columns - 1 - column
    for _ in range(display.quarter_turns):
        row, column, rows, columns = column, rows - 1 - row, columns, rows
    return row, column


def head_of(made: Radiograph, display: Display) -> dict[str, Any]:
    """What a monitor burns into a picture."""
    carm, beam = made.carm, made.beam
    rows, columns = display.drawn_shape
    marker = display.marker_at(made)
    return {
        "field_mm": [columns * carm.pixel_mm, rows * carm.pixel_mm],
        "mm_px": carm.pixel_mm / carm.magnification,
        "marker": {"letter": marker.letter, "corner": marker.corner, "words": marker.words},
        "orbital_deg": carm.orbital_deg,
        "tilt_deg": carm.tilt_deg,
        "view": angles_in_words(carm.orbital_deg, carm.tilt_deg),
        "kvp": beam.kvp,
        "mas": beam.mas,
        "kap_ugy_m2": made.kap_ugy_m2,
    }


def on_screen(made: Radiograph, points_mm: ArrayLike) -> Field:
    """Patient points (..., 3) as x, y (..., 2), 0 to 1 of the drawn picture."""
    display = Display.for_prone(made)
    rows, columns = display.drawn_shape
    place = display.place(project_points(made.carm, points_mm))
    return np.asarray((place + 0.5) / np.array([columns, rows]))


def screen_display(carm: CArm) -> Display:
    """How pictures of a pose lie on the screen, before one is taken."""
    return Display.for_prone(_blank(carm))


def screen_directions(carm: CArm) -> tuple[Field, Field]:
    """Patient directions (3,), (3,) of right and down on the screen of a pose."""
    blank = _blank(carm)
    return Display.for_prone(blank).directions(blank)


def _blank(carm: CArm) -> Radiograph:
    white = np.ones(carm.shape, np.float32)
    axes = carm.row_direction, carm.column_direction
    return Radiograph(white, carm, Beam.preset("lumbar_ap"), *axes, 0.0, 0.0, {})


def _same_pose(a: CArm, b: CArm) -> bool:
    """Whether two pictures are of one pose and field, whatever their pixels."""
    old, new = (np.array(one.shape) * one.pixel_mm for one in (a, b))
    return (
        a.isocentre_mm == b.isocentre_mm
        and a.orbital_deg == b.orbital_deg
        and a.tilt_deg == b.tilt_deg
        and bool(np.allclose(old, new, atol=2.0 * a.pixel_mm))
    )
