"""Dural sac, roots, medial branches and great vessels of a column, in the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from needle_sim.anatomy.anatomy import Side, Structure
from needle_sim.anatomy.phantom.artery import radiculomedullary_artery
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.beside_bodies import segmental_arteries, sympathetic_chains
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.cord import in_the_sac
from needle_sim.anatomy.phantom.course import (
    OUTSIDE,
    beside_bones,
    ganglion,
    medial_branch_path,
    off_bone,
    root_over,
    root_path,
)
from needle_sim.anatomy.phantom.disc import disc_rows, hollow_rows
from needle_sim.anatomy.phantom.draped import Sac, draped
from needle_sim.anatomy.phantom.interlaminar import canal_rows
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.sacral_nerves import lateral_branches, sacral_roots
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube
from needle_sim.geometry.transform import unit

_STATIONS = ("L1", "L2", "L3", "L4", "L5", "S1")
_LOOSE_SHARE = 0.35  # of an arch's way back that the sac before it goes too (proposed)
_SAC_SHARES = {"L4": 0.98, "L5": 0.94}  # of its full calibre; 1 elsewhere

_Points = NDArray[np.float64]


def structures(
    column: Column,
    bones: Mapping[str, Implicit],
    sacrum: Mapping[str, float],
    *,
    conus_mm: float,
    artery: Entry | None,
) -> dict[str, Structure]:
    """Every nerve and vessel by name; ``bones`` are in their body frames, keyed by level.

    ``conus_mm`` is the tip of the cord below the middle of L1; ``artery`` the root that the great
    radiculomedullary artery runs with (none where that level is not built).
    """
    sac = dural_sac(column, bones, sacrum)
    found = [
        Structure("dura", "dura", sac.tubes, "constructed"),
        *_roots(column, sacrum, bones),
        *_vessels(column),
    ]
    tip = column.height_mm("L1") - conus_mm
    if "L1" in column.bodies:
        tip = float(column.bodies["L1"].apply([0.0, 0.0, -conus_mm])[2])
    found += in_the_sac(sac.line_mm, sac.half_mm, tip, sac.left)
    found += [*sympathetic_chains(column, bones), *segmental_arteries(column, bones)]
    found += lateral_branches(column, sacrum, bones["S1"])
    if artery is not None and artery.level in column.levels[:-1]:
        course = sac.line_mm, sac.half_mm[:, 1]
        found.append(radiculomedullary_artery(column, artery, bones[artery.level], *course))
    roots = {one.name: one for one in found}
    found += list(_medial_branches(column, bones, roots))
    return {one.name: one for one in found}


def dural_sac(column: Column, bones: Mapping[str, Implicit], sacrum: Mapping[str, float]) -> Sac:
    """The dural sac, as bones (in their body frames), discs and flava leave it room."""
    line, scale = sac_line(column, sacrum)
    full_mm = np.array([sacrum["sac_width_mm"], sacrum["sac_depth_mm"]])
    sac = Sac(line, 0.5 * scale[:, None] * full_mm, column.left_at(line[:, 2]))
    return draped(sac, _walls(column, sacrum, bones), below_mm=float(line[1, 2]))


def sac_line(column: Column, sacrum: Mapping[str, float]) -> tuple[_Points, _Points]:
    """Axis (N, 3) of the dural sac from above L1 to the middle of S2, and its scale (N,).

    It keeps its calibre to L5 and tapers; end at S2: HIN14 (doi:10.1155/2014/351769). Between two
    bodies it lies close behind the disc, so that the dorsal fat is deepest there (Boezaart 2019,
    Pain Med 20:1687).
    """
    knots, scales = [], []
    for level in column.levels[:-1]:
        spec, body = column.vertebrae[level], column.bodies[level]
        room = (spec.canal_depth_mm - 3.6) / sacrum["sac_depth_mm"]
        beside = (spec.canal_width_mm - 4.5) / sacrum["sac_width_mm"]
        scales.append(min(room, beside, _SAC_SHARES.get(level, 1.0)))
        middle = spec.back_mm + 0.5 * spec.canal_depth_mm + _LOOSE_SHARE * spec.arch_back_mm - 0.5
        knots.append(body.apply([0.0, middle, 0.0]))
    at_discs = [min(two) for two in pairwise([*scales, scales[-1]])]
    behind = [
        behind_disc(column, *pair, 0.5 * sacrum["sac_depth_mm"] * one)
        for pair, one in zip(column.pairs, at_discs, strict=True)
    ]
    sacral = column.bodies["S1"].apply(canal_points(column.vertebrae["S1"], sacrum))
    ends = [sacral[0], sacral[1], 0.5 * (sacral[1] + sacral[2])]
    line = [knots[0] + (knots[0] - knots[1]), knots[0]]
    share = [scales[0], scales[0]]
    for n in range(1, len(knots)):
        line += [behind[n - 1], knots[n]]
        share += [at_discs[n - 1], scales[n]]
    line += [behind[-1], *ends[1:]]
    share += [min(0.9 * scales[-1], at_discs[-1]), 0.6 * scales[-1], 0.36]
    places = np.stack(line)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    at = np.linspace(0.0, along[-1], 61)
    return np.asarray(PchipInterpolator(along, places)(at)), np.interp(at, along, share)


def behind_disc(column: Column, upper: str, lower: str, radius_mm: float) -> _Points:
    """Middle of a sac of this half depth (3,) close behind a disc, patient."""
    top, low = column.vertebrae[upper], column.vertebrae[lower]
    rims = [
        column.bodies[upper].apply([0.0, 0.5 * top.lower_depth_mm, -0.5 * top.height_mm]),
        column.bodies[lower].apply([0.0, 0.5 * low.upper_depth_mm, 0.5 * low.height_mm]),
    ]
    back = column.bodies[upper].matrix[:3, 1] + column.bodies[lower].matrix[:3, 1]
    back, stands_out = unit(back), 0.5 * abs(low.slip_above_mm)  # one of the two, after a slip
    return np.asarray(
        np.mean(rims, axis=0) + (radius_mm + low.epidural_ventral_mm + stands_out) * back
    )


def _walls(
    column: Column, sacrum: Mapping[str, float], bones: Mapping[str, Implicit]
) -> Callable[[ArrayLike], _Points]:
    """Distance of points in the canal from bones, discs and flava; ``bones`` in body frames."""
    canal = Implicit.of(canal_rows(column, sacrum))
    solid = [bones[level].moved(body) for level, body in column.bodies.items()]
    for upper, lower in column.pairs:
        annulus, _ = disc_rows(column, upper, lower)
        hollow = hollow_rows(annulus, column.vertebrae[lower].disc_hollow_mm)
        solid.append(Implicit.of([annulus, *hollow]))

    def free(points_mm: ArrayLike) -> _Points:
        found = -canal.distance_mm(points_mm)
        for one in solid:
            found = np.minimum(found, one.distance_mm(points_mm))
        return found

    return free


def _roots(
    column: Column, sacrum: Mapping[str, float], bones: Mapping[str, Implicit]
) -> Iterator[Structure]:
    """Roots and ganglia; ``bones`` are in their body frames."""
    placed = {level: bones[level].moved(column.bodies[level]) for level in column.levels}
    for side in SIDES:
        for level, lower in pairwise(column.levels):
            spec, body = column.vertebrae[level], column.bodies[level]
            next_one = [placed[lower]]
            tube = beside_bones(root_over(spec, side, body, next_one), next_one)
            yield Structure(f"{level} {side} root", "root", (tube,), "constructed")
            tube = ganglion(spec, side).moved(body)
            yield Structure(f"{level} {side} ganglion", "ganglion", (tube,), "constructed")
    yield from sacral_roots(column, sacrum, placed["S1"])


def _medial_branches(
    column: Column, bones: Mapping[str, Implicit], roots: Mapping[str, Structure]
) -> Iterator[Structure]:
    """The branch of a level on the vertebra below; L5's is its dorsal ramus on the ala."""
    for level, below in column.pairs:
        for side in SIDES:
            path = medial_branch_path(column.vertebrae[below], side, bone=bones[below])
            body = column.bodies[below]
            origin = body.inverse().apply(_leaves(column, level, side, roots))
            lead = resample(np.stack([origin, path[0]]), 1.0)[:-1]
            path = np.concatenate([off_bone(lead, bones[below]), path])
            tube = Tube(
                body.apply(path), np.full(len(path), 0.5 * column.vertebrae[below].medial_branch_mm)
            )
            yield Structure(
                f"{level} {side} medial branch", "medial_branch", (tube,), "constructed"
            )


def _leaves(column: Column, level: str, side: Side, roots: Mapping[str, Structure]) -> _Points:
    """Where the dorsal ramus leaves its root (3,), patient."""
    meant = column.bodies[level].apply(root_path(column.vertebrae[level], side).points_mm[OUTSIDE])
    points = roots[f"{level} {side} root"].tubes[0].points_mm
    return np.asarray(points[np.argmin(np.linalg.norm(points - meant, axis=1))])


def _vessels(column: Column) -> Iterator[Structure]:
    """Aorta left and vena cava right of the midline (texts).

    The aorta divides before the lower part of L4; the veins join lower, before L5 and right of the
    midline, and the right iliac artery crosses in front of them. Beside a column without lumbar
    vertebrae there are none.
    """
    if not column.lumbar:
        return
    top = column.levels[0]
    stations = {name: column.station_mm(name) for name in (top, *_STATIONS)}
    at = {name: middle for name, (middle, _) in stations.items()}
    front = {name: spec.back_mm for name, (_, spec) in stations.items()}

    def course(*knots: tuple[str, float, float, float, float]) -> Tube:
        """Knots: level, left of the midline, before the body's front, above its middle, radius."""
        points = [at[level] + [x, -front[level] - gap, rise] for level, x, gap, rise, _ in knots]
        line, radius = np.stack(points), np.array([knot[4] for knot in knots])
        fine = np.linspace(0.0, len(knots) - 1.0, 4 * len(knots))
        steps = np.arange(len(knots))
        smooth = PchipInterpolator(steps, line)(fine)
        return Tube(smooth, np.interp(fine, steps, radius))

    aorta = (
        course((top, 10, 15, 18, 9.7), ("L1", 10, 13, 0, 9.5), ("L2", 10, 13, 0, 9.3),
               ("L3", 9.5, 13, 0, 9.0), ("L4", 8, 14.5, -8, 8.0)),
        course(("L4", 5, 15, -9, 5.8), ("L4", -4, 25, -20, 5.6), ("L5", -18, 34, 4, 5.4),
               ("L5", -32, 34, -16, 5.4), ("S1", -40, 36, 2, 5.2), ("S1", -54, 60, -45, 4.8)),
        course(("L4", 9, 15, -9, 5.8), ("L4", 17, 18, -22, 5.6), ("L5", 27, 18, 4, 5.4),
               ("L5", 33, 28, -16, 5.4), ("S1", 40, 36, 2, 5.2), ("S1", 54, 60, -45, 4.8)),
    )  # fmt: skip
    cava = (
        course((top, -20, 26, 18, 10), ("L1", -18, 17, 30, 10), ("L1", -17, 14.5, 0, 10),
               ("L2", -17, 14.5, 0, 10), ("L3", -16, 14.5, 0, 10),
               ("L4", -15.5, 13.5, -8, 9.5), ("L5", -14, 13.5, 8, 9)),
        course(("L5", -16, 12, 6, 7.2), ("L5", -23, 14, -12, 6.6), ("S1", -34, 19, 8, 6.4),
               ("S1", -39, 26, -8, 6.2), ("S1", -50, 43, -45, 5.6)),
        course(("L5", -12, 12, 6, 7.2), ("L5", 0, 11.0, -8, 6.6), ("L5", 16, 11.0, -17, 6.4),
               ("S1", 33, 19, 4, 6.2), ("S1", 39, 26, -8, 6.2), ("S1", 50, 43, -45, 5.6)),
    )  # fmt: skip
    yield Structure("aorta", "vessel", aorta, "constructed")
    yield Structure("inferior_vena_cava", "vessel", cava, "constructed")
