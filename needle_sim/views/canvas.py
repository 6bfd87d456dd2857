"""The paper of all figures: sheets without pyplot, colours, lettering, PNG without metadata.

Nothing here reads or changes matplotlib's global state, so figures may be drawn in threads and come
out the same whatever a user's own style file says.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from PIL import Image

DPI = 100.0
_FONT = "DejaVu Sans"  # comes with matplotlib

# On black (CT, fluoroscopy); each meaning has a line style of its own as well.
NEEDLE = "#ffd54a"
ACTIVE = "#ff7a2f"
NERVE = "#5ef2a0"
DURA = "#63b3ff"
ROOT = "#c79bff"
VESSEL = "#ff9fb0"
CORD = "#b8f5ff"  # and the roots in the sac
LESION = "#ff4f6e"
SCREEN = "#000000"
SCREEN_TEXT = "#d4d4d4"  # no hue: a picture without colour is stored as grey, at half the size


@dataclass(frozen=True, slots=True)
class Paper:
    """The colours of a figure that is not a screen."""

    ground: str
    ink: str
    faint: str
    rule: str
    good: str
    bad: str
    unknown: str


LIGHT = Paper("#ffffff", "#1d2b36", "#6b7a87", "#d6dde3", "#17795e", "#b3261e", "#8a6d00")
DARK = Paper("#10161c", "#eef3f6", "#93a4b1", "#2b3742", "#4fd1a5", "#ff7a6b", "#f0c14b")

Style = dict[str, Any]
_one_at_a_time = threading.Lock()  # rendering shares matplotlib's font caches


def sheet(width_px: int, height_px: int, *, colour: str = "white") -> Figure:
    """An empty Figure of a size in pixels, on an Agg canvas of its own."""
    size = (width_px / DPI, height_px / DPI)
    layout: Any = "none"  # whatever a user's style says
    figure = Figure(size, DPI, facecolor=colour, edgecolor="none", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, box: Sequence[float], *, colour: str = "white") -> Axes:
    """Axes in a box (left, bottom, width, height as shares of the figure)."""
    left, bottom, width, height = box
    return figure.add_axes((left, bottom, width, height), facecolor=colour)


def png(figure: Figure) -> bytes:
    """The figure as PNG without metadata (equal figures, equal bytes); grey if without colour."""
    canvas: Any = FigureCanvasAgg(figure)
    with _one_at_a_time:
        canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[..., :3]
    grey = bool((picture == picture[..., :1]).all())
    out = io.BytesIO()
    stored = Image.fromarray(np.ascontiguousarray(picture[..., 0] if grey else picture))
    stored.save(out, "PNG", compress_level=4 if grey else 3)  # smallest for noise, and fast
    return out.getvalue()


def blank(ax: Axes, *, colour: str = SCREEN) -> Axes:
    """No ticks, no frame: a screen."""
    ax.set_facecolor(colour)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def points_high(ax: Axes, share: float) -> float:
    """A size in points, a share of the axes' height (or their width, where they are narrow)."""
    box = ax.get_window_extent()
    return float(share * min(box.height, 1.13 * box.width) * 72.0 / ax.figure.dpi)


def write(ax: Axes, x: float, y: float, words: str, *, share: float = 0.03, **settings: Any) -> Any:
    """Lettering in axes coordinates (0 to 1, upwards) with a height that scales with the axes."""
    settings = {"color": LIGHT.ink, "transform": ax.transAxes, "parse_math": False, **settings}
    return ax.text(x, y, words, fontfamily=_FONT, fontsize=points_high(ax, share), **settings)


def halo(colour: str = "#000000", width: float = 2.0) -> list[Any]:
    """An outline that keeps lines and letters readable on any grey."""
    return [withStroke(linewidth=width, foreground=colour)]


def plain_axes(ax: Axes, *, size: float, paper: Paper = LIGHT) -> Axes:
    """Quiet axes for curves: two thin spines, small ticks, a faint grid; ``size`` in points."""
    ax.set_facecolor(paper.ground)
    for name, spine in ax.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(paper.faint)
        spine.set_linewidth(0.8)
    ax.tick_params(labelcolor=paper.ink, labelsize=size, width=0.8, length=3, color=paper.faint)
    for tick in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        tick.set_fontfamily(_FONT)
    ax.grid(visible=True, alpha=1.0, linestyle="solid", color=paper.rule, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def name_axes(ax: Axes, x: str, y: str, *, size: float, paper: Paper = LIGHT) -> Axes:
    """Axis names with units."""
    ax.set_xlabel(x, fontfamily=_FONT, fontsize=size, color=paper.ink)
    ax.set_ylabel(y, fontfamily=_FONT, fontsize=size, color=paper.ink)
    return ax


def font(size: float) -> FontProperties:
    """The lettering of all figures."""
    return FontProperties(family=_FONT, size=size)


def scale_bar(ax: Axes, length_mm: float, *, colour: str) -> Axes:
    """A bar in the lower right corner of axes whose unit is the millimetre."""
    x0, x1 = ax.get_xlim()
    y0, y1 = ax.get_ylim()
    right, low = x1 - 0.03 * (x1 - x0), y0 + 0.05 * (y1 - y0)
    rim: Style = {"path_effects": halo("#ffffffa0" if colour == LIGHT.ink else "#000000a0")}
    thick = points_high(ax, 0.008)
    ax.plot([right - length_mm, right], [low, low], color=colour, linewidth=thick, zorder=8, **rim)
    ax.text(
        right - length_mm / 2,
        low + 0.02 * (y1 - y0),
        f"{length_mm:g} mm",
        ha="center",
        va="bottom",
        color=colour,
        fontfamily=_FONT,
        fontsize=points_high(ax, 0.036),
        zorder=8,
        **rim,
    )
    return ax


def legend(
    ax: Axes, entries: Sequence[tuple[str, str, str]], *, paper: Paper = LIGHT, columns: int = 2
) -> Axes:
    """Kind of mark (line, dots, band, box), colour and words, in rows from the upper left."""
    blank(ax, colour=paper.ground)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    rows = -(-len(entries) // columns)
    for index, (kind, colour, words) in enumerate(entries):
        column, row = divmod(index, rows)
        x, y = column / columns, 1 - (row + 0.5) / rows
        if kind in ("line", "dots"):
            style = "solid" if kind == "line" else (0, (1.1, 0.7))
            thick = points_high(ax, 0.04)
            ax.plot([x, x + 0.03], [y, y], color=colour, linewidth=thick, linestyle=style)
        else:
            hatch: Style = {"hatch": "////", "alpha": 0.5} if kind == "band" else {}
            box = (x, y - 0.25 / rows), 0.03, 0.5 / rows
            ax.add_patch(Rectangle(*box, facecolor=colour, edgecolor=paper.faint, **hatch))
        write(ax, x + 0.04, y, words, share=0.55 / rows, color=paper.ink, va="center")
    return ax


def coloured_words(ax: Axes, entries: Sequence[tuple[str, str]], *, share: float) -> Axes:
    """Words in the colours that they explain, in one row from the left."""
    wide = ax.get_window_extent().width
    ems = sum(0.58 * len(words) + 1.2 for words, _ in entries)
    size = min(points_high(ax, share) * DPI / 72.0, 0.98 * wide / max(ems, 1.0))
    share = share * size / (points_high(ax, share) * DPI / 72.0)
    x = 0.015
    for words, colour in entries:
        write(ax, x, 0.5, words, share=share, color=colour, va="center")
        x += (0.58 * len(words) + 1.2) * size / wide
    return ax
