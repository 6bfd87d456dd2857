"""CT slices in radiological convention, with needle, nerves, sac and lesion on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.errors import InputError
from needle_sim.geometry.paths import resample
from needle_sim.geometry.transform import unit
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.views import canvas
from needle_sim.volume.volume import Volume

Points = NDArray[np.float64]
_POSTERIOR = np.array([0.0, 1.0, 0.0])
_FEET = np.array([0.0, 0.0, -1.0])
_IN_PLANE_MM = 1.5  # what lies nearer to the slice than this is drawn as in it
_COLOURS = {
    **{"dura": canvas.DURA, "cord": canvas.CORD, "cauda_equina": canvas.CORD},
    **{"root": canvas.ROOT, "ganglion": canvas.ROOT},
    **dict.fromkeys(("medial_branch", "lateral_branch", "sympathetic"), canvas.NERVE),
}


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A rectangle in the patient, looked at: right and down (3,) on the screen, patient LPS.

    ``size_mm`` is its width and height about ``centre_mm``.
    """

    centre_mm: Points
    right: Points
    down: Points
    size_mm: tuple[float, float]
    title: str = ""

    def __post_init__(self) -> None:
        right, down = unit(self.right), unit(self.down)
        if abs(float(right @ down)) > 1e-6:
            raise InputError("right and down of a plane must be perpendicular")
        if not min(self.size_mm) > 0:
            raise InputError(f"size_mm of a plane must be positive, got {self.size_mm}")
        object.__setattr__(self, "centre_mm", np.asarray(self.centre_mm, dtype=np.float64))
        object.__setattr__(self, "right", right)
        object.__setattr__(self, "down", down)

    @classmethod
    def axial(cls, at_mm: ArrayLike, *, size_mm: tuple[float, float] = (180.0, 180.0)) -> Plane:
        """Seen from the feet: the patient's right on the left, front up."""
        return cls(np.asarray(at_mm), [1.0, 0.0, 0.0], _POSTERIOR, size_mm, "Axial CT")  # type: ignore[arg-type]

    @classmethod
    def sagittal(cls, at_mm: ArrayLike, *, size_mm: tuple[float, float] = (180.0, 180.0)) -> Plane:
        """Front on the left, head up."""
        return cls(np.asarray(at_mm), _POSTERIOR, _FEET, size_mm, "Sagittal CT")

    @classmethod
    def coronal(cls, at_mm: ArrayLike, *, size_mm: tuple[float, float] = (180.0, 180.0)) -> Plane:
        """The patient's right on the left, head up."""
        return cls(np.asarray(at_mm), [1.0, 0.0, 0.0], _FEET, size_mm, "Coronal CT")  # type: ignore[arg-type]

    @classmethod
    def along(cls, placed: PlacedNeedle, *, margin_mm: float = 35.0) -> Plane:
        """Upright through the needle's last stretch, front on the left; holds entry and tip."""
        entry, tip = placed.trajectory.entry_mm, placed.trajectory.tip_mm
        level = placed.trajectory.axis * [1.0, 1.0, 0.0]
        right = -unit(level) if np.linalg.norm(level) > 0.05 else _POSTERIOR
        width, height = abs(float((entry - tip) @ right)), abs(float((entry - tip)[2]))
        side = max(width, height) + 2 * margin_mm
        return cls((entry + tip) / 2, right, _FEET, (side, side), "CT along the needle")

    @property
    def normal(self) -> Points:
        """Unit vector (3,) away from the reader."""
        return np.asarray(np.cross(self.right, self.down))

    def points_mm(self, step_mm: float) -> Points:
        """Patient points (R, C, 3), ``step_mm`` apart, row by row from the upper left."""
        x, y = self.steps_mm(step_mm)
        return np.asarray(
            self.centre_mm + x[None, :, None] * self.right + y[:, None, None] * self.down
        )

    def steps_mm(self, step_mm: float) -> tuple[Points, Points]:
        """Places of columns (C,) and rows (R,) from the centre, mm to the right and down."""
        wide, high = (round(side / step_mm) for side in self.size_mm)
        x = np.asarray((np.arange(wide) - (wide - 1) / 2) * step_mm)
        y = np.asarray((np.arange(high) - (high - 1) / 2) * step_mm)
        return x, y

    def flat_mm(self, points_mm: ArrayLike) -> Points:
        """Points (..., 3) projected on the plane: mm right and down of its centre (..., 2)."""
        offset = np.asarray(points_mm, dtype=np.float64) - self.centre_mm
        return np.stack([offset @ self.right, offset @ self.down], axis=-1)

    def off_mm(self, points_mm: ArrayLike) -> Points:
        """Signed distance (...) of points (..., 3) from the plane."""
        offset = np.asarray(points_mm, dtype=np.float64) - self.centre_mm
        return np.asarray(offset @ self.normal)

    def letters(self) -> tuple[str, str, str, str]:
        """What lies at the left, right, top and bottom of the picture: L R A P H F, or two."""
        return (
            direction_letters(-self.right),
            direction_letters(self.right),
            direction_letters(-self.down),
            direction_letters(self.down),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """A field (R, C) on a plane whose level lines are drawn: the lesion, on a CT slice."""

    x_mm: Points
    y_mm: Points
    values: Points
    levels: tuple[float, ...]
    colour: str
    dashed: bool = False

    def draw(self, ax: Axes, width: float) -> None:
        """The lines, ``width`` points wide."""
        ax.contour(
            self.x_mm,
            self.y_mm,
            self.values,
            levels=self.levels,
            colors=[self.colour],
            linewidths=width,
            linestyles=["dashed" if self.dashed else "solid"],
        )


def direction_letters(direction: ArrayLike) -> str:
    """DICOM's letters of a patient direction (3,), the largest first, shares under 0.4 left out."""
    along = unit(direction)
    pairs = (("L", "R"), ("P", "A"), ("H", "F"))
    order = np.argsort(-np.abs(along), kind="stable")
    return "".join(
        pairs[axis][0 if along[axis] > 0 else 1] for axis in order if abs(along[axis]) >= 0.4
    )


def draw_ct(
    ax: Axes,
    volume: Volume,
    plane: Plane,
    *,
    window: tuple[float, float] = (350.0, 50.0),
    needle: PlacedNeedle | None = None,
    structures: Mapping[str, Structure] | None = None,
    nerve_mm: Points | None = None,
    outlined: tuple[Outlined, ...] = (),
    step_mm: float = 0.35,
) -> Axes:
    """Draw a CT slice with what lies in it.

    Parameters
    ----------
    volume : Volume
        In HU; outside it is black.
    window : (float, float)
        Width and centre, HU.
    needle, structures, nerve_mm, outlined
        Drawn solid where they lie within 1.5 mm of the slice; the needle and ``nerve_mm`` (N, 3)
        dashed where they are off it. Structures appear as the outline they have in the slice.
    """
    width, centre = window
    if not width > 0:
        raise InputError(f"the width of a CT window must be positive, got {width}")
    hu = volume.sample(plane.points_mm(step_mm))
    w, h = plane.size_mm
    grey = np.clip((hu - centre) / width + 0.5, 0.0, 1.0)
    box = (-w / 2, w / 2, h / 2, -h / 2)
    ax.imshow(grey, cmap="gray", vmin=0, vmax=1, extent=box, interpolation="bilinear")
    canvas.blank(ax)
    for one in (structures or {}).values():
        _outline(ax, plane, one)
    thin = canvas.points_high(ax, 0.004)
    for field in outlined:
        field.draw(ax, thin)
    if nerve_mm is not None:
        _line(ax, plane, nerve_mm, canvas.NERVE, thin * 1.3)
    if needle is not None:
        _line(ax, plane, needle.shaft_mm, canvas.NEEDLE, thin * 1.3)
        if needle.needle.active_tip_mm:
            _line(ax, plane, needle.active_mm, canvas.ACTIVE, thin * 2.0)
    ax.set_xlim(-w / 2, w / 2)
    ax.set_ylim(h / 2, -h / 2)
    return _letters(ax, plane)


def _outline(ax: Axes, plane: Plane, structure: Structure) -> None:
    colour = _COLOURS.get(structure.kind, canvas.VESSEL)
    step_mm = 0.6
    x, y = plane.steps_mm(step_mm)
    part = _near(plane, structure, x, y)
    if part is None:
        return
    x, y = x[part[1]], y[part[0]]
    points = plane.points_mm(step_mm)[part]
    away = structure.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
    if away.min() < 0 < away.max():
        ax.contour(
            x, y, away, levels=[0.0], colors=[colour], linewidths=canvas.points_high(ax, 0.003)
        )


def _near(plane: Plane, structure: Structure, x: Points, y: Points) -> tuple[slice, slice] | None:
    """Rows and columns of the plane that a structure can reach; None where it is not near."""
    found: list[Points] = []
    for tube in structure.tubes:
        fine, reach = resample(tube.points_mm, 2.0), float(tube.radius_mm.max()) + 2.0
        flat = plane.flat_mm(fine[np.abs(plane.off_mm(fine)) <= reach])
        found += [flat - reach, flat + reach]
    ends = np.concatenate(found)
    if len(ends) == 0:
        return None
    (left, top), (right, bottom) = ends.min(axis=0), ends.max(axis=0)
    columns = slice(*np.searchsorted(x, [left, right]))
    rows = slice(*np.searchsorted(y, [top, bottom]))
    small = columns.stop - columns.start < 2 or rows.stop - rows.start < 2
    return None if small else (rows, columns)


def _line(ax: Axes, plane: Plane, path_mm: Points, colour: str, width: float) -> None:
    """A polyline (N, 3): solid where it lies in the plane, dashed where it is projected on it."""
    fine = resample(path_mm, 0.5)
    flat, near = plane.flat_mm(fine), np.abs(plane.off_mm(fine)) <= _IN_PLANE_MM
    ax.plot(*flat.T, color=colour, linewidth=0.5 * width, linestyle=(0, (3, 3)), alpha=0.8)
    seen = np.where(near[:, None], flat, np.nan)
    ax.plot(*seen.T, color=colour, linewidth=width, solid_capstyle="round")


def _letters(ax: Axes, plane: Plane) -> Axes:
    left, right, top, bottom = plane.letters()
    places = (
        (0.025, 0.5, left, "left", "center"),
        (0.975, 0.5, right, "right", "center"),
        (0.5, 0.975, top, "center", "top"),
        (0.5, 0.025, bottom, "center", "bottom"),
    )
    for x, y, words, ha, va in places:
        canvas.write(
            ax,
            x,
            y,
            words,
            share=0.036,
            color=canvas.SCREEN_TEXT,
            ha=ha,
            va=va,
            path_effects=canvas.halo(),
        )
    return ax
