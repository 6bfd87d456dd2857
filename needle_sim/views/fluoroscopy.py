"""A radiograph as it looks on a fluoroscope's screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.lead_letter import ACROSS, DOWN
from needle_sim.views.marker import angles_in_words

_BAND = 0.062  # black band above and below the picture, share of its height
_SCALE_MM = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A line or a place of the patient drawn over pictures: ``points_mm`` (N, 3), patient LPS."""

    points_mm: NDArray[np.float64]
    colour: str = canvas.NERVE
    words: str = ""
    dashed: bool = True


def draw_radiograph(
    ax: Axes,
    radiograph: Radiograph,
    display: Display | None = None,
    *,
    overlay: Sequence[Overlay] = (),
    title: str = "",
    zoom: float = 1.0,
    tall: float | None = None,
    letter: bool = True,
) -> Axes:
    """Draw a radiograph as on a fluoroscope, with its side marker, angles and exposure.

    Parameters
    ----------
    display : Display, optional
        `Display.for_prone` by default.
    overlay : sequence of Overlay
        Drawn over the picture, where the patient's points fall on it.
    title : str
        Name of the view.
    zoom : float
        1 shows the whole detector, 2 the middle half.
    tall : float, optional
        Height over width of the shown part; the detector's own by default.
    letter : bool
        Whether the side's letter is written; False where `lead_letter` lies in the beam.
    """
    display = Display.for_prone(radiograph) if display is None else display
    if not zoom >= 1:
        raise InputError(f"zoom must be at least 1, got {zoom}")
    picture = display.apply(radiograph)
    rows, columns = picture.shape
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="bilinear", aspect="equal")
    canvas.blank(ax)
    width = columns / zoom
    height = rows / zoom if tall is None else width * tall
    x0, y0 = (columns - width) / 2 - 0.5, (rows - height) / 2 - 0.5
    band = height * _BAND
    ax.set_xlim(x0, x0 + width)
    ax.set_ylim(y0 + height + band, y0 - band)
    for black in (y0 - band, y0 + height):  # a zoomed picture ends where the band begins
        ax.axhspan(black, black + band, color=canvas.SCREEN, zorder=3, linewidth=0)
    for one in overlay:
        _draw_overlay(ax, radiograph, display, one)
    if letter:
        _letter(ax, radiograph, display)
    _annotate(ax, radiograph, title)
    _scale_bar(ax, radiograph, (x0, y0, width, height))
    return ax


def radiograph_figure(
    radiograph: Radiograph,
    *,
    title: str = "",
    zoom: float = 1.0,
    width_px: int = 900,
    letter: bool = True,
) -> Figure:
    """A radiograph on black, as large as a figure, as `draw_radiograph` draws it."""
    rows, columns = radiograph.array.shape
    high = round(width_px * rows / columns * (1 + 2 * _BAND))
    figure = canvas.sheet(width_px, high, colour=canvas.SCREEN)
    ax = canvas.panel(figure, (0, 0, 1, 1), colour=canvas.SCREEN)
    draw_radiograph(ax, radiograph, title=title, zoom=zoom, letter=letter)
    return figure


def _draw_overlay(ax: Axes, radiograph: Radiograph, display: Display, one: Overlay) -> None:
    x, y = display.place(radiograph.pixels_of(one.points_mm)).T
    thin = canvas.points_high(ax, 0.004)
    if len(one.points_mm) == 1:
        ring: canvas.Style = {
            "markerfacecolor": "none",
            "markeredgecolor": one.colour,
            "markeredgewidth": thin,
        }
        ax.plot(x, y, marker="o", markersize=7 * thin, **ring)
        return
    style = (0, (2.5, 1.8)) if one.dashed else "-"
    ax.plot(x, y, color=one.colour, linewidth=thin, linestyle=style, alpha=0.95)


def _letter(ax: Axes, radiograph: Radiograph, display: Display) -> None:
    """The lead letter: black, as lead is, with a pale rim that keeps it readable on bone.

    Where blades leave the corner dark the machine writes it in white.
    """
    marker = display.marker_at(radiograph)
    low = DOWN + _BAND / (1 + 2 * _BAND)
    across = ACROSS if marker.corner == "upper left" else 1.0 - ACROSS
    in_beam = "open" not in radiograph.truth and display.turn_deg == 0
    lead = "#0a0a0a" if display.polarity == "dark_bone" and in_beam else "#fafafa"
    rim = canvas.halo("#ffffffb0" if in_beam else "#0a0a0ab0", canvas.points_high(ax, 0.007))
    canvas.write(
        ax,
        across,
        1 - low,
        marker.letter,
        share=0.07,
        color=lead,
        ha="center",
        va="center",
        fontweight="bold",
        path_effects=rim,
        zorder=5,
    )


def _annotate(ax: Axes, radiograph: Radiograph, title: str) -> None:
    carm, beam = radiograph.carm, radiograph.beam
    middle = 0.5 * _BAND / (1 + 2 * _BAND)
    grey: canvas.Style = {"color": canvas.SCREEN_TEXT, "va": "center", "zorder": 6}
    words = angles_in_words(carm.orbital_deg, carm.tilt_deg)
    shot = f"{beam.kvp:.3g} kV  {beam.mas:.3g} mAs"
    if title:
        canvas.write(
            ax,
            0.015,
            1 - middle,
            title,
            share=_fitting(title, 0.034, 30),
            ha="left",
            fontweight="bold",
            **grey,
        )
    canvas.write(ax, 0.985, 1 - middle, shot, share=0.026, ha="right", **grey)
    share = _fitting(words, 0.03, 55)
    canvas.write(ax, 0.015, middle, words, share=share, ha="left", **grey)


def _fitting(words: str, share: float, most: int) -> float:
    """A height of lettering at which words of more than ``most`` letters still fit."""
    return share * min(1.0, most / max(len(words), 1))


def _scale_bar(ax: Axes, radiograph: Radiograph, box: tuple[float, float, float, float]) -> None:
    """20 mm at the isocentre; nearer the tube things look larger."""
    x0, y0, width, height = box
    carm = radiograph.carm
    long = _SCALE_MM * carm.source_detector_mm / carm.source_isocentre_mm / carm.pixel_mm
    y = y0 + height - 0.05 * width
    x = x0 + 0.95 * width
    thick = canvas.points_high(ax, 0.005)
    rim = canvas.halo("#00000090", 1.6 * thick)
    pale: canvas.Style = {"color": "#ffffff", "zorder": 6, "path_effects": rim}
    ax.plot([x - long, x], [y, y], linewidth=thick, **pale)
    share = (0.05 * width + 0.07 * height) / (height * (1 + 2 * _BAND))
    middle = 0.95 - 0.5 * long / width
    words = f"{_SCALE_MM:g} mm"
    canvas.write(ax, middle, share, words, share=0.026, ha="center", va="bottom", **pale)
