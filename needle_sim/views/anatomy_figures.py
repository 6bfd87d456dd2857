"""An `Anatomy` over its CT: surfaces, nerves and landmarks on axial, sagittal, coronal slices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy, Bone
from needle_sim.views import canvas
from needle_sim.views.slices import Outlined, Plane, draw_ct
from needle_sim.views.wording import NOT_CLINICAL
from needle_sim.volume.volume import Volume

Points = NDArray[np.float64]

BONE = "#ff9f43"
LANDMARK = "#fff275"
_WINDOW = (1100.0, 250.0)  # width and centre, HU: where bone is what matters
_STEP_MM = 0.6
_NEAR_MM = 2.5  # a landmark nearer to the slice than this is drawn in it
_BESIDE_MM = 18.0  # of the middle: where facet joints lie when no landmark says it
_MARGIN_MM = 22.0
_BAND = 40.0  # pixels of words above and below
_MOST_PANELS = 12
SAYS = f"{NOT_CLINICAL} Patient LPS, mm."


def axial_figure(anatomy: Anatomy) -> Figure:
    """A slice through the pedicles of each vertebra, from the top."""
    planes = [
        replace(plane, title=f"{plane.title} {name}")
        for name, plane in axial_planes(anatomy, 130.0)
    ]
    return _grid(anatomy, planes[:_MOST_PANELS], columns=min(3, max(1, len(planes))))


def sagittal_figure(anatomy: Anatomy) -> Figure:
    """Slices through the right facet joints, the middle and the left ones."""
    centre, size = field_of(anatomy, 1)
    aside = _facets_aside_mm(anatomy)
    planes = [
        replace(Plane.sagittal(centre + np.array([shift, 0.0, 0.0]), size_mm=size), title=title)
        for title, shift in (
            ("Sagittal, right facets", -aside),
            ("Sagittal, middle", 0.0),
            ("Sagittal, left facets", aside),
        )
    ]
    return _grid(anatomy, planes, columns=3)


def coronal_figure(anatomy: Anatomy) -> Figure:
    """Slices through the bodies and through the facet joints."""
    centre, size = field_of(anatomy, 0)
    planes = [
        replace(Plane.coronal(centre + np.array([0.0, shift, 0.0]), size_mm=size), title=title)
        for title, shift in (("Coronal, bodies", 0.0), ("Coronal, facets", behind_mm(anatomy)))
    ]
    return _grid(anatomy, planes, columns=2)


def axial_planes(anatomy: Anatomy, side_mm: float) -> list[tuple[str, Plane]]:
    """Through the pedicles of each vertebra, a little above the centre of its body."""
    found = []
    for name, body in anatomy.bodies.items():
        at = body.apply([0.0, 18.0, 0.0 if name == "S1" else 5.0])
        found.append((name, Plane.axial(at, size_mm=(side_mm, side_mm))))
    if found:
        return found
    return [("", Plane.axial(anatomy.ct.centre_mm, size_mm=(side_mm, side_mm)))]


def field_of(anatomy: Anatomy, axis: int) -> tuple[Points, tuple[float, float]]:
    """Centre and size (width along ``axis``, height) that hold the fitted vertebrae."""
    boxes = [
        np.asarray(anatomy.bones[name].box_mm) for name in anatomy.bodies if name in anatomy.bones
    ]
    if not boxes:
        low, high = anatomy.ct.corners_mm()
        return (low + high) / 2, (float(high[axis] - low[axis]), float(high[2] - low[2]))
    low = np.min([box[0] for box in boxes], axis=0) - _MARGIN_MM
    high = np.max([box[1] for box in boxes], axis=0) + _MARGIN_MM
    centre = (low + high) / 2
    middle = np.median([body.matrix[:3, 3] for body in anatomy.bodies.values()], axis=0)
    centre[1 - axis] = middle[1 - axis]
    return centre, (float(high[axis] - low[axis]), float(high[2] - low[2]))


def _facets_aside_mm(anatomy: Anatomy) -> float:
    """How far the facet joints lie from the middle."""
    found = [
        abs(float(anatomy.bodies[name].inverse().apply(anatomy.landmarks_mm[key])[0]))
        for name in anatomy.bodies
        if (key := f"{name} left facet_centre") in anatomy.landmarks_mm
    ]
    return float(np.median(found)) if found else _BESIDE_MM


def behind_mm(anatomy: Anatomy) -> float:
    """How far the facet joints lie behind the middle of the bodies, in the median."""
    bodies = [body.matrix[1, 3] for body in anatomy.bodies.values()]
    joints = [at[1] for name, at in anatomy.landmarks_mm.items() if name.endswith("facet_centre")]
    return float(np.median(joints) - np.median(bodies)) if joints and bodies else 30.0


def shaped(plane: Plane, ratio: float) -> Plane:
    """The plane made wider or higher, so that width over height is ``ratio``."""
    width, height = plane.size_mm
    return replace(plane, size_mm=(max(width, height * ratio), max(height, width / ratio)))


def inside(plane: Plane, ct: Volume) -> Plane:
    """The plane moved along itself, so that it shows less of what lies outside the CT."""
    flat = plane.flat_mm(ct.corners_mm()[[[0, 0, 0], [1, 1, 1]], [0, 1, 2]])
    low, high = flat.min(axis=0), flat.max(axis=0)
    half = np.array(plane.size_mm) / 2
    shift = np.where(high - low < 2 * half, 0.0, np.clip(0.0, low + half, high - half))
    return replace(
        plane, centre_mm=plane.centre_mm + shift[0] * plane.right + shift[1] * plane.down
    )


def _grid(anatomy: Anatomy, planes: Sequence[Plane], *, columns: int) -> Figure:
    """Slices side by side, row by row, with what the colours mean below."""
    rows = -(-len(planes) // columns)
    ratio = max(one.size_mm[0] / one.size_mm[1] for one in planes)
    wide = 560.0
    tall = wide / ratio
    width = columns * wide
    height = rows * (tall + _BAND) + _BAND
    figure = canvas.sheet(round(width), round(height), colour=canvas.SCREEN)
    for number, plane in enumerate(planes):
        row, column = divmod(number, columns)
        top = height - (row + 1) * (tall + _BAND)
        box = (column / columns + 0.003, top / height, 1 / columns - 0.006, tall / height)
        draw_anatomy(figure, box, anatomy, inside(shaped(plane, ratio), anatomy.ct))
        above = (box[0], (top + tall) / height, box[2], _BAND / height)
        _title(figure, above, plane.title)
    _legend(figure, (0, 0, 1, 0.9 * _BAND / height), anatomy)
    return figure


def draw_anatomy(figure: Figure, box: Sequence[float], anatomy: Anatomy, plane: Plane) -> Axes:
    """One slice with surfaces, structures and landmarks."""
    ax = canvas.panel(figure, box, colour=canvas.SCREEN)
    outlined = tuple(outlined_bones(anatomy.bones.values(), plane))
    draw_ct(ax, anatomy.ct, plane, window=_WINDOW, structures=anatomy.structures, outlined=outlined)
    return draw_landmarks(ax, plane, anatomy.landmarks_mm)


def outlined_bones(bones: Iterable[Bone], plane: Plane) -> Iterable[Outlined]:
    """The outline that each bone's exact surface has in a slice."""
    x, y = plane.steps_mm(_STEP_MM)
    for bone in bones:
        low, high = np.asarray(bone.box_mm)
        corners = np.stack([np.where(pick, high, low) for pick in np.ndindex(2, 2, 2)])
        off, flat = plane.off_mm(corners), plane.flat_mm(corners)
        if off.min() > 0 or off.max() < 0:
            continue
        (left, top), (right, bottom) = flat.min(axis=0) - 2.0, flat.max(axis=0) + 2.0
        columns = slice(*np.searchsorted(x, [left, right]))
        rows = slice(*np.searchsorted(y, [top, bottom]))
        points = plane.points_mm(_STEP_MM)[rows, columns]
        if min(points.shape[:2]) < 2:
            continue
        away = bone.distance_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
        if away.min() < 0 < away.max():
            yield Outlined(x[columns], y[rows], away, (0.0,), BONE)


def draw_landmarks(ax: Axes, plane: Plane, landmarks_mm: Mapping[str, Points]) -> Axes:
    """Dots where landmarks lie in a slice."""
    if not landmarks_mm:
        return ax
    at = np.stack(list(landmarks_mm.values()))
    flat = plane.flat_mm(at[np.abs(plane.off_mm(at)) <= _NEAR_MM])
    size = canvas.points_high(ax, 0.008)
    ax.plot(
        *flat.T,
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor=LANDMARK,
        markeredgecolor="#000000",
        markeredgewidth=0.25 * size,
        clip_on=True,
    )
    return ax


def _title(figure: Figure, box: Sequence[float], words: str) -> None:
    ax = canvas.blank(canvas.panel(figure, box, colour=canvas.SCREEN))
    style: canvas.Style = {"color": canvas.SCREEN_TEXT, "va": "center", "share": 0.5}
    canvas.write(ax, 0.015, 0.5, words, fontweight="bold", **style)


def _legend(figure: Figure, box: Sequence[float], anatomy: Anatomy) -> None:
    ax = canvas.blank(canvas.panel(figure, box, colour=canvas.SCREEN))
    canvas.coloured_words(ax, [*entries(anatomy), (SAYS, canvas.SCREEN_TEXT)], share=0.5)


def entries(anatomy: Anatomy) -> list[tuple[str, str]]:
    """What the colours mean."""
    kinds = {one.kind for one in anatomy.structures.values()}
    known: tuple[tuple[set[str], str, str], ...] = (
        ({"dura"}, "dura", canvas.DURA),
        ({"cord", "cauda_equina"}, "cord, cauda equina", canvas.CORD),
        ({"root", "ganglion"}, "roots", canvas.ROOT),
        ({"medial_branch", "lateral_branch", "sympathetic"}, "branches, chain", canvas.NERVE),
        ({"vessel"}, "vessels", canvas.VESSEL),
    )
    fitted = "fitted surface" if anatomy.fit_rms_mm else "exact surface"
    entries = [(fitted, BONE)] if anatomy.bones else []
    entries += [(words, colour) for names, words, colour in known if names & kinds]
    return [*entries, *([("landmarks", LANDMARK)] if anatomy.landmarks_mm else [])]
