"""The strip of a run: one picture that tells it from patient to score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.heating import draw_lesion, lesion_plane
from needle_sim.views.scorecard import draw_score
from needle_sim.views.slice_figures import axial_plane, draw_run_slice
from needle_sim.views.slices import Plane
from needle_sim.views.sonography import draw_sonogram
from needle_sim.views.timeline import draw_timeline
from needle_sim.views.wording import NOT_CLINICAL, headline, patient_of

Box = tuple[float, float, float, float]
_ZOOM = 1.5


def overview_figure(run: Run) -> Figure:
    """One strip, 2400 x 600: CT, pictures, lesion on the nerve or contrast and sonogram, score."""
    paper = canvas.DARK
    figure = canvas.sheet(2400, 600, colour=paper.ground)
    gap, low, high = 8 / 2400, 42 / 600, 548 / 600
    width = (1 - 7 * gap) / 6
    boxes: list[Box] = [(gap + n * (width + gap), low, width, high) for n in range(6)]
    tall = (600 * high) / (2400 * width)
    _draw_slices(figure, boxes[0], run, tall)
    if run.shots:
        _draw_injection(figure, boxes[1:5], run, tall, paper)
    else:
        for view, box in zip(last_views(run), boxes[1:4], strict=False):
            _draw_view(figure, box, view, tall)
        _draw_lesion(figure, boxes[4], run, tall, paper)
    head, _ = headline(run)
    ax = canvas.panel(figure, boxes[5], colour=paper.ground)
    words = "" if run.score.outcome == "completed" and run.score.total is not None else head
    draw_score(ax, run.score, paper=paper, words=words, limits=False)
    _footer(figure, run, (0, 0, 1, low), gap, paper)
    return figure


def last_views(run: Run) -> list[View]:
    """The last picture of each view of the recipe, in its order."""
    names = [one.name for one in run.procedure.views]
    found = {base_name(view, names): view for view in run.views}
    return [found[name] for name in names if name in found]


def base_name(view: View, names: Sequence[str]) -> str:
    """The recipe's name of a view: a second ``"lateral"`` is called ``"lateral_2"``."""
    return view.name if view.name in names else view.name.rpartition("_")[0]


def _draw_view(figure: Figure, box: Box, view: View, tall: float, title: str = "") -> None:
    ax = canvas.panel(figure, box, colour=canvas.SCREEN)
    shown: canvas.Style = {"zoom": _ZOOM, "tall": tall / 1.124}
    draw_radiograph(ax, view.radiograph, title=title or view.title, **shown)


def _draw_injection(figure: Figure, boxes: list[Box], run: Run, tall: float, paper: Paper) -> None:
    """The view of the depth, the deepest other one, contrast, sonogram over the timeline."""
    names = [one.name for one in run.procedure.views]
    danger = run.procedure.danger.view if run.procedure.danger else None

    def rank(view: View) -> tuple[bool, float]:
        return base_name(view, names) != danger, -(view.depth_mm or 0.0)

    for view, box in zip(sorted(last_views(run), key=rank)[:2], boxes, strict=False):
        _draw_view(figure, box, view, tall, with_depth(view))
    shot = run.shots[-1]
    ax = canvas.blank(canvas.panel(figure, boxes[2], colour=canvas.SCREEN))
    if shot.run is not None:
        frame, seconds = shot.run.frames[-1], shot.run.times_s[-1]
        title = f"Contrast, {_MODES[shot.mode]}, {seconds:.0f} s"
        draw_radiograph(ax, frame, title=title, zoom=_ZOOM, tall=tall / 1.124)
    left, low, width, high = boxes[3]
    half = high / 2 - 0.004
    upper = (left, low + half + 0.008, width, half)
    ax = canvas.blank(canvas.panel(figure, upper, colour=canvas.SCREEN))
    if run.sonogram is None:
        canvas.write(ax, 0.5, 0.5, "no sonogram", color=paper.faint, ha="center")
    else:
        draw_sonogram(ax, run.sonogram)
    lower = (left + 0.12 * width, low + 0.085, 0.86 * width, half - 0.1)
    draw_timeline(canvas.panel(figure, lower), run.record, paper=paper, size=8.0)


_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}


def with_depth(view: View) -> str:
    """A view's title and how deep the needle was."""
    return view.title if view.depth_mm is None else f"{view.title} at {view.depth_mm:.0f} mm"


def _draw_slices(figure: Figure, box: Box, run: Run, tall: float) -> None:
    """The axial slice and the one along the needle, one above the other."""
    left, low, width, high = box
    placed = run.placed
    if placed is None:
        draw_run_slice(figure, box, run, axial_plane(run, (100.0, 100.0 * tall)))
        return
    half = high / 2 - 0.004
    shape = tall * half / high
    upper = axial_plane(run, (120.0, 120.0 * shape))
    along = Plane.along(placed)
    wide = max(along.size_mm[0] - 20.0, 110.0)
    lower = replace(along, size_mm=(wide, wide * shape))
    draw_run_slice(figure, (left, low + half + 0.008, width, half), run, upper)
    draw_run_slice(figure, (left, low, width, half), run, lower)


def _draw_lesion(figure: Figure, box: Box, run: Run, tall: float, paper: Paper) -> None:
    """The lesion along and across, one above the other; an empty screen without one."""
    left, low, width, high = box
    if run.history is None:
        ax = canvas.blank(canvas.panel(figure, box, colour=paper.ground), colour=paper.ground)
        ax.add_patch(Rectangle((0, 0), 1, 1, transform=ax.transAxes, color=canvas.SCREEN))
        words = "nothing was heated" if run.procedure.protocol else "nothing was injected"
        canvas.write(ax, 0.5, 0.5, words, color=paper.faint, ha="center")
        return
    nerve = run.target.nerve_mm
    half = high / 2 - 0.004
    side = 20.0
    for view, at in (("along", low + half + 0.008), ("across", low)):
        size = (side, side * tall * half / high)
        plane = lesion_plane(run.history, view, nerve_mm=nerve, size_mm=size)  # type: ignore[arg-type]
        ax = canvas.panel(figure, (left, at, width, half), colour=paper.ground)
        draw_lesion(ax, run.history, plane, anatomy=run.anatomy, nerve_mm=nerve, paper=paper)
        canvas.write(ax, 0.02, 0.93, plane.title, share=0.055, color=paper.ink, fontweight="bold")
        canvas.scale_bar(ax, 5.0, colour=paper.ink)


def _footer(figure: Figure, run: Run, box: Box, gap: float, paper: Paper) -> None:
    whole = canvas.blank(canvas.panel(figure, box, colour=paper.ground), colour=paper.ground)
    words = f"{run.procedure.title}: {run.in_words}. {patient_of(run)}, seed {run.seed}."
    share = 0.4 * min(1.0, 150 / len(words))
    line: canvas.Style = {"va": "center"}
    canvas.write(whole, gap * 1.5, 0.48, words, color=paper.ink, ha="left", share=share, **line)
    end = 1 - gap * 1.5
    canvas.write(whole, end, 0.48, NOT_CLINICAL, color=paper.faint, ha="right", share=0.4, **line)
