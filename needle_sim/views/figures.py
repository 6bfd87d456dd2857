"""`draw`: the picture of any noun that can be shown; what ``.plot()`` calls.

The verbs that draw take matplotlib Axes and return them. None of them touches pyplot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from needle_sim.errors import InputError
from needle_sim.views import canvas
from needle_sim.views.fluoroscopy import Overlay, draw_radiograph
from needle_sim.views.heating import draw_heat, draw_lesion, lesion_plane
from needle_sim.views.scorecard import draw_score
from needle_sim.views.slices import Plane, draw_ct
from needle_sim.views.sonography import draw_sonogram, sonogram_figure

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.anatomy.target import Target
    from needle_sim.imaging.ultrasound.sonogram import Sonogram
    from needle_sim.imaging.xray.cine import Cine
    from needle_sim.imaging.xray.exposure import Radiograph
    from needle_sim.imaging.xray.sequence import ContrastRun
    from needle_sim.planning.planner import Plan
    from needle_sim.rehearsal.run import Run
    from needle_sim.rehearsal.scoring import Score
    from needle_sim.rehearsal.suite import View
    from needle_sim.studies.result import StudyResult
    from needle_sim.thermal.history import HeatHistory
    from needle_sim.thermal.lesion import Lesion
    from needle_sim.volume.volume import Volume

__all__ = [
    "Overlay",
    "Plane",
    "draw",
    "draw_ct",
    "draw_heat",
    "draw_lesion",
    "draw_radiograph",
    "draw_score",
    "draw_sonogram",
    "lesion_plane",
    "picture",
]


def draw(noun: Any, **settings: Any) -> Axes | Figure:
    """The picture of a noun: Axes for one panel, a Figure for several.

    ``settings`` go to the verb that draws it; ``ax`` draws a one-panel picture into given Axes.

    Raises
    ------
    InputError
        There is no picture of this kind of thing.
    """
    for kind in type(noun).__mro__:
        if kind.__name__ in _PICTURES:
            return _PICTURES[kind.__name__](noun, **settings)
    raise InputError(
        f"there is no picture of a {type(noun).__name__}; there are of {', '.join(_PICTURES)}"
    )


def picture(noun: Any) -> bytes:
    """The same as PNG, what a notebook shows."""
    drawn = draw(noun)
    figure: Any = drawn.figure if isinstance(drawn, Axes) else drawn
    return canvas.png(figure)


def _radiograph(shot: Radiograph, *, ax: Axes | None = None, **settings: Any) -> Axes:
    rows, columns = shot.array.shape
    return draw_radiograph(_axes(ax, (700, round(787 * rows / columns))), shot, **settings)


def _contrast_run(run: ContrastRun, **settings: Any) -> Figure:
    from needle_sim.views.contrast import contrast_figure

    return contrast_figure(run, **settings)


def _cine(run: Cine, **settings: Any) -> Figure:
    from needle_sim.views.cine import cine_figure

    return cine_figure(run, **settings)


def _sonogram(shot: Sonogram, *, ax: Axes | None = None, **settings: Any) -> Axes:
    if ax is None:
        return sonogram_figure(shot, **settings).axes[0]
    return draw_sonogram(ax, shot, **settings)


def _view(view: View, *, ax: Axes | None = None, **settings: Any) -> Axes:
    return _radiograph(view.radiograph, ax=ax, **{"title": view.title, **settings})


def _score(score: Score, *, ax: Axes | None = None, **settings: Any) -> Axes:
    return draw_score(_axes(ax, (520, 700), colour="white"), score, **settings)


def _volume(volume: Volume, *, at_mm: Any = None, **settings: Any) -> Figure:
    """Three slices through a point, the volume's middle by default."""
    at = volume.centre_mm if at_mm is None else np.asarray(at_mm, dtype=np.float64)
    low, high = volume.corners_mm()
    if volume.quantity != "hu" and "window" not in settings:
        least, most = float(volume.array.min()), float(volume.array.max())
        settings["window"] = (max(most - least, 1.0), (most + least) / 2)
    wide, deep, tall = high - low
    sizes = ((wide, deep), (deep, tall), (wide, tall))
    makers = (Plane.axial, Plane.sagittal, Plane.coronal)
    figure = canvas.sheet(1500, 500, colour=canvas.SCREEN)
    middle = (low + high) / 2
    free = {"axial": (0, 1), "sagittal": (1, 2), "coronal": (0, 2)}
    for n, (make, size) in enumerate(zip(makers, sizes, strict=True)):
        centre = at.copy()
        for axis in free[make.__name__]:
            centre[axis] = middle[axis]
        side = max(size)
        ax = canvas.panel(figure, (n / 3, 0, 1 / 3, 1), colour=canvas.SCREEN)
        draw_ct(ax, volume, make(centre, size_mm=(side, side)), step_mm=side / 500, **settings)
    return figure


def _anatomy(anatomy: Anatomy, **settings: Any) -> Figure:
    return _volume(anatomy.ct, **{"structures": dict(anatomy.structures), **settings})


def _target(target: Target, *, anatomy: Anatomy, **settings: Any) -> Figure:
    """Three slices through a target; which patient it lies in must be said."""
    settings = {"nerve_mm": target.nerve_mm, "at_mm": target.centre_mm, **settings}
    return _anatomy(anatomy, **settings)


def _plan(plan: Plan, *, anatomy: Anatomy, ax: Axes | None = None, **settings: Any) -> Axes:
    """The CT upright along the best needle; which patient it lies in must be said."""
    structures = {n: s for n, s in anatomy.structures.items() if s.kind != "medial_branch"}
    plane = Plane.along(plan.placed)
    settings = {
        "needle": plan.placed,
        "nerve_mm": plan.target.nerve_mm,
        "structures": structures,
        **settings,
    }
    return draw_ct(_axes(ax, (700, 700)), anatomy.ct, plane, **settings)


def _lesion(lesion: Lesion, **settings: Any) -> Figure:
    """Along and across the needle; ``anatomy`` and ``nerve_mm`` add what lies around."""
    figure = canvas.sheet(1350, 560)
    for view, box in (("along", (0.01, 0.02, 0.59, 0.9)), ("across", (0.62, 0.02, 0.37, 0.9))):
        plane = lesion_plane(lesion.history, view, nerve_mm=settings.get("nerve_mm"))  # type: ignore[arg-type]
        ax = draw_lesion(canvas.panel(figure, box), lesion.history, plane, **settings)
        canvas.write(ax, 0.0, 1.02, plane.title, share=0.04, fontweight="bold")
        canvas.scale_bar(ax, 5.0, colour=canvas.LIGHT.ink)
    return figure


def _history(history: HeatHistory, **settings: Any) -> Figure:
    from needle_sim.views.pictures import curves

    return curves(history, **settings)


def _run(run: Run) -> Figure:
    from needle_sim.views.overview import overview_figure

    return overview_figure(run)


def _study(result: StudyResult, *, ax: Axes | None = None, **settings: Any) -> Axes:
    from needle_sim.views.study import draw_study

    if ax is None:
        ax = canvas.panel(canvas.sheet(1000, 640), (0.08, 0.11, 0.89, 0.78))
    return draw_study(ax, result, **settings)


def _axes(ax: Axes | None, size_px: tuple[int, int], *, colour: str = canvas.SCREEN) -> Axes:
    if ax is not None:
        return ax
    return canvas.panel(canvas.sheet(*size_px, colour=colour), (0, 0, 1, 1), colour=colour)


_PICTURES: dict[str, Callable[..., Axes | Figure]] = {
    "Radiograph": _radiograph,
    "ContrastRun": _contrast_run,
    "Cine": _cine,
    "Sonogram": _sonogram,
    "View": _view,
    "Volume": _volume,
    "Anatomy": _anatomy,
    "Target": _target,
    "Plan": _plan,
    "HeatHistory": _history,
    "Lesion": _lesion,
    "Score": _score,
    "Run": _run,
    "StudyResult": _study,
}
