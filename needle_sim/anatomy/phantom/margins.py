"""Room between the parts of a spine in closed form: many spines at once, in the median plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.phantom.sizes import MAY_BE_ZERO, SIGNED

_Rows = NDArray[np.float64]
_Point = tuple[_Rows, _Rows]  # posterior and cranial (n, levels)
_SAMPLES = 9  # places along a spinous process
_ABOVE_BELOW = slice(None, -1), slice(1, None)  # of each pair of neighbours


class Margin(NamedTuple):
    """What must not be less than ``least``: value (n, K) at K places, with their names."""

    name: str
    places: tuple[str, ...]
    value: _Rows
    least: float


def margins(
    levels: tuple[str, ...],
    sizes: Mapping[str, _Rows],
    sacrum: Mapping[str, _Rows],
    trunk: Mapping[str, _Rows],
) -> Iterator[Margin]:
    """Every margin of spines whose sizes are given by field (n, levels), those of the sacrum
    and the trunk by key (n,).

    Bodies, discs, pedicles, canal, joints, laminae, spinous processes and foramina; what lies
    beside the median plane is judged by its distance from it.
    """
    bony = levels[:-1]
    above = {name: values[:, :-1] for name, values in sizes.items()}
    for name, value, least in (*_of_pedicles(above), *_of_canal(above, sacrum)):
        yield Margin(name, bony, value, least)
    pose = Pose.of(sizes, sacrum)
    pairs = tuple(f"{upper}-{lower}" for upper, lower in pairwise(levels))
    for name, value, least in (*_of_discs(sizes, pose), *_of_joints(sizes)):
        yield Margin(name, pairs, value, least)
    yield Margin("height of the foramen", pairs, _foramen_mm(sizes, pose), 7.0)
    yield Margin("inferior process behind the canal", pairs, _behind_canal_mm(sizes, pose), 0.5)
    yield Margin("inferior process over the arch below", pairs[:-1], _over_arch_mm(sizes), 0.1)
    yield Margin("gap between the laminae", pairs[:-1], _lamina_gap_mm(sizes, pose), 0.3)
    yield Margin("gap between the spinous processes", pairs[:-1], _spinous_gap_mm(sizes, pose), 0.3)
    under = (trunk["behind_spinous_mm"] - trunk["skin_mm"])[:, None]
    yield Margin("room under the skin behind them", ("trunk",), under, 0.5)


class Pose(NamedTuple):
    """Where the bodies lie in the median plane: tilt (rad), centre, all (n, levels)."""

    tilt: _Rows
    y: _Rows
    z: _Rows

    @classmethod
    def of(cls, sizes: Mapping[str, _Rows], sacrum: Mapping[str, _Rows]) -> Pose:
        """Stacked from the sacrum up, disc by disc, as `column` does; S1 is the origin."""
        height = 0.5 * (sizes["anterior_height_mm"] + sizes["posterior_height_mm"])
        tilt, y, z = np.empty_like(height), np.zeros_like(height), np.zeros_like(height)
        tilt[:, -1] = np.radians(sacrum["slope_deg"]) - np.arctan(_wedge(sizes)[:, -1])
        for n in range(height.shape[1] - 2, -1, -1):
            tilt[:, n] = tilt[:, n + 1] - np.radians(sizes["lordosis_above_deg"][:, n + 1])
            steps = (
                (0.5 * height[:, n + 1], tilt[:, n + 1]),
                (sizes["disc_above_mm"][:, n + 1], 0.5 * (tilt[:, n] + tilt[:, n + 1])),
                (0.5 * height[:, n], tilt[:, n]),
            )
            y[:, n] = y[:, n + 1] - sum(run * np.sin(angle) for run, angle in steps)
            z[:, n] = z[:, n + 1] + sum(run * np.cos(angle) for run, angle in steps)
            endplate = tilt[:, n + 1] + np.arctan(_wedge(sizes)[:, n + 1])
            y[:, n] -= sizes["slip_above_mm"][:, n + 1] * np.cos(endplate)
            z[:, n] -= sizes["slip_above_mm"][:, n + 1] * np.sin(endplate)
        return cls(tilt, y, z)

    def place(self, point: _Point) -> _Point:
        """Points of each body's own plane (n, levels) in the common one."""
        (back, up), sine, cosine = point, np.sin(self.tilt), np.cos(self.tilt)
        return self.y + back * cosine - up * sine, self.z + back * sine + up * cosine


def _wedge(sizes: Mapping[str, _Rows]) -> _Rows:
    depth = 0.5 * (sizes["upper_depth_mm"] + sizes["lower_depth_mm"])
    rise = 0.5 * (sizes["posterior_height_mm"] - sizes["anterior_height_mm"])
    return np.asarray(rise / depth)


def _back(sizes: Mapping[str, _Rows]) -> _Rows:
    return np.asarray(0.25 * (sizes["upper_depth_mm"] + sizes["lower_depth_mm"]))


def _height(sizes: Mapping[str, _Rows]) -> _Rows:
    return np.asarray(0.5 * (sizes["anterior_height_mm"] + sizes["posterior_height_mm"]))


def _of_pedicles(sizes: Mapping[str, _Rows]) -> Iterator[tuple[str, _Rows, float]]:
    width, half = sizes["pedicle_width_mm"], 0.5 * sizes["pedicle_height_mm"]
    rise, body = sizes["pedicle_rise_mm"], 0.5 * _height(sizes)
    yield "width of the pedicle", width, 2.5
    yield "height of the pedicle", 2.0 * half, 6.0
    inwards = np.tan(np.radians(sizes["pedicle_transverse_deg"]))
    yield "pedicle beside the canal", 0.5 * sizes["pedicle_length_mm"] * inwards, -1.5
    narrow = 0.6 * np.minimum(sizes["upper_width_mm"], sizes["lower_width_mm"])
    yield "pedicle on the body", narrow + width - sizes["canal_width_mm"], 0.1
    yield "notch under the pedicle", rise - half + body, 2.0
    yield "pedicle under the upper endplate", body + 6.0 - rise - half, 0.0
    process = body + sizes["facet_rise_mm"] - 0.5 * sizes["sap_height_mm"]
    yield "superior process beside the canal", _beside_canal(sizes), 1.0
    yield "superior process on the pedicle", rise + half - process, -3.0


def _beside_canal(sizes: Mapping[str, _Rows]) -> _Rows:
    """From the canal's wall, an ellipse, sideways to the middle of the superior process."""
    angle = np.radians(sizes["facet_angle_deg"])
    half = 0.5 * sizes["sap_thickness_mm"]
    y = (sizes["facet_setback_mm"] - half * np.sin(angle)) / (0.5 * sizes["canal_depth_mm"]) - 1.0
    wall = 0.5 * sizes["canal_width_mm"] * np.sqrt(np.maximum(1.0 - y * y, 0.0))
    return np.asarray(sizes["facet_spread_mm"] + half * np.cos(angle) - wall)


def _of_canal(
    sizes: Mapping[str, _Rows], sacrum: Mapping[str, _Rows]
) -> Iterator[tuple[str, _Rows, float]]:
    yield "depth of the canal", sizes["canal_depth_mm"], 8.0
    yield "width of the canal", sizes["canal_width_mm"], 12.0
    room = (sizes["canal_depth_mm"] - 3.6) / sacrum["sac_depth_mm"][:, None]
    yield "room of the sac (share of its depth)", room, 0.5
    lean = sizes["anterior_height_mm"] / sizes["posterior_height_mm"]
    yield "height of the body's front over its back", lean, 0.6
    yield "height of the body's back over its front", 1.0 / lean, 0.6


def _of_discs(sizes: Mapping[str, _Rows], pose: Pose) -> Iterator[tuple[str, _Rows, float]]:
    """Front and back of each disc, from the rims of its endplates."""
    slope, height = _wedge(sizes), _height(sizes)
    for name, sign in (("front", -1.0), ("back", 1.0)):
        rims = []
        for way, key in ((-1.0, "lower_depth_mm"), (1.0, "upper_depth_mm")):
            y = sign * 0.5 * sizes[key]
            rims.append(pose.place((y, way * (0.5 * height + slope * y))))
        tilt = 0.5 * (pose.tilt[:, :-1] + pose.tilt[:, 1:])
        away = (rims[0][0][:, :-1] - rims[1][0][:, 1:], rims[0][1][:, :-1] - rims[1][1][:, 1:])
        yield f"{name} of the disc", -np.sin(tilt) * away[0] + np.cos(tilt) * away[1], 1.0


def _of_joints(sizes: Mapping[str, _Rows]) -> Iterator[tuple[str, _Rows, float]]:
    """Inferior processes off the midline, superior ones behind the foramen; the worse side."""
    gap, thick = sizes["joint_gap_mm"][:, :-1], sizes["iap_thickness_mm"][:, :-1]
    off, before = [], []
    for sign in (1.0, -1.0):
        angle = np.radians(sizes["facet_angle_deg"] + sign * 0.5 * sizes["tropism_deg"])[:, 1:]
        across, along = np.cos(angle), np.abs(np.sin(angle))
        reach = (gap + thick) * across + 0.5 * sizes["iap_width_mm"][:, :-1] * along
        off.append(sizes["facet_spread_mm"][:, 1:] - reach)
        front = sizes["sap_thickness_mm"][:, 1:] * along
        front = front + 0.5 * sizes["sap_width_mm"][:, 1:] * np.abs(across)
        before.append(sizes["facet_setback_mm"][:, 1:] - front)
    yield "inferior processes off the midline", np.minimum(*off), 0.5
    yield "foramen before the joint", np.minimum(*before), 1.5


def _foramen_mm(sizes: Mapping[str, _Rows], pose: Pose) -> _Rows:
    """From the lower border of one pedicle to the upper border of the next."""
    back, half = _back(sizes), 0.5 * sizes["pedicle_height_mm"]
    back = back + 0.5 * sizes["pedicle_length_mm"]
    low = pose.place((back, sizes["pedicle_rise_mm"] - half))
    high = pose.place((back, sizes["pedicle_rise_mm"] + half))
    apart = np.hypot(low[0][:, :-1] - high[0][:, 1:], low[1][:, :-1] - high[1][:, 1:])
    return np.asarray(np.where(low[1][:, :-1] > high[1][:, 1:], apart, -apart))


def _behind_canal_mm(sizes: Mapping[str, _Rows], pose: Pose) -> _Rows:
    """From the wall of the upper one's canal, an ellipse, to the middle of the inferior process."""
    above, below = ({key: one[:, part] for key, one in sizes.items()} for part in _ABOVE_BELOW)
    facet = pose.place(
        (_back(sizes) + sizes["facet_setback_mm"], 0.5 * _height(sizes) + sizes["facet_rise_mm"])
    )
    y, z = (one[:, 1:] - at[:, :-1] for one, at in zip(facet, (pose.y, pose.z), strict=True))
    y = y * np.cos(pose.tilt[:, :-1]) + z * np.sin(pose.tilt[:, :-1])
    wide, deep = 0.5 * above["canal_width_mm"], 0.5 * above["canal_depth_mm"]
    tilt = np.radians(below["facet_tilt_deg"]) + pose.tilt[:, 1:] - pose.tilt[:, :-1]
    half, found = 0.5 * (above["joint_gap_mm"] + above["iap_thickness_mm"]), []
    for sign in (1.0, -1.0):
        angle = np.radians(below["facet_angle_deg"] + sign * 0.5 * below["tropism_deg"])
        x = below["facet_spread_mm"] - half * np.cos(angle)
        back = y + half * np.sin(angle) * np.cos(tilt) - _back(above) - deep
        found.append((np.hypot(x / wide, back / deep) - 1.0) * np.minimum(wide, deep))
    return np.minimum(*found)


def _over_arch_mm(sizes: Mapping[str, _Rows]) -> _Rows:
    """From the upper border of the arch beside its lamina up to the tip of the process above."""
    tip = 0.5 * _height(sizes)[:, 1:-1] + sizes["facet_rise_mm"][:, 1:-1]
    tip = tip - 0.5 * sizes["iap_height_mm"][:, :-2]
    arch = 1.0 - 0.45 * sizes["lamina_drop_mm"] + 0.4 * sizes["lamina_height_mm"]
    return np.asarray(tip - arch[:, 1:-1])


def _lamina_gap_mm(sizes: Mapping[str, _Rows], pose: Pose) -> _Rows:
    """Between the rounded ends of neighbouring laminae in the midline, S1 left out."""
    thick, slope = sizes["lamina_thickness_mm"], np.radians(sizes["lamina_slope_deg"])
    reach = 0.5 * (sizes["lamina_height_mm"] - thick)
    y = _back(sizes) + sizes["canal_depth_mm"] + sizes["arch_back_mm"] + 0.5 * thick
    ends = [
        pose.place(
            (
                y + way * reach * np.sin(slope),
                -sizes["lamina_drop_mm"] - way * reach * np.cos(slope),
            )
        )
        for way in (1.0, -1.0)
    ]
    low, high = (
        (one[0][:, part], one[1][:, part])
        for one, part in zip(ends, (slice(-2), slice(1, -1)), strict=True)
    )
    apart = np.hypot(low[0] - high[0], low[1] - high[1]) - 0.5 * (thick[:, :-2] + thick[:, 1:-1])
    return np.asarray(np.where(low[1] > high[1], apart, -np.abs(apart) - 0.1))


def _spinous_gap_mm(sizes: Mapping[str, _Rows], pose: Pose) -> _Rows:
    """Least height between the lower edge of one spinous process and the next one's upper edge."""
    lower, upper = (_edge(sizes, pose, way) for way in (-1.0, 1.0))
    least = np.full(lower[0][:, :-2, 0].shape, np.inf)
    for n in range(_SAMPLES):
        y, z = lower[0][:, :-2, n], lower[1][:, :-2, n]
        ys, zs = upper[0][:, 1:-1], upper[1][:, 1:-1]
        for m in range(_SAMPLES - 1):
            share = (y - ys[..., m]) / (ys[..., m + 1] - ys[..., m])
            under = zs[..., m] + share * (zs[..., m + 1] - zs[..., m])
            least = np.where((share >= 0) & (share <= 1), np.minimum(least, z - under), least)
    return np.asarray(np.minimum(least, 99.0))


def _edge(sizes: Mapping[str, _Rows], pose: Pose, way: float) -> _Point:
    """Upper (+1) or lower (-1) edge of each spinous process (n, levels, samples)."""
    arch = _back(sizes) + sizes["arch_back_mm"]
    start = arch + sizes["canal_depth_mm"] + 0.5 * sizes["lamina_thickness_mm"]
    run = arch + sizes["spinous_length_mm"] - start
    fall = np.tan(np.radians(sizes["spinous_slope_deg"]))
    found = []
    for share in np.linspace(0.15, 1.0, _SAMPLES):
        half = (
            0.5 * sizes["spinous_height_mm"] * np.interp(share, (0.0, 0.55, 1.0), (0.95, 0.85, 1.0))
        )
        down = sizes["lamina_drop_mm"] + share * run * fall
        found.append(pose.place((start + share * run, way * half - down)))
    return np.stack([one[0] for one in found], -1), np.stack([one[1] for one in found], -1)


def holds(
    levels: tuple[str, ...],
    sizes: Mapping[str, _Rows],
    sacrum: Mapping[str, _Rows],
    trunk: Mapping[str, _Rows],
) -> NDArray[np.bool_]:
    """Whether each spine (n,) has room everywhere and no length that is not positive."""
    good = np.ones(len(sacrum["slope_deg"]), dtype=bool)
    for name, values in (*sizes.items(), *sacrum.items(), *trunk.items()):
        if name.endswith("_mm") and name not in SIGNED | MAY_BE_ZERO:
            good &= (values > 0).reshape(len(good), -1).all(axis=1)
    for margin in margins(levels, sizes, sacrum, trunk):
        good &= (margin.value >= margin.least).all(axis=1)
    return good


def faults(
    levels: tuple[str, ...],
    sizes: Mapping[str, _Rows],
    sacrum: Mapping[str, _Rows],
    trunk: Mapping[str, _Rows],
) -> tuple[str, ...]:
    """What does not hold in one spine (n is 1), in words."""
    found = []
    for margin in margins(levels, sizes, sacrum, trunk):
        for place, value in zip(margin.places, margin.value[0], strict=True):
            if not value >= margin.least:
                found.append(f"{place} {margin.name} {value:.2g}, at least {margin.least:g}")
    return tuple(found)
