"""The pictures of a run, each a PNG with a fixed name; the same run gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from needle_sim.errors import InputError
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.history import HeatHistory
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.contrast import contrast_figure
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.heating import (
    BAND,
    INSIDE,
    OUTSIDE,
    SHAFT,
    SURE,
    draw_heat,
    draw_lesion,
    lesion_plane,
)
from needle_sim.views.overview import overview_figure, with_depth
from needle_sim.views.slice_figures import along_figure, axial_figure
from needle_sim.views.sonography import sonogram_figure
from needle_sim.views.timeline import timeline_figure

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram


def save_pictures(
    run: Run, folder: Path, *, drawn: Mapping[str, bytes] | None = None
) -> tuple[Path, ...]:
    """Write the pictures of `pictures` into a folder that exists, and return their paths.

    ``drawn`` takes them ready, so that they are drawn once for files and report.
    """
    paths = []
    for name, data in (pictures(run) if drawn is None else drawn).items():
        path = folder / name
        path.write_bytes(data)
        paths.append(path)
    return tuple(paths)


def pictures(run: Run) -> dict[str, bytes]:
    """PNG bytes by file name: views, contrast, sonogram, CT slices, steps, heat, overview."""
    makers: list[tuple[str, Callable[[], Figure]]] = [
        (f"view_{view.name}.png", partial(view_figure, view)) for view in run.views
    ]
    for number, shot in enumerate(run.shots, start=1):
        if shot.run is not None:
            makers.append((f"contrast_{number}.png", partial(contrast_figure, shot.run)))
    if run.sonogram is not None:
        makers.append(("sonogram.png", partial(needle_sonogram, run.sonogram)))
    makers.append(("ct_axial.png", partial(axial_figure, run)))
    if run.placed is not None:
        makers.append(("ct_along_needle.png", partial(along_figure, run)))
    if run.record.events:
        makers.append(("steps.png", partial(steps_figure, run)))
    if run.history is not None and run.lesion is not None:
        makers += [("lesion.png", partial(lesion_figure, run)),
                   ("heat.png", partial(heat_figure, run))]  # fmt: skip
    makers.append(("overview.png", partial(overview_figure, run)))
    return {name: canvas.png(make()) for name, make in makers}


def view_figure(view: View) -> Figure:
    """One fluoroscopy picture on black, with how deep the needle was in its title."""
    rows, columns = view.radiograph.array.shape
    width = 900
    figure = canvas.sheet(width, round(width * rows / columns * 1.124), colour=canvas.SCREEN)
    ax = canvas.panel(figure, (0, 0, 1, 1), colour=canvas.SCREEN)
    draw_radiograph(ax, view.radiograph, title=with_depth(view))
    return figure


def needle_sonogram(sonogram: Sonogram) -> Figure:
    """The needle in the plane of the probe, its true place between dashes."""
    return sonogram_figure(sonogram, title="Needle in plane", needles=True)


def steps_figure(run: Run) -> Figure:
    """What was done over time and depth."""
    danger = run.procedure.danger
    titles = {one.name: one.title.lower() for one in run.procedure.views}
    why = "" if danger is None else f"from here on only after the {titles[danger.view]} view"
    return timeline_figure(run.record, why=why)


def lesion_figure(run: Run, *, paper: Paper = canvas.LIGHT) -> Figure:
    """The lesion along and across the needle, with what the lines mean."""
    if run.history is None:
        raise InputError("this run heated nothing, so there is no lesion")
    figure = canvas.sheet(1600, 820, colour=paper.ground)
    nerve = run.target.nerve_mm
    high = 0.74
    for view, left, width in (("along", 0.012, 0.58), ("across", 0.607, 0.38)):
        plane = lesion_plane(run.history, view, nerve_mm=nerve)  # type: ignore[arg-type]
        ax = canvas.panel(figure, (left, 0.19, width, high), colour=paper.ground)
        draw_lesion(ax, run.history, plane, anatomy=run.anatomy, nerve_mm=nerve, paper=paper)
        canvas.write(ax, 0.0, 1.02, plane.title, share=0.038, color=paper.ink, fontweight="bold")
        canvas.scale_bar(ax, 5.0, colour=paper.ink)
    canvas.legend(
        canvas.panel(figure, (0.02, 0.01, 0.96, 0.16), colour=paper.ground),
        (
            (
                "line",
                SURE,
                "conservative boundary: 60 °C, CEM43 240 min and Arrhenius (scored)",
            ),
            ("band", BAND, "out to 50 °C: uncertain, not counted as covered"),
            ("line", INSIDE, "target nerve inside the boundary (projected)"),
            ("dots", OUTSIDE, "target nerve outside"),
            ("box", canvas.ACTIVE, "active tip"),
            ("box", SHAFT, "insulated shaft"),
            ("box", "#ddd3c0", "bone"),
        ),
        paper=paper,
    )
    return figure


def heat_figure(run: Run) -> Figure:
    """Temperature, power and impedance over time."""
    if run.history is None:
        raise InputError("this run heated nothing, so there are no curves")
    return curves(run.history)


def curves(history: HeatHistory, *, paper: Paper = canvas.LIGHT) -> Figure:
    """The generator's three curves, one above the other."""
    figure = canvas.sheet(1200, 760, colour=paper.ground)
    boxes = (("temperature", 0.60, 0.365), ("power", 0.345, 0.2), ("impedance", 0.085, 0.2))
    for what, low, high in boxes:
        ax = canvas.panel(figure, (0.075, low, 0.905, high), colour=paper.ground)
        draw_heat(ax, history, what, paper=paper)  # type: ignore[arg-type]
        ax.yaxis.set_label_coords(-0.048, 0.5)
        if what != "impedance":
            ax.tick_params(labelbottom=False)
    return figure
