"""A sonogram as it looks on the screen of an ultrasound machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.views import canvas

if TYPE_CHECKING:
    from needle_sim.geometry.transform import Transform
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

_WORDS = (("LEFT", "RIGHT"), ("POSTERIOR", "ANTERIOR"), ("CRANIAL", "CAUDAL"))  # +, - of LPS
_ABOVE, _BELOW = 0.11, 0.07  # black above and below the picture, shares of its height
_SIDES = {"curved": 0.13, "linear": 0.3}  # beside it, of its width: a sector leaves room for words
_NUMBERED_CM = 6.5  # a shallower picture has a number at every centimetre
_NEAR_MM = 6.0  # farther out of the plane than this nothing is named
_NEEDLE_WORDS = "needle between the dashes, true place"
_BESIDE_MM = 2.5  # from the needle to the dashes on either side of it: its echo stays in sight
_RING_MM = 4.0
_OFF_MM = 10.5  # of gap under the face at which a line hears less than half
_OFF_SHARE = 0.12  # of the lines that must be off together to be named
_OFF_WORDS = "no contact"


def edges_in_words(patient_from_probe: Transform) -> tuple[str, str]:
    """What lies towards the picture's left and right edge: ``("CRANIAL", "CAUDAL")``.

    The marker (+x of the probe) is at the left. A plane between long and short axis names both,
    the larger first; that the back slopes under the probe is not named.
    """
    marker = patient_from_probe.matrix[:3, 0]
    order = sorted(range(3), key=lambda axis: -abs(float(marker[axis])))
    said = [order[0]]
    said += [one for one in order[1:] if one != _SLOPE and abs(marker[one]) > _OBLIQUE]
    pairs = [_WORDS[axis] if marker[axis] > 0 else _WORDS[axis][::-1] for axis in said]
    left, right = ("-".join(words) for words in zip(*pairs, strict=True))
    return left, right


_OBLIQUE = float(np.sin(np.radians(30.0)))
_SLOPE = 1  # the axis from front to back


def beam_in_words(beam: ArrayLike) -> str:
    """Tilt of a beam (3,), patient LPS, from straight ventral: ``"12° to the left, 4° caudad"``."""
    x, y, z = np.asarray(beam, dtype=np.float64)
    aside, along = (float(np.degrees(np.arctan2(part, -y))) for part in (x, z))
    said = [
        f"{abs(angle):.0f}° {names[angle < 0]}"
        for angle, names in (
            (aside, ("to the patient's left", "to the patient's right")),
            (along, ("cephalad", "caudad")),
        )
        if abs(angle) >= 0.5
    ]
    return ", ".join(said) or "straight ventral"


def draw_sonogram(
    ax: Axes,
    sonogram: Sonogram,
    *,
    title: str = "",
    needles: bool = False,
    labels: Mapping[str, ArrayLike] | None = None,
) -> Axes:
    """Draw a sonogram as on the machine: sector on black, depth scale, focus, marker, settings.

    Where the face does not touch the skin, the black below it says so.

    Parameters
    ----------
    title : str
        Name of the view.
    needles : bool
        Mark the true course of each needle by dashes on either side of it, dotted where it is out
        of the plane, and its tip by a ring, so that its own echo stays in sight.
    labels : mapping of str to (3,) array, optional
        Words at points of the patient, LPS, mm; those far from the plane or off the sector are
        left out.

    Raises
    ------
    InputError
        A label is not a point (3,).
    """
    rows, columns = sonogram.array.shape
    pixel, (row, column) = sonogram.pixel_mm, sonogram.origin_px
    left, top = -(column + 0.5) * pixel, -(row + 0.5) * pixel
    wide, tall = columns * pixel, rows * pixel
    ax.imshow(
        np.rint(255.0 * sonogram.array).astype(np.uint8),
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="bilinear",
        aspect="equal",
        extent=(left, left + wide, top + tall, top),
    )
    canvas.blank(ax)
    ax.add_patch(Rectangle((left, top), wide, tall, facecolor="none", edgecolor="none"))
    side = _SIDES[sonogram.probe.kind] * wide
    ax.set_xlim(left - side, left + wide + side)
    ax.set_ylim(top + (1 + _BELOW) * tall, top - _ABOVE * tall)
    if needles:
        _draw_needles(ax, sonogram)
    for words, point in (labels or {}).items():
        _name(ax, sonogram, words, point)
    _name_gaps(ax, sonogram)
    _depth_scale(ax, sonogram, left + wide)
    _edges(ax, sonogram, top - 0.035 * tall)
    _settings(ax, sonogram, title)
    return ax


def sonogram_figure(sonogram: Sonogram, **settings: Any) -> Figure:
    """One sonogram on black, 900 pixels wide; ``settings`` go to `draw_sonogram`."""
    rows, columns = sonogram.array.shape
    tall = rows * (1 + _ABOVE + _BELOW) / (columns * (1 + 2 * _SIDES[sonogram.probe.kind]))
    figure = canvas.sheet(900, round(900 * tall), colour=canvas.SCREEN)
    ax = canvas.panel(figure, (0, 0, 1, 1), colour=canvas.SCREEN)
    draw_sonogram(ax, sonogram, **settings)
    return figure


def _depth_scale(ax: Axes, sonogram: Sonogram, edge: float) -> None:
    """Ticks every centimetre from the face down, every fifth with its number, and the focus."""
    x0, x1 = ax.get_xlim()
    at = edge + 0.25 * (x1 - edge)
    unit = (x1 - x0) / 100
    thin = canvas.points_high(ax, 0.0035)
    grey: canvas.Style = {"color": canvas.SCREEN_TEXT, "linewidth": thin, "zorder": 6}
    ax.plot([at, at], [0, sonogram.depth_mm], **grey)
    every = 1 if sonogram.depth_mm <= 10 * _NUMBERED_CM else 5
    for cm in range(int(sonogram.depth_mm / 10 + 1e-6) + 1):
        major = cm % every == 0
        ax.plot([at, at + (1.8 if major else 1.0) * unit], [10 * cm, 10 * cm], **grey)
        if major:
            said = f"{cm}" if cm else "0 cm"
            _letters(ax, at + 2.6 * unit, 10 * cm, said, va="center", ha="left")
    focus = sonogram.probe.focus_mm
    if focus <= sonogram.depth_mm:
        solid: canvas.Style = {"facecolor": canvas.SCREEN_TEXT, "edgecolor": "none", "zorder": 6}
        ax.fill([at - 0.5 * unit, at - 2.5 * unit, at - 2.5 * unit], focus + unit * _ARROW, **solid)


_ARROW = np.array([0.0, -1.1, 1.1])


def _edges(ax: Axes, sonogram: Sonogram, high: float) -> None:
    """The marker's dot above the left end of the face, and what lies to either side."""
    left, right = edges_in_words(sonogram.patient_from_probe)
    half = sonogram.probe.footprint_mm / 2
    size = canvas.points_high(ax, 0.024)
    dot: canvas.Style = {"markerfacecolor": "#f2f2f2", "markeredgecolor": "none", "zorder": 7}
    ax.plot([-half], [high], marker="o", markersize=size, **dot)
    x0, x1 = ax.get_xlim()
    gap = 0.018 * (x1 - x0)
    _letters(ax, -half - gap, high, left, va="center", ha="right")
    _letters(ax, half, high, right, va="center", ha="left")


def _settings(ax: Axes, sonogram: Sonogram, title: str) -> None:
    """Title, probe, frequency, depth and gain in the corners; that it is simulated below."""
    probe = sonogram.probe
    grey: canvas.Style = {"color": canvas.SCREEN_TEXT, "zorder": 6}
    words = [
        probe.name,
        f"{probe.frequency_mhz:g} MHz",
        f"D {sonogram.depth_mm / 10:g} cm",
        f"G {sonogram.gain_db:+g} dB",
        f"DR {sonogram.dynamic_range_db:g} dB",
    ]
    if title:
        strong: canvas.Style = {"share": 0.032, "ha": "left", "va": "top", "fontweight": "bold"}
        canvas.write(ax, 0.015, 0.985, title, **strong, **grey)
    for n, one in enumerate(words):
        canvas.write(ax, 0.015, 0.86 - 0.034 * n, one, share=0.022, ha="left", va="top", **grey)
    said = "Simulated. Not for clinical use."
    canvas.write(ax, 0.015, 0.018, said, share=0.022, ha="left", va="bottom", **grey)


def _draw_needles(ax: Axes, sonogram: Sonogram) -> None:
    """Dashes beside the true course of each needle, cut at the edge of the picture; its tip."""
    thin = canvas.points_high(ax, 0.003)
    for one in sonogram.truth["needles"]:
        course = _place(sonogram, np.asarray(one["polyline_px"]))
        style: Any = (0, (5.0, 4.0)) if one["in_plane"] else (0, (1.0, 3.0))
        for x, y in (beside.T for beside in _rails(course)):
            (line,) = ax.plot(x, y, color=canvas.NEEDLE, linewidth=thin, linestyle=style, zorder=5)
            line.set_clip_path(ax.patches[0])
        tip = _place(sonogram, np.asarray(one["tip_px"]))
        ring = Circle(tuple(tip), _RING_MM, fill=False, color=canvas.NEEDLE, linewidth=thin)
        ax.add_patch(ring).set_zorder(5)
    if sonogram.truth["needles"]:
        low: canvas.Style = {"share": 0.022, "ha": "right", "va": "bottom", "zorder": 6}
        canvas.write(ax, 0.985, 0.018, _NEEDLE_WORDS, color=canvas.NEEDLE, **low)


def _rails(course: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lines (2, N, 2) at both sides of a course (N, 2); they end at the ring about its tip."""
    along = np.gradient(course, axis=0)
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    off = _BESIDE_MM * np.stack([along[:, 1], -along[:, 0]], axis=1)
    end = course.copy()
    reach = float(np.sqrt(_RING_MM**2 - _BESIDE_MM**2))
    left = float(np.linalg.norm(course[-1] - course[-2]))
    end[-1] -= min(reach, 0.9 * left) * along[-1]
    return np.stack([end + off, end - off])


def _name_gaps(ax: Axes, sonogram: Sonogram) -> None:
    """Words where many lines in a row have no contact with the skin."""
    gaps = sonogram.truth.get("gap_mm")
    if gaps is None:
        return
    off, count = np.asarray(gaps) > _OFF_MM, len(gaps)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], off, [False]]).astype(int)))
    probe, deep = sonogram.probe, 0.3 * sonogram.depth_mm
    for first, last in edges.reshape(-1, 2):
        if last - first < _OFF_SHARE * count:
            continue
        starts, along = probe.rays(count)
        x, _, y = starts[(first + last) // 2] + deep * along[(first + last) // 2]
        rim = canvas.halo("#000000c0", canvas.points_high(ax, 0.005))
        _letters(ax, -x, y, _OFF_WORDS, va="center", ha="center", path_effects=rim)


def _place(sonogram: Sonogram, rowcol: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows and columns (..., 2) as x and y of the axes, mm from the middle of the face."""
    away = (rowcol[..., :2] - np.asarray(sonogram.origin_px)) * sonogram.pixel_mm
    return np.asarray(away[..., ::-1])


def _name(ax: Axes, sonogram: Sonogram, words: str, point: ArrayLike) -> None:
    at = np.asarray(point, dtype=np.float64)
    if at.shape != (3,):
        raise InputError(f"the label {words!r} needs a point (3,), patient LPS, got {at.shape}")
    x, out, depth = sonogram.patient_from_probe.inverse().apply(at)
    column = round(sonogram.origin_px[1] - x / sonogram.pixel_mm)
    row = round(sonogram.origin_px[0] + depth / sonogram.pixel_mm)
    rows, columns = sonogram.sector.shape
    held = 0 <= row < rows and 0 <= column < columns and bool(sonogram.sector[row, column])
    if held and abs(out) <= _NEAR_MM:
        ax.plot([-x], [depth], marker="+", color="#ffffff", markersize=canvas.points_high(ax, 0.02))
        rim = canvas.halo("#000000c0", canvas.points_high(ax, 0.005))
        _letters(ax, -x, depth, f" {words}", va="bottom", ha="left", path_effects=rim)


def _letters(ax: Axes, x: float, y: float, words: str, **settings: Any) -> None:
    """Lettering at a place of the axes in millimetres."""
    size = canvas.points_high(ax, 0.024)
    ax.text(
        x,
        y,
        words,
        color=canvas.SCREEN_TEXT,
        fontproperties=canvas.font(size),
        parse_math=False,
        zorder=6,
        **settings,
    )
