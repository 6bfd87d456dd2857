"""`Back`: the muscles behind the spine, which fill all the room between bone and fascia."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.numbering import above
from needle_sim.anatomy.phantom.back import _kernels
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import SIDES, Posts
from needle_sim.anatomy.phantom.sacrum import canal_points
from needle_sim.anatomy.phantom.trunk import Trunk, superellipse_mm
from needle_sim.anatomy.phantom.voxelise import Canvas, in_threads, ripple, strands
from needle_sim.anatomy.tissue import label, tissues

_Field = NDArray[np.floating[Any]]
_BELOW = (("S3", 45.0), ("S4", 80.0))  # stations under S1, mm
_ABOVE_MM = 36.0  # one over the first vertebra
_NECK_MM = 6.5  # muscle in front of the ventral end of the neck: the compartment's floor

FAT_SHARE = 0.16
"""Of multifidus, mean of L1 to L5: 14.7 % in men and 17.8 % in women of 20-62 years (Crawford 2016,
AJNR 37:742); more with age. Taken where ``multifidus_fat_share`` is not among the trunk's sizes."""

_PLANES_SHARE = 0.035  # of it lies in the planes around the muscle (measured on the model)
_MOST_SHARE = 0.85  # of fat in a strand
_PLANES_MM = {"plane": 0.75, "outer": 0.6}  # half of their thickness (model choice)
_STEEP = 0.6  # how soon a strand is fat, an SD of the strands' noise

# Figures in mm by station: half width of the erector spinae; from the midline to the fat plane
# behind multifidus at its floor, and how much farther it is at the fascia; the same for the plane
# between longissimus and iliocostalis; fat in multifidus against its mean (most at L5: Crawford
# 2016); quadratus lumborum: middle, half width and thickness. Proportions of axial CT slices (model
# choice); above T10 those of T10.
_NAMES = (
    *("lateral", "plane", "plane_rise", "outer", "outer_rise", "fatty"),
    *("quadratus", "quadratus_half", "quadratus_thick"),
)
_FIGURES = {
    "T10": (65.0, 9.0, 1.0, 34.0, 10.0, 0.6, 36.0, 9.0, -9.0),
    "T11": (68.0, 10.0, 1.0, 36.0, 10.0, 0.6, 36.0, 9.0, -9.0),
    "T12": (72.0, 11.0, 1.0, 38.0, 10.0, 0.6, 36.0, 9.0, 3.0),
    "L1": (76.0, 12.5, 1.0, 40.0, 10.0, 0.7, 42.0, 12.0, 6.0),
    "L2": (80.0, 15.0, 2.0, 43.0, 9.0, 0.75, 52.0, 16.0, 10.0),
    "L3": (82.0, 18.0, 4.0, 47.0, 6.0, 0.85, 61.0, 21.0, 14.0),
    "L4": (79.0, 22.0, 8.0, 49.0, 2.0, 1.1, 68.0, 24.0, 17.0),
    "L5": (72.0, 27.0, 13.0, 52.0, 0.0, 1.6, 70.0, 24.0, 11.0),
    "S1": (60.0, 33.0, 16.0, 90.0, 0.0, 1.6, 70.0, 10.0, -9.0),
    "S3": (42.0, 40.0, 10.0, 90.0, 0.0, 1.6, 84.0, 10.0, -9.0),
    "S4": (16.0, 40.0, 0.0, 90.0, 0.0, 1.6, 84.0, 10.0, -9.0),
}
_LIKE = {"T13": "T12", "L6": "L5"}


def _figures(station: str) -> tuple[float, ...]:
    return _FIGURES.get(_LIKE.get(station, station), _FIGURES["T10"])


@dataclass(frozen=True, slots=True)
class Back:
    """Multifidus, erector spinae and quadratus lumborum, with the fat between them."""

    column: Column
    trunk: Trunk
    sacrum: Mapping[str, float]

    def paint(self, canvas: Canvas) -> None:
        """Fill the compartment slice by slice; bones are painted over it later."""
        x, y, z = (canvas.axis_mm(axis).astype(np.float32) for axis in range(3))
        found = self._stations(z)
        reach = np.maximum(found["lateral"], found["quadratus"] + found["quadratus_half"]) + 8.0

        def slab(i: int) -> None:
            rows = slice(*np.searchsorted(y, [found["floor"][i] - 25.0, found["fascia"][i] + 8.0]))
            middle = np.float32(found["middle"][i])
            columns = slice(*np.searchsorted(x, [middle - reach[i], middle + reach[i]]))
            place = {name: float(one[i]) for name, one in found.items()}
            self._slice(
                canvas, (i, rows, columns), x[columns] - middle, y[rows], float(z[i]), place
            )

        in_threads(slab, canvas.shape[0])

    def _stations(self, z_mm: _Field) -> dict[str, _Field]:
        """What is interpolated between the levels, at heights (I,)."""
        knots, rows = [], []
        skin = self.trunk.sizes["skin_mm"] + self.trunk.sizes["subcutis_back_mm"] - 3.0
        for level in self.column.levels:
            spec, body = self.column.vertebrae[level], self.column.bodies[level]
            (right, left) = (
                body.apply([post.neck_point(1.0), post.tp_tip])
                for post in (Posts(spec, side) for side in SIDES)
            )
            neck = 0.5 * (left + right)[0]
            half = 0.5 * (left - right)[:, 0]
            arch = body.apply([0.0, spec.arch_mm, 0.0])
            slant = (left - right)[0, 1] / (left - right)[0, 0]
            knots.append(neck[2])
            rows.append((neck[1] - _NECK_MM, *half, arch[1] + 1.0, arch[0], slant))
        canal = self.column.bodies["S1"].apply(
            canal_points(self.column.vertebrae["S1"], self.sacrum)
        )
        sacral, (_, neck_x, tip_x, _, *straight) = knots[-1], rows[-1]
        for _, down in _BELOW:
            height = sacral - down
            at = float(np.interp(height, canal[::-1, 2], canal[::-1, 1]))
            knots.append(height)
            rows.append((at, neck_x, tip_x, at + 1.0, *straight))
        knots, rows = [knots[0] + _ABOVE_MM, *knots], [rows[0], *rows]
        levels = self.column.levels
        stations = (above(levels[0]), *levels, *(name for name, _ in _BELOW))
        figures = np.array([_figures(station) for station in stations])[::-1]
        order, table = np.array(knots)[::-1], np.array(rows)[::-1]
        names = ("floor", "neck", "tip", "arch", "middle", "slant")
        found: dict[str, _Field] = {
            name: np.interp(z_mm, order, table[:, n]) for n, name in enumerate(names)
        }
        for n, name in enumerate(_NAMES):
            found[name] = np.interp(z_mm, order, figures[:, n])
        furrow = self.trunk.sizes["furrow_mm"]
        found["fascia"] = self.trunk.back_mm(np.asarray(z_mm, dtype=np.float64)) + furrow - skin
        fade = np.clip((order[0] - z_mm) / 15.0, 0.0, 1.0)  # ends over the lower sacrum
        found["lateral"] = np.maximum(found["lateral"] * (1.0 - fade), 2.0)
        return found

    def _slice(
        self,
        canvas: Canvas,
        where: tuple[int, slice, slice],
        x: _Field,
        y: _Field,
        z: float,
        at: Mapping[str, float],
    ) -> None:
        """Muscles and the fat between them over a part of a slice; ``x`` is beside the midline."""
        aside, wave = np.abs(x), ripple(x, y[:, None], np.float32(z))
        high = np.float32(max(at["fascia"] - at["floor"], 5.0))
        up = (y - np.float32(at["floor"])) / high
        floor = self._floor(x, aside, at)
        lateral = np.float32(at["lateral"])
        aloft = np.maximum(up, 0.0)[:, None]
        muscle = np.asarray(superellipse_mm(aside / lateral, aloft, lateral, high), np.float32)
        furrow = (self.trunk.sizes["furrow_mm"] * np.exp(-((aside / 13.0) ** 2))).astype(np.float32)
        deep = np.exp(-((aside / np.float32(0.75 * at["plane"])) ** 2))
        mean = _kernels.compartment(
            y, floor, furrow, aside, deep, up, wave, (at["plane"], at["plane_rise"]), muscle
        )
        wanted = at["fatty"] * self.trunk.sizes.get("multifidus_fat_share", FAT_SHARE)
        start = _strand_start((wanted - _PLANES_SHARE) / max(mean, 0.1)) if mean >= 0 else 0.0
        bent = ((aside - at["quadratus"]) / at["quadratus_half"]) ** 2
        thick = at["quadratus_thick"] * (1.0 - bent)
        thick = np.minimum(thick, at["quadratus_thick"]).astype(np.float32)
        fibres = strands(x, y[:, None], np.float32(z))
        planes = [[at[name], at[f"{name}_rise"], half] for name, half in _PLANES_MM.items()]
        _kernels.muscles(
            canvas.hu[where], canvas.labels[where], y, floor, thick, aside, deep, up, wave,
            fibres, muscle, np.array(planes), (start, _STEEP, _MOST_SHARE), canvas.voxel_mm,
            *_paints(),
        )  # fmt: skip

    def _floor(self, x: _Field, aside: _Field, at: Mapping[str, float]) -> _Field:
        """Where the compartment begins (K,): at the necks, on the arches, out past the tips."""
        slope = 12.0 / max(at["lateral"] - at["tip"], 12.0)
        floor = at["floor"] + slope * np.maximum(aside - at["tip"], 0.0)
        inner = 0.8 * at["neck"]
        roof = np.clip((inner - aside) / (inner - 10.0), 0.0, 1.0)
        floor = floor + (at["arch"] - at["floor"]) * roof
        if at["slant"]:  # a turned vertebra lifts the muscles of one side
            floor = floor + at["slant"] * np.clip(x, -at["tip"], at["tip"])
        return np.asarray(floor, dtype=np.float32)


@cache
def _paints() -> tuple[NDArray[np.float32], tuple[int, ...]]:
    """HU and labels of what the back is made of, as the kernel takes them."""
    numbers = tuple(
        label(name) for name in ("erector_spinae", "multifidus", "fat", "quadratus_lumborum")
    )
    return np.array([tissues()[n].hu for n in numbers], dtype=np.float32), numbers


def _strand_start(mean: float) -> float:
    """From how many SD of the strands' noise on they are fat, for this mean share of fat."""
    starts, means = _strand_means()
    return float(np.interp(mean, means[::-1], starts[::-1]))


@cache
def _strand_means() -> tuple[_Field, _Field]:
    noise = np.linspace(-5.0, 5.0, 2001)
    density = np.exp(-0.5 * noise**2)
    starts = np.linspace(-3.5, 3.5, 71)
    fat = np.clip((noise - starts[:, None]) * _STEEP, 0.0, _MOST_SHARE)
    return starts, (fat * density).sum(axis=1) / density.sum()
