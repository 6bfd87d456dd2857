"""One picture of an `Anatomy`: slices, how well each level fits, and what was noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.fit import GOOD_RMS_MM
from needle_sim.views import canvas
from needle_sim.views.anatomy_figures import (
    BONE,
    SAYS,
    axial_figure,
    axial_planes,
    behind_mm,
    coronal_figure,
    draw_anatomy,
    entries,
    field_of,
    inside,
    sagittal_figure,
    shaped,
)
from needle_sim.views.slices import Plane
from needle_sim.views.wording import weighed_notes

Box = tuple[float, float, float, float]

_WIDTH, _HEIGHT = 1800, 860
_LOW, _HIGH = 0.055, 0.885  # of the pictures, between legend and title
_WIDE = 0.25
_MOST_LINES = 42
_LETTERS = 50


def anatomy_pictures(anatomy: Anatomy) -> dict[str, bytes]:
    """PNG bytes by file name: ``overview``, ``axial``, ``sagittal`` and ``coronal``."""
    makers = {
        "overview.png": anatomy_overview,
        "axial.png": axial_figure,
        "sagittal.png": sagittal_figure,
        "coronal.png": coronal_figure,
    }
    return {name: canvas.png(make(anatomy)) for name, make in makers.items()}


def anatomy_overview(anatomy: Anatomy) -> Figure:
    """The middle sagittal, the coronal and axial slices, and what is known, 1800 x 860."""
    figure = canvas.sheet(_WIDTH, _HEIGHT, colour=canvas.DARK.ground)
    centre, size = field_of(anatomy, 1)
    _slice(figure, (0.006, _LOW, _WIDE, _HIGH), anatomy, Plane.sagittal(centre, size_mm=size))
    centre, size = field_of(anatomy, 0)
    back = centre + np.array([0.0, behind_mm(anatomy), 0.0])
    _slice(figure, (0.262, _LOW, _WIDE, _HIGH), anatomy, Plane.coronal(back, size_mm=size))
    planes = [
        replace(plane, title=f"{plane.title} {name}")
        for name, plane in axial_planes(anatomy, 120.0)
    ]
    half = _HIGH / 2 - 0.004
    _slice(figure, (0.518, _LOW + half + 0.008, _WIDE, half), anatomy, planes[len(planes) // 2])
    if anatomy.fit_rms_mm:
        _levels(figure, (0.56, _LOW + 0.06, 0.2, half - 0.09), anatomy)
    else:
        _slice(figure, (0.518, _LOW, _WIDE, half), anatomy, planes[-1])
    _words(figure, (0.778, _LOW, 0.218, _HIGH), anatomy)
    _heads(figure, anatomy)
    return figure


def _slice(figure: Figure, box: Box, anatomy: Anatomy, plane: Plane) -> None:
    """A slice that fills its box, with its name in the corner."""
    plane = inside(shaped(plane, box[2] * _WIDTH / (box[3] * _HEIGHT)), anatomy.ct)
    ax = draw_anatomy(figure, box, anatomy, plane)
    words: canvas.Style = {"color": canvas.SCREEN_TEXT, "va": "top", "fontweight": "bold"}
    canvas.write(ax, 0.02, 0.985, plane.title, share=0.034, path_effects=canvas.halo(), **words)


def _levels(figure: Figure, box: Box, anatomy: Anatomy) -> None:
    """Surface RMS of each fitted level as bars."""
    paper = canvas.DARK
    names = list(anatomy.fit_rms_mm)
    ax = canvas.panel(figure, box, colour=paper.ground)
    size = 9.0
    canvas.plain_axes(ax, size=size, paper=paper)
    values = [anatomy.fit_rms_mm[name] for name in names]
    ax.barh(range(len(names)), values, color=BONE, height=0.6)
    ax.axvline(GOOD_RMS_MM, color=paper.faint, linewidth=1.0, linestyle="dashed")
    ax.set_yticks(range(len(names)), names, fontsize=size)
    for tick in ax.get_yticklabels():
        tick.set_fontproperties(canvas.font(size))
        tick.set_color(paper.ink)
    ax.set_ylim(max(len(names), 5) - 0.5, -0.5)  # from the top
    ax.set_xlim(0, max(2.5, 1.15 * max(values)))
    canvas.name_axes(ax, "surface RMS, mm (dashed: published fit)", "", size=size, paper=paper)


def _words(figure: Figure, box: Box, anatomy: Anatomy) -> None:
    """Notes, the weighty ones first, in lines that fit."""
    paper = canvas.DARK
    ax = canvas.blank(canvas.panel(figure, box, colour=paper.ground), colour=paper.ground)
    lines = note_lines([str(note) for note in anatomy.notes])
    style: canvas.Style = {"share": 0.0285, "color": paper.ink, "va": "top"}
    for number, line in enumerate(lines):
        canvas.write(ax, 0.0, 0.985 - number / (_MOST_LINES + 1), line, **style)


def note_lines(notes: Sequence[str]) -> list[str]:
    """The weightiest notes that fit whole, and how many more there are."""
    shown, left = weighed_notes(notes)
    lines: list[str] = []
    for number, note in enumerate(shown):
        more = _broken(note, _LETTERS)
        last = number == len(shown) - 1 and not left
        if len(lines) + len(more) + (0 if last else 2) > _MOST_LINES:
            left += len(shown) - number
            break
        lines += [*more, ""]
    return [*lines, f"and {left} more in anatomy.json"] if left else lines[:-1]


def _broken(words: str, width: int) -> list[str]:
    """Words in lines of at most so many letters; those after the first are indented."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(" ")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _heads(figure: Figure, anatomy: Anatomy) -> None:
    """The title above and the legend below."""
    paper = canvas.DARK
    top = canvas.panel(figure, (0, _LOW + _HIGH, 1, 1 - _LOW - _HIGH), colour=paper.ground)
    canvas.blank(top, colour=paper.ground)
    style: canvas.Style = {"va": "center", "color": paper.ink}
    counts = (
        f"{anatomy.name}: {', '.join(anatomy.bodies) or 'no vertebra'}; "
        f"{len(anatomy.landmarks_mm)} landmarks, {len(anatomy.structures)} structures, "
        f"{len(anatomy.spaces)} spaces"
    )
    canvas.write(top, 0.008, 0.45, counts, share=0.5, fontweight="bold", **style)
    foot = canvas.panel(figure, (0, 0, 1, _LOW), colour=paper.ground)
    canvas.blank(foot, colour=paper.ground)
    canvas.coloured_words(foot, [*entries(anatomy), (SAYS, paper.faint)], share=0.42)
