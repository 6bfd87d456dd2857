"""Landmarks on a shaded bone, each with its name at the margin and a line to its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Bone
from needle_sim.errors import InputError
from needle_sim.views.shaded_bone import BoneView, bone_view

ON_BONE, IN_SPACE, IN_BONE, LINE = "#b3261e", "#2563a8", "#b07a00", "#5d6c79"
HIDDEN_MM = 1.5
"""A place on the surface or before it that is deeper than this behind it is not drawn in a view."""
_OFF_BONE_MM = 0.5  # farther from the surface a place lies in a space beside the bone, or within it
_MARGIN_MM = 6.0  # from the bone to the names
_NAMES = 1.0  # room for names on each side, in half widths of a view
_SIZE_PT = 7.6


@dataclass(frozen=True, slots=True)
class Look:
    """One view of a bone.

    Parameters
    ----------
    title : str
        Over the picture.
    eye, up : (float, float, float)
        Towards the viewer, and up in the picture, in the frame of the bone.
    names : tuple of str
        The landmarks that are told in this view.
    bone : Bone or None
        What is looked at where it is not the whole bone, such as a half of it.
    """

    title: str
    eye: tuple[float, float, float]
    up: tuple[float, float, float]
    names: tuple[str, ...]
    bone: Bone | None = None


def landmark_figure(
    bone: Bone,
    landmarks_mm: Mapping[str, NDArray[Any]],
    looks: Sequence[Look],
    *,
    half_mm: float,
    columns: int = 2,
    pixels: int = 480,
) -> Figure:
    """A figure of several looks at a bone, each with the landmarks it is to tell.

    Parameters
    ----------
    bone : Bone
        In the frame of the landmarks.
    landmarks_mm : mapping of str to (3,) array
        Places by name.
    looks : sequence of Look
        In reading order. A landmark that the bone hides in its look is an `InputError`.
    half_mm : float, mm
        Half the width of each view.
    columns, pixels : int
        Views beside one another, and along the edge of each.
    """
    rows = -(-len(looks) // columns)
    figure = Figure(figsize=(7.4 * columns, 3.9 * rows), dpi=110, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, look in zip(grid, looks, strict=False):
        own = look.bone or bone
        view = bone_view(own, eye=look.eye, up=look.up, half_mm=half_mm, pixels=pixels)
        draw_look(ax, bone, view, {name: landmarks_mm[name] for name in look.names})
        ax.set_title(look.title, fontsize=10.5, color="#1d2b36")
    for ax in grid[len(looks) :]:
        ax.axis("off")
    return figure


def draw_look(
    ax: Axes, bone: Bone, view: BoneView, landmarks_mm: Mapping[str, NDArray[Any]]
) -> Axes:
    """Draw a view with the names of landmarks at both margins, in order of height.

    Places on the bone are red, those in a space beside it blue, those within it brown.
    """
    away = {name: _away_mm(bone, at) for name, at in landmarks_mm.items()}
    hidden = [name for name, at in landmarks_mm.items() if not seen(view, at, away[name])]
    if hidden:
        raise InputError(f"hidden from this side: {', '.join(hidden)}; tell them in another view")
    half = view.half_mm
    ax.imshow(view.picture, extent=(-half, half, -half, half), interpolation="bilinear")
    ax.set_axis_off()
    places = {name: view.flat_mm(at) for name, at in landmarks_mm.items()}
    low, high = _extent(view, places)
    wide = max(abs(low[0]), abs(high[0])) + _MARGIN_MM
    ax.set_xlim(-wide - _NAMES * half, wide + _NAMES * half)
    ax.set_ylim(low[1] - _MARGIN_MM, high[1] + _MARGIN_MM)
    for side, names in halves(places).items():
        heights = spread([float(places[name][1]) for name in names], low=low[1], high=high[1])
        for name, height in zip(names, heights, strict=True):
            _told(ax, name, places[name], (side * wide, height), _colour(away[name]))
    return ax


def seen(view: BoneView, at: NDArray[Any], away_mm: float) -> bool:
    """Whether a view shows a place: nothing before it, or a place within the bone."""
    return away_mm < -_OFF_BONE_MM or view.hidden_mm(at) < HIDDEN_MM


def _away_mm(bone: Bone, at: NDArray[Any]) -> float:
    return float(bone.distance_mm(np.asarray(at, dtype=np.float64)[None])[0])


def _colour(away_mm: float) -> str:
    if abs(away_mm) <= _OFF_BONE_MM:
        return ON_BONE
    return IN_SPACE if away_mm > 0 else IN_BONE


def _extent(
    view: BoneView, places: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high corner (2,) of the bone in a view, and of what is told there."""
    rows, columns = np.nonzero(np.isfinite(view.depth_mm))
    step = 2.0 * view.half_mm / len(view.depth_mm)
    bone = np.stack([columns * step - view.half_mm, view.half_mm - rows * step], axis=1)
    points = np.concatenate([bone, *(at[None] for at in places.values())])
    return points.min(axis=0), points.max(axis=0)


def halves(places: Mapping[str, NDArray[Any]]) -> dict[float, list[str]]:
    """Names for the left (-1) and the right margin (+1), from the top; as many on each, or one
    more."""
    across = sorted(places, key=lambda name: (float(places[name][0]), name))
    middle = (len(across) + 1) // 2
    parts = {-1.0: across[:middle], 1.0: across[middle:]}
    return {
        side: sorted(names, key=lambda name: -float(places[name][1]))
        for side, names in parts.items()
    }


def spread(
    heights: Sequence[float], *, low: float, high: float, least: float = 0.066
) -> list[float]:
    """Heights from the top moved apart to at least a share of the room, as little as may be.

    They stay in their order and between ``low`` and ``high``; where they are too many for that
    they are spaced evenly.
    """
    count = len(heights)
    step = least * (high - low)
    if count > 1:
        step = min(step, (high - low) / (count - 1))
    # with the steps taken out the order is all that is left: pool what is out of order
    blocks: list[tuple[float, int]] = []
    for n, height in enumerate(heights):
        blocks.append((height + n * step, 1))
        while len(blocks) > 1 and blocks[-1][0] > blocks[-2][0]:
            (later, many), (sooner, more) = blocks.pop(), blocks.pop()
            blocks.append(((later * many + sooner * more) / (many + more), many + more))
    flat = [mean for mean, many in blocks for _ in range(many)]
    lowest = low + (count - 1) * step
    return [min(max(mean, lowest), high) - n * step for n, mean in enumerate(flat)]


def _told(
    ax: Axes, name: str, place: NDArray[Any], label: tuple[float, float], colour: str
) -> None:
    x, y = float(place[0]), float(place[1])
    ax.plot([x, label[0]], [y, label[1]], color=LINE, linewidth=0.6, zorder=2)
    ax.plot([x], [y], "o", color=colour, markersize=4.2, markeredgecolor="white",
            markeredgewidth=0.7, zorder=3)  # fmt: skip
    where = "right" if label[0] < 0 else "left"
    text = f"{name} " if label[0] < 0 else f" {name}"
    ax.text(*label, text, ha=where, va="center", fontsize=_SIZE_PT, color="#1d2b36", zorder=4)
