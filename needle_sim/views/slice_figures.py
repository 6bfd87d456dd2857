"""CT slices of a run: needle, hazards, what was aimed at, lesion or contrast."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from needle_sim.anatomy.anatomy import Space
from needle_sim.errors import InputError
from needle_sim.rehearsal.run import Run
from needle_sim.views import canvas
from needle_sim.views.heating import HeatSlice
from needle_sim.views.overlays import CONTRAST, outline_spaces, tint_contrast
from needle_sim.views.slices import Outlined, Plane, draw_ct
from needle_sim.volume.volume import Volume

_BONE_WINDOW = (1100.0, 250.0)  # width and centre, HU: where bone is what matters


def axial_figure(run: Run) -> Figure:
    """The axial CT slice through the target."""
    return _slice_figure(run, axial_plane(run, (150.0, 150.0)))


def along_figure(run: Run) -> Figure:
    """The CT cut upright along the needle."""
    placed = run.placed
    if placed is None:
        raise InputError("this run has no needle, so there is no slice along one")
    return _slice_figure(run, Plane.along(placed))


def axial_plane(run: Run, size_mm: tuple[float, float]) -> Plane:
    """Through the active tip's middle or the tip; through the target where there is no needle."""
    placed = run.placed
    at = run.target.centre_mm if placed is None else placed.active_mm.mean(axis=0)
    return Plane.axial(at, size_mm=size_mm)


def draw_run_slice(
    figure: Figure, box: Sequence[float], run: Run, plane: Plane, *, step_mm: float = 0.35
) -> None:
    """Draw a slice of a run's patient into a box (left, bottom, width, height) of a figure."""
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
        needle=run.placed,
        structures=hazards,
        nerve_mm=run.target.nerve_mm,
        outlined=outlined,
        step_mm=step_mm,
    )
    outline_spaces(ax, plane, meant(run))
    found = contrast_at_end(run)
    if found is not None:
        tint_contrast(ax, plane, found)


def meant(run: Run) -> tuple[Space, ...]:
    """The spaces in which the tip is meant to lie."""
    return tuple(
        run.anatomy.spaces[name] for name in run.target.within if name in run.anatomy.spaces
    )


def contrast_at_end(run: Run) -> Volume | None:
    """Iodine, mg/mL, at the end of the last injection of contrast; None without one."""
    if not run.shots:
        return None
    last = run.shots[-1].spread
    return last.at(last.duration_s)


def _slice_figure(run: Run, plane: Plane) -> Figure:
    """A slice with its title above and what the colours mean below."""
    figure = canvas.sheet(900, 1012, colour=canvas.SCREEN)
    band = 56 / 1012
    draw_run_slice(figure, (0, band, 1, 1 - 2 * band), run, plane)
    words: canvas.Style = {"color": canvas.SCREEN_TEXT, "va": "center", "share": 0.6}
    top = canvas.blank(canvas.panel(figure, (0, 1 - band, 1, band)))
    canvas.write(top, 0.015, 0.5, plane.title, fontweight="bold", **words)
    low = canvas.blank(canvas.panel(figure, (0, 0, 1, band)))
    return canvas.coloured_words(low, _entries(run), share=0.42).figure  # type: ignore[return-value]


def _entries(run: Run) -> list[tuple[str, str]]:
    """What the colours of a slice mean."""
    entries = []
    if run.placed is not None:
        entries.append(("needle", canvas.NEEDLE))
        if run.placed.needle.active_tip_mm:
            entries.append(("active tip", canvas.ACTIVE))
    if run.target.nerve_mm is not None:
        entries.append(("target nerve", canvas.NERVE))
    elif meant(run):
        entries.append(("target space (dotted)", canvas.NERVE))
    if run.shots:
        entries.append(("contrast", CONTRAST))
    hazards = {one.kind for one in run.anatomy.structures.values()}
    known = {
        "dura": ("dura", canvas.DURA),
        "root": ("roots", canvas.ROOT),
        "vessel": ("vessels", canvas.VESSEL),
    }
    entries += [pair for kind, pair in known.items() if kind in hazards]
    if run.history is not None:
        entries.append(("lesion (dashed: 50 °C)", canvas.LESION))
    return entries
