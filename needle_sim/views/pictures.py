"""The pictures of a run, each a PNG with a fixed name; the same run gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from needle_sim.errors import InputError
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.history import HeatHistory
from needle_sim.views import canvas
from needle_sim.views.canvas import Paper
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.heating import (
    BAND,
    INSIDE,
    OUTSIDE,
    SHAFT,
    SURE,
    HeatSlice,
    draw_heat,
    draw_lesion,
    lesion_plane,
)
from needle_sim.views.scorecard import draw_score
from needle_sim.views.slices import Outlined, Plane, draw_ct
from needle_sim.views.wording import NOT_CLINICAL, headline, patient_of

_BONE_WINDOW = (1100.0, 250.0)  # width and centre, HU: where bone is what matters


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
    """PNG bytes by file name: each view, CT slices, lesion and heat if any, overview."""
    drawn = {f"view_{view.name}.png": canvas.png(view_figure(view)) for view in run.views}
    makers: list[tuple[str, Callable[[Run], Figure]]] = [("ct_axial.png", axial_figure)]
    if run.plan is not None:
        makers.append(("ct_along_needle.png", along_figure))
    if run.history is not None and run.lesion is not None:
        makers += [("lesion.png", lesion_figure), ("heat.png", heat_figure)]
    makers.append(("overview.png", overview_figure))
    return {**drawn, **{name: canvas.png(make(run)) for name, make in makers}}


def view_figure(view: View) -> Figure:
    """One fluoroscopy picture on black."""
    rows, columns = view.radiograph.array.shape
    width = 900
    figure = canvas.sheet(width, round(width * rows / columns * 1.124), colour=canvas.SCREEN)
    ax = canvas.panel(figure, (0, 0, 1, 1), colour=canvas.SCREEN)
    draw_radiograph(ax, view.radiograph, title=view.title)
    return figure


def axial_figure(run: Run) -> Figure:
    """The axial CT slice through the target."""
    return _slice_figure(run, _axial(run, (150.0, 150.0)))


def along_figure(run: Run) -> Figure:
    """The CT cut upright along the needle."""
    if run.plan is None:
        raise InputError("this run has no plan, so there is no slice along a needle")
    return _slice_figure(run, Plane.along(run.plan.placed))


def _slice_figure(run: Run, plane: Plane) -> Figure:
    """A slice with its title above and what the colours mean below."""
    figure = canvas.sheet(900, 1012, colour=canvas.SCREEN)
    band = 56 / 1012
    _draw_slice(figure, (0, band, 1, 1 - 2 * band), run, plane)
    words: canvas.Style = {"color": canvas.SCREEN_TEXT, "va": "center", "share": 0.6}
    top = canvas.blank(canvas.panel(figure, (0, 1 - band, 1, band)))
    canvas.write(top, 0.015, 0.5, plane.title, fontweight="bold", **words)
    hazards = {one.kind for one in run.anatomy.structures.values()}
    known = {"dura": ("dura", canvas.DURA), "root": ("roots", canvas.ROOT)}
    entries = [pair for kind, pair in known.items() if kind in hazards]
    if "vessel" in hazards:
        entries.append(("vessels", canvas.VESSEL))
    if run.target.nerve_mm is not None:
        entries.insert(0, ("target nerve", canvas.NERVE))
    if run.plan is not None:
        entries = [("needle", canvas.NEEDLE), ("active tip", canvas.ACTIVE), *entries]
    if run.history is not None:
        entries.append(("lesion (dashed: 50 °C)", canvas.LESION))
    low = canvas.blank(canvas.panel(figure, (0, 0, 1, band)))
    return canvas.coloured_words(low, entries, share=0.42).figure  # type: ignore[return-value]


def _axial(run: Run, size_mm: tuple[float, float]) -> Plane:
    """Through the middle of the active tip, or through the target where nothing was planned."""
    at = run.target.centre_mm
    if run.plan is not None:
        at = run.plan.placed.active_mm.mean(axis=0)
    return Plane.axial(at, size_mm=size_mm)


def _draw_slice(
    figure: Figure, box: tuple[float, float, float, float], run: Run, plane: Plane
) -> None:
    ax = canvas.panel(figure, box, colour=canvas.SCREEN)
    outlined: tuple[Outlined, ...] = ()
    if run.history is not None:
        around = run.target.centre_mm
        middle = around - plane.off_mm(around) * plane.normal
        near = Plane(middle, plane.right, plane.down, (40.0, 40.0))
        outlined = HeatSlice.cut(run.history, near, step_mm=0.3).outlined(plane)
    hazards = {
        name: one for name, one in run.anatomy.structures.items() if one.kind != "medial_branch"
    }
    draw_ct(
        ax,
        run.anatomy.ct,
        plane,
        window=_BONE_WINDOW,
        needle=None if run.plan is None else run.plan.placed,
        structures=hazards,
        nerve_mm=run.target.nerve_mm,
        outlined=outlined,
    )


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


def overview_figure(run: Run) -> Figure:
    """One strip, 2400 x 600: CT, three views, the lesion on the nerve, the score."""
    paper = canvas.DARK
    figure = canvas.sheet(2400, 600, colour=paper.ground)
    gap, low, high = 8 / 2400, 42 / 600, 548 / 600
    width = (1 - 7 * gap) / 6
    boxes = [(gap + n * (width + gap), low, width, high) for n in range(6)]
    tall = (600 * high) / (2400 * width)
    _draw_slices(figure, boxes[0], run, tall)
    views = [view for view in run.views if view.name != "barrel"][:3]
    for view, box in zip(views, boxes[1:4], strict=False):
        ax = canvas.panel(figure, box, colour=canvas.SCREEN)
        draw_radiograph(ax, view.radiograph, title=view.title, zoom=1.5, tall=tall / 1.124)
    _draw_middle(figure, boxes[4], run, tall, paper)
    head, _ = headline(run)
    ax = canvas.panel(figure, boxes[5], colour=paper.ground)
    draw_score(ax, run.score, paper=paper, words="" if run.score.total is not None else head)
    whole = canvas.panel(figure, (0, 0, 1, low), colour=paper.ground)
    canvas.blank(whole, colour=paper.ground)
    words = f"{run.procedure.title}: {run.in_words}. {patient_of(run)}, seed {run.seed}."
    line: canvas.Style = {"share": 0.4, "va": "center"}
    canvas.write(whole, gap * 1.5, 0.48, words, color=paper.ink, ha="left", **line)
    canvas.write(whole, 1 - gap * 1.5, 0.48, NOT_CLINICAL, color=paper.faint, ha="right", **line)
    return figure


def _draw_slices(
    figure: Figure, box: tuple[float, float, float, float], run: Run, tall: float
) -> None:
    """The axial slice and the one along the needle, one above the other."""
    left, low, width, high = box
    if run.plan is None:
        _draw_slice(figure, box, run, _axial(run, (100.0, 100.0 * tall)))
        return
    half = high / 2 - 0.004
    shape = tall * half / high
    upper = _axial(run, (120.0, 120.0 * shape))
    along = Plane.along(run.plan.placed)
    wide = max(along.size_mm[0] - 20.0, 110.0)
    lower = replace(along, size_mm=(wide, wide * shape))
    _draw_slice(figure, (left, low + half + 0.008, width, half), run, upper)
    _draw_slice(figure, (left, low, width, half), run, lower)


def _draw_middle(
    figure: Figure,
    box: tuple[float, float, float, float],
    run: Run,
    tall: float,
    paper: Paper,
) -> None:
    """The lesion along and across, one above the other; without one, what blocks."""
    left, low, width, high = box
    if run.history is None:
        ax = canvas.blank(canvas.panel(figure, box, colour=paper.ground), colour=paper.ground)
        ax.add_patch(Rectangle((0, 0), 1, 1, transform=ax.transAxes, color=canvas.SCREEN))
        canvas.write(ax, 0.5, 0.5, "nothing was heated", color=paper.faint, ha="center")
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
