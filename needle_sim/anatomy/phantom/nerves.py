"""Dural sac, roots, medial branches and great vessels of a column, in the patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from needle_sim.anatomy.anatomy import Side, Structure
from needle_sim.anatomy.phantom.artery import radiculomedullary_artery
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.beside_bodies import segmental_arteries, sympathetic_chains
from needle_sim.anatomy.phantom.bone import recess_direction
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
from needle_sim.anatomy.phantom.interlaminar import canal_rows
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.sacral_nerves import lateral_branches, sacral_roots
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube
from needle_sim.geometry.transform import unit

_STATIONS = ("L1", "L2", "L3", "L4", "L5", "S1")
_LOOSE_SHARE = 0.35  # of an arch's way back that the sac before it goes too (proposed)
_LEAST_SAC_MM = 4.0  # of its depth is left however far a vertebra slips (proposed)
_CLEAR_MM, _LEAST_SHARE = 0.1, 0.6  # of the sac from a canal's wall (proposed)
_TURNS = 6
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
    line, scale = sac_line(column, sacrum)
    half = 0.5 * sacrum["sac_depth_mm"] * scale
    sac_mm = sacrum["sac_width_mm"], sacrum["sac_depth_mm"]
    left = column.left_at(line[:, 2])
    if any(spec.slip_above_mm > 0.0 for spec in column.vertebrae.values()):
        line, scale = _held(
            line, scale, left, sacrum,
            (Implicit.of(canal_rows(column, sacrum)),
             [bones[level].moved(body) for level, body in column.bodies.items()]),
        )  # fmt: skip
        half = 0.5 * sacrum["sac_depth_mm"] * scale
    found = [
        _dura(line, scale, left, sacrum),
        *_roots(column, sacrum, bones),
        *_vessels(column),
    ]
    tip = float(column.bodies["L1"].apply([0.0, 0.0, -conus_mm])[2])
    found += in_the_sac(line, scale, sac_mm, tip, left)
    found += [*sympathetic_chains(column, bones), *segmental_arteries(column, bones)]
    found += lateral_branches(column, sacrum, bones["S1"])
    if artery is not None and artery.level in column.levels[:-1]:
        found.append(radiculomedullary_artery(column, artery, bones[artery.level], line, half))
    roots = {one.name: one for one in found}
    found += list(_medial_branches(column, bones, roots))
    return {one.name: one for one in found}


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
    at_discs = [
        min(*two, _beside_slip(column, *pair) / sacrum["sac_depth_mm"])
        for pair, two in zip(column.pairs, pairwise([*scales, scales[-1]]), strict=True)
    ]
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


def _beside_slip(column: Column, upper: str, lower: str) -> float:
    """Room for the sac (mm) between the body below and the arch of one that has slipped forward."""
    top, low = column.vertebrae[upper], column.vertebrae[lower]
    if low.slip_above_mm <= 0.0:
        return np.inf
    down = recess_direction(top)
    edge = np.array([0.0, top.arch_mm, -top.lamina_drop_mm])
    edge = column.bodies[upper].apply(edge + 0.5 * top.lamina_height_mm / -down[2] * down)
    rim = column.bodies[lower].apply([0.0, 0.5 * low.upper_depth_mm, 0.5 * low.height_mm])
    room = float((edge - rim) @ column.bodies[lower].matrix[:3, 1])
    return max(room - top.flavum_mm - low.epidural_ventral_mm, _LEAST_SAC_MM)


def _held(
    line: _Points,
    scale: _Points,
    left: _Points,
    sacrum: Mapping[str, float],
    walls: tuple[Implicit, Sequence[Implicit]],
) -> tuple[_Points, _Points]:
    """Axis (N, 3) and scale (N,) with which the sac stays within a canal that a slip bends.

    ``walls`` are the canal and the bones, in the patient. The sac gives way from the wall of the
    canal that it meets as far as the bone before it lets it, and then narrows.
    """
    canal, bones = walls
    for turn in range(_TURNS):
        tubes = _dura(line, scale, left, sacrum).tubes
        places = np.stack([one.points_mm for one in tubes])
        radii = np.stack([one.radius_mm for one in tubes])
        flat = places.reshape(-1, 3)
        out = canal.distance_mm(flat).reshape(radii.shape) + radii
        bony = radii - np.min([one.distance_mm(flat) for one in bones], axis=0).reshape(radii.shape)
        over, stop = (np.max(one, axis=0) + _CLEAR_MM for one in (out, bony))
        over[line[:, 2] > line[1, 2]] = stop[line[:, 2] > line[1, 2]] = 0.0  # above the first
        if turn == 0:
            met = places[out.argmax(axis=0), np.arange(len(line))]
            away = canal.gradient(met)
            way = np.clip(np.minimum(over, -stop), 0.0, None)
            line = line - way[:, None] * (away - left * _along(away, left))
            continue
        most = np.maximum(np.maximum(over, stop), 0.0)
        most = np.maximum(most, 0.5 * gaussian_filter1d(most, 1.0))  # no step in the calibre
        scale = np.maximum(scale - 2.0 * most / sacrum["sac_width_mm"], _LEAST_SHARE * scale)
    return line, scale


def _along(ways: _Points, units: _Points) -> _Points:
    """Components (N, 1) of vectors (N, 3) along units."""
    return np.asarray((ways * units).sum(axis=1, keepdims=True))


def _dura(line: _Points, scale: _Points, left: _Points, sacrum: Mapping[str, float]) -> Structure:
    """An oval sac as five parallel tubes that touch an ellipse from inside."""
    wide, deep = 0.5 * sacrum["sac_width_mm"], 0.5 * sacrum["sac_depth_mm"]
    tubes = []
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        beside = share * 0.76 * (wide**2 - deep**2) / wide
        radius = deep * np.sqrt(1.0 - beside**2 / (wide**2 - deep**2))
        points = line + (scale * beside)[:, None] * left
        tubes.append(Tube(points, radius * scale))
    return Structure("dura", "dura", tuple(tubes), "constructed")


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
    midline, and the right iliac artery crosses in front of them.
    """
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
