"""The drawn lesion is the computed one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from needle_sim.views import canvas
from needle_sim.views.heating import (
    INSIDE,
    OUTSIDE,
    HeatSlice,
    draw_heat,
    draw_lesion,
    lesion_plane,
    margin_at,
)


def panel() -> canvas.Axes:
    """Axes on a sheet of their own."""
    return canvas.panel(canvas.sheet(400, 300), (0, 0, 1, 1))


def radius_at(celsius: float) -> float:
    """Where the fixture's field 37 + 43 (0.635 / r)^0.8 reaches a temperature."""
    return float(brentq(lambda r: 37 + 43 * (0.635 / r) ** 0.8 - celsius, 0.635, 12.0))


@pytest.mark.parametrize("view", ["along", "across"])
def test_a_slice_of_heat_reads_the_field(run, view):
    plane = lesion_plane(run.history, view, nerve_mm=run.target.nerve_mm)
    cut = HeatSlice.cut(run.history, plane)
    if view == "across":  # rings about the axis
        r = np.hypot(cut.x_mm[None, :], cut.y_mm[:, None])
        ring = (r > 1.5) & (r < 6)
        expected = 37 + 43 * (0.635 / r[ring]) ** 0.8
        assert cut.peak_c[ring] == pytest.approx(expected, abs=1.2)
    else:
        middle = cut.peak_c[:, len(cut.x_mm) // 2]
        assert cut.y_mm[middle > 50].max() == pytest.approx(radius_at(50.0), abs=0.2)


def test_the_solid_line_is_the_conservative_boundary_and_inside_50_degrees(run):
    plane = lesion_plane(run.history, "across", nerve_mm=run.target.nerve_mm)
    cut = HeatSlice.cut(run.history, plane)
    sure, warm = cut.margin > 0, cut.peak_c > 50
    assert sure.any()
    assert (warm | ~sure).all()
    assert (warm & ~sure).any()  # a band is left over
    radius = np.hypot(cut.x_mm[None, :], cut.y_mm[:, None])
    assert radius[sure].max() == pytest.approx(
        run.lesion.extents["conservative"].width_mm / 2, abs=0.2
    )


def test_the_needle_comes_from_the_left_and_the_nerve_lies_above(run):
    placed, nerve = run.plan.placed, run.target.nerve_mm
    along = lesion_plane(run.history, "along", nerve_mm=nerve)
    hub, tip = along.flat_mm(np.stack([placed.hub_mm, placed.trajectory.tip_mm]))
    assert hub[0] < tip[0]
    assert hub[1] == pytest.approx(tip[1], abs=1e-6)
    assert along.flat_mm(nerve.mean(axis=0))[1] < tip[1]
    across = lesion_plane(run.history, "across", nerve_mm=nerve)
    assert across.normal @ placed.trajectory.axis == pytest.approx(1.0)  # seen from the hub
    assert across.flat_mm(nerve.mean(axis=0))[1] < 0


def test_a_nerve_on_the_axis_still_gives_a_picture(run):
    placed = run.plan.placed
    plane = lesion_plane(run.history, "along", nerve_mm=placed.active_mm)
    assert plane.right == pytest.approx(placed.trajectory.axis)


def test_the_nerve_is_solid_exactly_where_it_is_covered(run):
    plane = lesion_plane(run.history, "along", nerve_mm=run.target.nerve_mm)
    near = run.target.nerve_mm - 0.8 * (run.target.nerve_mm[0] - run.plan.placed.active_mm[0])
    ax = draw_lesion(panel(), run.history, plane, anatomy=run.anatomy, nerve_mm=near)
    lines = {line.get_color(): np.stack(line.get_data(), axis=-1) for line in ax.lines}
    covered = np.isfinite(lines[INSIDE][:, 0])
    assert (covered != np.isfinite(lines[OUTSIDE][:, 0])).all()
    fine = near[0] + np.linspace(0, 1, len(covered))[:, None] * (near[1] - near[0])
    inside = margin_at(run.history, fine) > 0
    assert abs(int(covered.sum()) - int(inside.sum())) <= 1


def test_isotherms_are_named_by_their_temperature(run):
    plane = lesion_plane(run.history, "across", nerve_mm=run.target.nerve_mm)
    ax = draw_lesion(panel(), run.history, plane)
    names = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert list(names) == ["45°", "50°", "60°", "70°"]
    for name, y in names.items():
        assert y == pytest.approx(radius_at(float(name[:-1])), abs=0.35)


@pytest.mark.parametrize(
    ("what", "field"),
    [("temperature", "sensor_c"), ("power", "power_w"), ("impedance", "impedance_ohm")],
)
def test_curves_show_the_history(run, what, field):
    ax = draw_heat(panel(), run.history, what)
    curves = [line.get_ydata() for line in ax.lines]
    assert any(np.array_equal(one, getattr(run.history, field)) for one in curves)
    assert ax.get_xlim() == (0.0, run.history.time_s[-1])
