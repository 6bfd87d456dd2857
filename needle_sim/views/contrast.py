"""An injection as a fluoroscope shows it: a strip of pictures with their times."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.opened import opened
from needle_sim.imaging.xray.sequence import ContrastRun
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import draw_radiograph

_MODES = {
    "single": "single shot",
    "live": "live fluoroscopy",
    "dsa": "digital subtraction",
}
_WORDS = {
    "vascular": "vascular: it runs off",
    "intrathecal": "intrathecal: a long, even column",
    "contrast": "contrast that stays",
    None: "no contrast seen",
}
_SIDE_PX = 460
_MOST_ACROSS = 4
_GAP = 0.99  # pictures leave a little black between them
_SMOOTH_PX = 0.8  # what the screen's filter takes of the noise of a subtraction
_ZOOM = 1.6  # of a field that is open
_RIM = 1.1  # a collimated field with a little black about it
_BEYOND = 0.25  # share of the scale that a subtraction shows under zero, where noise lies


def draw_subtraction(
    ax: Axes, run: ContrastRun, index: int, *, title: str = "", zoom: float = 1.0
) -> Axes:
    """Draw one subtracted picture: iodine dark on an even grey.

    Parameters
    ----------
    run : ContrastRun
        Of mode "dsa".
    index : int
        Of the picture.
    zoom : float
        1 shows the whole detector, 2 the middle half.
    """
    if not run.subtracted:
        raise InputError(f"a {run.mode} run has no subtraction; take it with mode='dsa'")
    if not zoom >= 1:
        raise InputError(f"zoom must be at least 1, got {zoom}")
    shown = subtraction_grey(run, index)
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="bilinear", aspect="equal")
    canvas.blank(ax)
    rows, columns = shown.shape
    wide, high = columns / zoom, rows / zoom
    ax.set_xlim((columns - wide) / 2 - 0.5, (columns + wide) / 2 - 0.5)
    ax.set_ylim((rows + high) / 2 - 0.5, (rows - high) / 2 - 0.5)
    rim = canvas.halo("#00000090", 2.0)
    if title:
        canvas.write(
            ax, 0.03, 0.96, title, share=0.045, va="top", color="#ffffff", path_effects=rim
        )
    return ax


def subtraction_grey(run: ContrastRun, index: int) -> NDArray[np.float64]:
    """One subtracted picture (R, C) as drawn: 0 where iodine is densest, 1 white."""
    display = Display.for_prone(run.frames[index])
    shadow = ndimage.gaussian_filter(run.subtracted[index], _SMOOTH_PX)
    picture = np.rot90(shadow, display.quarter_turns)
    picture = picture[:, ::-1] if display.mirrored else picture
    grey = 1.0 - (picture / _deepest(run) + _BEYOND) / (1.0 + _BEYOND)
    grey = np.clip(grey, 0.0, 1.0) * display.field_mask()
    share = run.frames[index].truth.get("open")
    return np.asarray(grey if share is None else grey * display.turned(np.asarray(share)))


def draw_contrast_run(
    figure: Figure,
    run: ContrastRun,
    *,
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
    title: str = "",
    zoom: float | None = None,
) -> list[Axes]:
    """Draw the pictures of a run side by side, each with its time; a subtraction as such.

    Parameters
    ----------
    figure : Figure
        From `needle_sim.views.canvas.sheet`.
    box : (left, bottom, width, height)
        Part of the figure, in shares of it.
    title : str
        Before the mode, on the first picture.
    zoom : float, optional
        1 shows the whole detector, 2 the middle half; by default 1.6, or what shows all of a
        collimated field.
    """
    zoom = _zoom(run) if zoom is None else zoom
    across, down = _layout(len(run.frames))
    left, bottom, width, height = box
    drawn = []
    for index, (frame, time_s) in enumerate(zip(run.frames, run.times_s, strict=True)):
        row, column = divmod(index, across)
        place = (
            left + width * column / across,
            bottom + height * (1 - (row + 1) / down),
            width / across * _GAP,
            height / down * _GAP,
        )
        ax = canvas.panel(figure, place, colour=canvas.SCREEN)
        words = f"{time_s:.3g} s"
        if index == 0:
            words = "  ".join(part for part in (title, _MODES[run.mode], words) if part)
        if run.subtracted:
            draw_subtraction(ax, run, index, title=words, zoom=zoom)
        else:
            draw_radiograph(ax, frame, title=words, zoom=zoom)
        drawn.append(ax)
    return drawn


def contrast_figure(run: ContrastRun, *, title: str = "", zoom: float | None = None) -> Figure:
    """The pictures of a run as a figure, with what an observer could tell written under them."""
    across, down = _layout(len(run.frames))
    foot = 44
    high = down * _SIDE_PX + foot
    figure = canvas.sheet(across * _SIDE_PX, high, colour=canvas.SCREEN)
    share = foot / high
    draw_contrast_run(figure, run, box=(0.0, share, 1.0, 1.0 - share), title=title, zoom=zoom)
    ax = canvas.blank(canvas.panel(figure, (0.0, 0.0, 1.0, share), colour=canvas.SCREEN))
    words = f"seen: {_WORDS.get(run.seen, run.seen)}"
    canvas.write(ax, 0.01, 0.5, words, share=0.42, va="center", color=canvas.SCREEN_TEXT)
    return figure


def _layout(count: int) -> tuple[int, int]:
    """Pictures across and down."""
    down = -(-count // _MOST_ACROSS)
    return -(-count // down), down


def _zoom(run: ContrastRun) -> float:
    """The middle part is drawn, larger; all of a field that blades leave open."""
    if run.mask.truth.get("open") is None:
        return _ZOOM
    ends = zip(opened(run.mask), run.mask.array.shape, strict=True)
    off = [max(abs(2 * end / side - 1) for end in (part.start, part.stop)) for part, side in ends]
    return float(1.0 / min(1.0, _RIM * max(off)))


def _deepest(run: ContrastRun) -> float:
    """The depth that is drawn black: that of nearly the densest iodine of the run."""
    smooth = [ndimage.gaussian_filter(one, 2 * _SMOOTH_PX) for one in run.subtracted]
    densest: NDArray[np.float32] = np.max(smooth, axis=0)
    return max(float(np.percentile(densest, 99.9)), 0.05)
