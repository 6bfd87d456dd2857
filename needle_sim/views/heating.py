"""Heat as pictures: the lesion along and across the needle, and the generator's curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import family_labels
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.lesion import margins
from needle_sim.views import canvas
from needle_sim.views.canvas import LIGHT, Paper
from needle_sim.views.slices import Outlined, Plane

Points = NDArray[np.float64]
UNCERTAIN_C = 50.0
_ISOTHERMS_C = (45.0, 50.0, 60.0, 70.0)
BAND, SURE = "#e0a100", "#c9253f"
INSIDE, OUTSIDE = "#1f9d6b", "#8a73d6"
SHAFT = "#8e9aa3"
_STEP_MM = 0.15
_NERVE_MM = 0.55  # drawn width: thinner than the electrode, which it may cover
_TINTS = {  # tissue: on light, on dark
    "cortical_bone": ("#ddd3c0", "#4a4a48"),
    "trabecular_bone": ("#ece5d8", "#38393a"),
    "fat": ("#faf8ef", "#1d1c17"),
    "csf": ("#dcebf9", "#16263a"),
    "blood": ("#f6d9d9", "#331b1d"),
    "air": ("#e8eef2", "#0a0d10"),
}
_MUSCLE = ("#fbf3f0", "#1b1718")


@dataclass(frozen=True, slots=True, eq=False)
class HeatSlice:
    """Peak temperature and boundary on a plane.

    ``peak_c`` (R, C) in °C; ``margin`` (R, C) is positive where 60 °C, CEM43 of 240 min and
    Arrhenius (muscle) are all exceeded: the conservative boundary is where it is 0.
    """

    plane: Plane
    x_mm: Points
    y_mm: Points
    peak_c: Points
    margin: Points

    @classmethod
    def cut(cls, history: HeatHistory, plane: Plane, *, step_mm: float = _STEP_MM) -> HeatSlice:
        """Sample a heat run on a plane."""
        x, y = plane.steps_mm(step_mm)
        points = plane.points_mm(step_mm).reshape(-1, 3)
        shape = (len(y), len(x))
        peak, margin = history.peak_c(points), margin_at(history, points)
        return cls(plane, x, y, peak.reshape(shape), margin.reshape(shape))

    def outlined(self, on: Plane) -> tuple[Outlined, ...]:
        """The two boundaries, for a CT slice on a larger plane of the same directions."""
        x, y = on.flat_mm(self.plane.centre_mm)
        at = (self.x_mm + x, self.y_mm + y)
        return (
            Outlined(*at, self.peak_c, (UNCERTAIN_C,), canvas.LESION, dashed=True),
            Outlined(*at, self.margin, (0.0,), canvas.LESION),
        )


def margin_at(history: HeatHistory, points_mm: Points) -> Points:
    """How far (P,) points (P, 3) are inside the conservative boundary, °C or its like."""
    grid, there = history.medium.grid, history.in_grid(points_mm)
    found = grid.interpolate(margins(history)["conservative"], there)
    return np.asarray(np.where(grid.contains(there), found, -99.0))


def lesion_plane(
    history: HeatHistory,
    view: Literal["along", "across"],
    *,
    nerve_mm: Points | None = None,
    size_mm: tuple[float, float] | None = None,
) -> Plane:
    """The plane of a lesion picture: the needle comes from the left, the nerve lies above it.

    Across, the reader looks along the needle from its hub, at the middle of the active tip.
    """
    placed = history.electrodes[0]
    axis, tip = placed.trajectory.axis, placed.trajectory.tip_mm
    active = placed.needle.active_tip_mm
    middle = tip - axis * active / 2
    towards = np.array([0.0, 0.0, 1.0]) if nerve_mm is None else nerve_mm.mean(axis=0) - middle
    up = towards - (towards @ axis) * axis
    if np.linalg.norm(up) < 0.05:
        turn = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
        up = np.cross(axis, turn)
    up = unit(up)
    if view == "along":
        size = (active + 19.0, 19.0) if size_mm is None else size_mm
        return Plane(middle + 0.5 * axis, axis, -up, size, "Along the needle")
    size = (19.0, 19.0) if size_mm is None else size_mm
    return Plane(middle, np.cross(axis, up), -up, size, "Across, at mid tip")


def draw_lesion(
    ax: Axes,
    history: HeatHistory,
    plane: Plane,
    *,
    anatomy: Anatomy | None = None,
    nerve_mm: Points | None = None,
    paper: Paper = LIGHT,
) -> Axes:
    """Draw a lesion on a plane of `lesion_plane`, in mm from the plane's centre.

    Solid red is the conservative boundary that is scored; the hatched band out to 50 °C is
    uncertain. The nerve is projected on the plane: solid where it lies inside the boundary.
    """
    cut = HeatSlice.cut(history, plane)
    w, h = plane.size_mm
    if anatomy is not None:
        _draw_tissue(ax, anatomy, plane, paper)
    ax.set_xlim(-w / 2, w / 2)
    ax.set_ylim(h / 2, -h / 2)
    ax.set_aspect("equal")
    _draw_bands(ax, cut, paper)
    _draw_electrode(ax, history, plane)
    if nerve_mm is not None:
        _draw_nerve(ax, history, plane, nerve_mm, paper)
    return canvas.blank(ax, colour=paper.ground)


def _draw_tissue(ax: Axes, anatomy: Anatomy, plane: Plane, paper: Paper) -> None:
    dark = int(paper is canvas.DARK)
    points = plane.points_mm(_STEP_MM)
    found = anatomy.tissue_labels(points.reshape(-1, 3)).reshape(points.shape[:2])
    colours = np.empty((len(anatomy.tissues), 3))
    colours[:] = _rgb(_MUSCLE[dark])
    for name, tints in _TINTS.items():
        colours[list(family_labels(name))] = _rgb(tints[dark])
    w, h = plane.size_mm
    box = (-w / 2, w / 2, h / 2, -h / 2)
    smooth = ndimage.gaussian_filter(colours[found], (2.0, 2.0, 0.0), mode="nearest")
    ax.imshow(smooth, extent=box, interpolation="bilinear", zorder=0)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _draw_bands(ax: Axes, cut: HeatSlice, paper: Paper) -> None:
    at = (cut.x_mm, cut.y_mm)
    thin = canvas.points_high(ax, 0.0045)
    band = np.minimum(cut.peak_c - UNCERTAIN_C, -cut.margin)
    if band.max() > 0:
        filled = ax.contourf(
            *at, band, levels=[0.0, 1e3], colors=[BAND], alpha=0.22, hatches=["////"], zorder=2
        )
        filled.set_edgecolor(BAND)
    if cut.margin.max() > 0:
        ax.contourf(*at, cut.margin, levels=[0.0, 1e3], colors=[SURE], alpha=0.28, zorder=2)
    for isotherm in _ISOTHERMS_C:
        if not cut.peak_c.min() < isotherm < cut.peak_c.max():
            continue
        style: canvas.Style = {"colors": [paper.faint], "linewidths": [0.6 * thin], "zorder": 3}
        if isotherm == UNCERTAIN_C:
            style = {"colors": [BAND], "linewidths": [1.2 * thin], "zorder": 3}
        ax.contour(*at, cut.peak_c, levels=[isotherm], linestyles=["dashed"], **style)
        _name_isotherm(ax, cut, isotherm, paper)
    if cut.margin.max() > 0:
        ax.contour(*at, cut.margin, levels=[0.0], colors=[SURE], linewidths=[2 * thin], zorder=4)


def _name_isotherm(ax: Axes, cut: HeatSlice, isotherm: float, paper: Paper) -> None:
    """Its temperature, below the needle's middle, where it crosses the picture's centre line."""
    column = cut.peak_c[:, len(cut.x_mm) // 2]
    lower = np.flatnonzero((column > isotherm) & (cut.y_mm > 0))
    if len(lower) == 0 or lower[-1] + 1 >= len(column):
        return
    ax.text(
        0.0,
        float(cut.y_mm[lower[-1]]),
        f"{isotherm:g}°",
        ha="center",
        va="center",
        fontfamily="DejaVu Sans",
        fontsize=max(canvas.points_high(ax, 0.03), 8.0),
        color=paper.ink,
        path_effects=canvas.halo(paper.ground, 3.0),
        zorder=6,
    )


def _draw_electrode(ax: Axes, history: HeatHistory, plane: Plane) -> None:
    placed = history.electrodes[0]
    outer = placed.needle.outer_mm
    edge: canvas.Style = {
        "edgecolor": "#1d2b36",
        "linewidth": canvas.points_high(ax, 0.003),
        "zorder": 5,
    }
    along = float(plane.right @ placed.trajectory.axis)
    if abs(along) < 0.5:
        x, y = plane.flat_mm(placed.trajectory.tip_mm)
        ax.add_patch(Circle((x, y), outer / 2, facecolor=canvas.ACTIVE, **edge))
        return
    (rear, _), (tip, y) = plane.flat_mm(placed.active_mm)
    start = -plane.size_mm[0] / 2 - 1.0
    ax.add_patch(Rectangle((start, y - outer / 2), rear - start, outer, facecolor=SHAFT, **edge))
    depth = np.linspace(-placed.needle.active_tip_mm, 0.0, 200)
    radius = history.electrode.radius_mm(depth)
    x = np.concatenate([tip + depth, tip + depth[::-1]])
    outline = np.stack([x, np.concatenate([y - radius, y + radius[::-1]])], axis=1)
    ax.add_patch(Polygon(outline, closed=True, facecolor=canvas.ACTIVE, **edge))


def _draw_nerve(
    ax: Axes, history: HeatHistory, plane: Plane, nerve_mm: Points, paper: Paper
) -> None:
    fine = resample(nerve_mm, 0.1)
    if abs(float(plane.right @ history.electrodes[0].trajectory.axis)) < 0.5:
        fine = fine[np.abs(plane.off_mm(fine)) < _NERVE_MM]  # across: where it passes through
        if len(fine) < 2:
            return
    flat = plane.flat_mm(fine)
    inside = margin_at(history, fine) >= 0
    wide = _NERVE_MM / plane.size_mm[1] * canvas.points_high(ax, 1.0)
    outside = np.where(inside[:, None], np.nan, flat)
    covered = np.where(inside[:, None], flat, np.nan)
    edge: canvas.Style = {
        "color": paper.ground,
        "linewidth": 1.12 * wide,
        "solid_capstyle": "round",
    }
    ax.plot(*flat.T, alpha=0.75, zorder=7, **edge)
    ax.plot(*outside.T, color=OUTSIDE, linewidth=0.4 * wide, linestyle=(0, (1.2, 0.8)), zorder=8)
    ax.plot(*covered.T, color=INSIDE, linewidth=wide, solid_capstyle="round", zorder=8)


Curve = Literal["temperature", "power", "impedance"]


def draw_heat(
    ax: Axes, history: HeatHistory, what: Curve, *, paper: Paper = LIGHT, size: float = 9.0
) -> Axes:
    """Draw one of the generator's curves over time; ``size`` is the lettering in points."""
    time = history.time_s
    canvas.plain_axes(ax, size=size, paper=paper)
    thick: canvas.Style = {"linewidth": 1.6}
    if what == "temperature":
        faint: canvas.Style = {"color": paper.faint, "linewidth": 1.0}
        ax.plot(time, history.hottest_c, label="hottest tissue", linestyle="dashed", **faint)
        ax.plot(time, history.sensor_c, label="sensor", color=SURE, **thick)
        ax.plot(time, history.set_c, label="set point", linestyle="dotted", **faint)
        key = ax.legend(loc="lower right", frameon=False, prop=canvas.font(size))
        for words in key.get_texts():
            words.set_color(paper.ink)
        canvas.name_axes(ax, "", "Temperature, °C", size=size, paper=paper)
    elif what == "power":
        ax.plot(time, history.power_w, color="#2563a8", **thick)
        canvas.name_axes(ax, "", "Power, W", size=size, paper=paper)
        ax.set_ylim(bottom=0)
    else:
        ax.plot(time, history.impedance_ohm, color="#6b4fa0", **thick)
        canvas.name_axes(ax, "Time, s", "Impedance, Ω", size=size, paper=paper)
    ax.set_xlim(0, float(time[-1]))
    return canvas.plain_axes(ax, size=size, paper=paper)
