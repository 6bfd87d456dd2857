"""A run as the screen shows it: pictures in bytes, a film strip, a roadmap."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.cine import Cine
from needle_sim.imaging.xray.collimation import Collimation, outline_px
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.subtraction import Roadmap, under_roadmap
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.screen import Screen

_MOST_SHOWN = 8
_SIDE_PX = 420
_MOST_ACROSS = 4
_GAP = 0.99
_SMOOTH_PX = 0.7  # what the screen's filter takes of the noise of a subtraction
_LEAST_DEPTH = 0.15  # a roadmap without contrast is not stretched into noise
_BLADES = "#ffd24a"


def cine_bytes(run: Cine, display: Display | None = None) -> NDArray[np.uint8]:
    """The pictures (T, R, C) of a run as drawn, 0 black to 255 white, on one grey scale.

    The scale is that of the first picture, so that nothing flickers; where the C-arm moves each
    pose has its own.
    """
    screen = Screen.of(run.frames[0], display)
    shown = []
    before = run.frames[0].carm
    for frame in run.frames:
        if frame.carm != before:
            screen, before = Screen.of(frame, display), frame.carm
        shown.append(screen.apply(frame))
    if len({one.shape for one in shown}) > 1:
        raise InputError("the pictures of this run lie differently on the screen: give a display")
    return np.stack(shown)


def cine_figure(
    run: Cine, *, indices: ArrayLike | None = None, title: str = "", zoom: float = 1.0
) -> Figure:
    """A film strip of a run: pictures side by side, each with its time.

    Parameters
    ----------
    indices : (N,) ints, optional
        Of the pictures; by default up to eight, evenly over the run.
    zoom : float
        1 shows the whole detector, 2 the middle half.
    """
    count = len(run.frames)
    if indices is None:
        indices = np.unique(np.linspace(0, count - 1, min(count, _MOST_SHOWN)).round())
    chosen = np.asarray(indices, dtype=int).ravel()
    if len(chosen) == 0 or chosen.min() < 0 or chosen.max() >= count:
        raise InputError(f"pictures of this run are 0 to {count - 1}, got {chosen.tolist()}")
    down = -(-len(chosen) // _MOST_ACROSS)
    across = -(-len(chosen) // down)
    figure = canvas.sheet(across * _SIDE_PX, down * _SIDE_PX, colour=canvas.SCREEN)
    for place, index in enumerate(chosen):
        row, column = divmod(place, across)
        box = (column / across, 1 - (row + 1) / down, _GAP / across, _GAP / down)
        words = f"{run.times_s[index]:.2f} s"
        words = f"{title}  {words}" if title and place == 0 else words
        ax = canvas.panel(figure, box, colour=canvas.SCREEN)
        draw_radiograph(ax, run.frames[index], title=words, zoom=zoom)
    return figure


def roadmap_grey(
    road: Roadmap, live: Radiograph, *, display: Display | None = None
) -> NDArray[np.float64]:
    """A live picture on its roadmap (R, C), 0 to 1: white vessels, a black needle, even grey."""
    used = Display.for_prone(live) if display is None else display
    depth = ndimage.gaussian_filter(under_roadmap(road, live), _SMOOTH_PX)
    reach = max(float(np.percentile(road.peak, 99.9)), _LEAST_DEPTH)
    grey = np.clip(0.5 - 0.5 * used.turned(depth) / reach, 0.0, 1.0)
    return np.asarray(grey * used.field_mask())


def draw_roadmap(
    ax: Axes, road: Roadmap, live: Radiograph, *, title: str = "", zoom: float = 1.0
) -> Axes:
    """Draw a live picture on its roadmap."""
    if not zoom >= 1:
        raise InputError(f"zoom must be at least 1, got {zoom}")
    shown = roadmap_grey(road, live)
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="bilinear", aspect="equal")
    canvas.blank(ax)
    rows, columns = shown.shape
    ax.set_xlim((columns - columns / zoom) / 2 - 0.5, (columns + columns / zoom) / 2 - 0.5)
    ax.set_ylim((rows + rows / zoom) / 2 - 0.5, (rows - rows / zoom) / 2 - 0.5)
    if title:
        rim = canvas.halo("#00000090", 2.0)
        canvas.write(
            ax, 0.03, 0.96, title, share=0.045, va="top", color="#ffffff", path_effects=rim
        )
    return ax


def draw_blades(
    ax: Axes, radiograph: Radiograph, collimation: Collimation, *, display: Display | None = None
) -> Axes:
    """Draw where blades would stand over a picture that is drawn already: virtual collimation."""
    used = Display.for_prone(radiograph) if display is None else display
    x, y = used.place(outline_px(radiograph.carm, collimation)).T
    rim = canvas.halo("#000000b0", 2.5)
    ax.plot(x, y, color=_BLADES, linewidth=canvas.points_high(ax, 0.004), path_effects=rim)
    return ax
