"""`HeatMedium`: the tissue around a needle, on a graded grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import Thermal, Tissue, label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.transform import GRID, Transform
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Field, Grid, graded
from needle_sim.thermal.stencil import row_sums, series
from needle_sim.units import BODY_C, ML_MIN_KG

BLOOD_DENSITY_KG_M3 = 1050.0
BLOOD_CAPACITY_J_KGK = 3617.0
"""Blood, IT'IS style values (from memory)."""

AIR_CONDUCTIVITY_W_MK = 0.03
AIR_CAPACITY_J_M3K = 1.2e3
AIR_SIGMA_S_M = 1e-7
"""Air at rest, 300 K (from memory); its sigma stands for none, so that the system stays regular."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """How fine a ring grid is: mm beside the electrode, growth per cell, mm far away, reach."""

    near_mm: float = 0.15
    growth: float = 1.12
    far_mm: float = 2.0
    reach_mm: float = 42.0
    sectors: int = 24

    def __post_init__(self) -> None:
        if not 0 < self.near_mm <= self.far_mm < self.reach_mm:
            raise InputError(
                "a spacing needs 0 < near_mm <= far_mm < reach_mm, "
                f"got {self.near_mm=} {self.far_mm=} {self.reach_mm=}"
            )
        if not 1 < self.growth <= 1.5:
            raise InputError(f"growth must be above 1 and at most 1.5, got {self.growth}")

    def grid(self, electrode: Electrode) -> Grid:
        """Rings with edges on the metal's radius, on the tip and on the end of the insulation."""
        radius, active = electrode.widest_mm, electrode.active_tip_mm
        metal = np.linspace(0.0, radius, max(3, round(radius / self.near_mm)) + 1)
        outward = graded(self.near_mm, self.growth, self.far_mm, self.reach_mm - radius)
        fine = 1.5 * self.near_mm
        half = graded(fine, self.growth, self.far_mm, active / 2)
        away = graded(fine, self.growth, self.far_mm, self.reach_mm)
        steps = np.concatenate([away[::-1], half, half[::-1], away])
        z = np.concatenate([[0.0], np.cumsum(steps)]) - self.reach_mm - active
        z[len(away)], z[len(away) + 2 * len(half)] = -active, 0.0
        turn = np.linspace(0.0, 2 * np.pi, self.sectors + 1)
        rings = np.concatenate([metal, radius + np.cumsum(outward)])
        return Grid((rings, turn, z), "ring", core_mm=radius)


BENCH = Spacing(near_mm=0.1, growth=1.08, sectors=1)
"""One tissue all around needs no sectors, and can be fine: sizes within 0.4 % of the limit."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatMedium:
    """What heat and current pass through.

    Parameters
    ----------
    grid : Grid
        Cells; +z along the needle, origin at its tip.
    conductivity_w_mk, capacity_j_m3k, sigma_s_m : (I, J, K) arrays, > 0
        Heat conductivity, heat capacity a volume, electric conductivity at 37 °C.
    perfusion_w_m3k : (I, J, K) array, >= 0
        Heat that blood carries off, a volume and a degree (Pennes 1948,
        doi:10.1152/jappl.1948.1.2.93).
    patient_from_grid : Transform or None
        Where the grid lies; None on the bench.
    blood_c : float, °C
        Arterial blood, and the start where nothing else is said.
    air : (I, J, K) array of bool or None
        Cells outside the body.
    """

    grid: Grid
    conductivity_w_mk: Field
    capacity_j_m3k: Field
    perfusion_w_m3k: Field
    sigma_s_m: Field
    patient_from_grid: Transform | None = None
    blood_c: float = BODY_C
    air: NDArray[np.bool_] | None = field(default=None)

    def __post_init__(self) -> None:
        for name in ("conductivity_w_mk", "capacity_j_m3k", "perfusion_w_m3k", "sigma_s_m"):
            values = np.array(
                np.broadcast_to(getattr(self, name), self.grid.shape), dtype=np.float64
            )
            least_ok = values.min() >= 0 if name.startswith("perfusion") else values.min() > 0
            if not (np.isfinite(values).all() and least_ok):
                raise InputError(f"{name} of a medium must be positive, got {values.min()}")
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def edges_mm(self) -> tuple[Field, Field, Field]:
        """Edges of the grid: x, y, z in mm, or radius in mm, angle in radians, z in mm."""
        return self.grid.edges

    @property
    def explicit_dt_s(self) -> float:
        """Longest step (s) at which explicit Euler would not overshoot."""
        links = row_sums(series(self.grid, self.conductivity_w_mk))
        volume = self.grid.volume_mm3 * 1e-9
        return float((self.capacity_j_m3k * volume / (links + self.perfusion_w_m3k * volume)).min())


def pennes_w_m3k(tissue: Tissue) -> float:
    """Pennes sink: perfusion times tissue density times blood's heat capacity a volume."""
    thermal = _thermal(tissue)
    flow = thermal.perfusion_ml_min_kg * ML_MIN_KG * tissue.density_kg_m3  # m3 of blood / m3 s
    return flow * BLOOD_DENSITY_KG_M3 * BLOOD_CAPACITY_J_KGK


def homogeneous(
    tissue: Tissue | str,
    electrode: PlacedNeedle,
    *,
    spacing: Spacing | None = None,
    baseline_c: float = BODY_C,
    perfused: bool = True,
) -> HeatMedium:
    """One tissue all around, as on the bench; one sector is exact then, and the default."""
    if isinstance(tissue, str):
        tissue = tissues()[label(tissue)]
    spacing = spacing if spacing is not None else BENCH
    row = _rows((tissue,))[0]
    return HeatMedium(
        spacing.grid(Electrode.of(electrode.needle)),
        np.array(row[0]),
        np.array(row[1]),
        np.array(row[2] if perfused else 0.0),
        np.array(row[3]),
        patient_from_grid=_place(electrode),
        blood_c=baseline_c,
    )


def cut_medium(
    anatomy: Anatomy, electrode: PlacedNeedle, *, spacing: Spacing | None = None
) -> HeatMedium:
    """The tissues of an anatomy around a needle, each cell the mean of points within it.

    Air conducts no current and next to no heat. `InputError` where the active tip is not in tissue.
    """
    spacing = spacing if spacing is not None else Spacing()
    grid, place = spacing.grid(Electrode.of(electrode.needle)), _place(electrode)
    rows = _rows(anatomy.tissues)
    total, air = np.zeros((*grid.shape, 4)), np.zeros(grid.shape)
    shares = [(0.5, 0.25, 0.5), (0.5, 0.75, 0.5)]
    for share in shares:
        points = place.apply(grid.points_mm(share)).reshape(-1, 3)
        found = anatomy.tissue_labels(points).reshape(grid.shape)
        total += rows[found]
        air += found == 0
    total /= len(shares)
    _tip_in_tissue(grid, electrode, air > 0)
    return HeatMedium(
        grid,
        total[..., 0],
        total[..., 1],
        total[..., 2],
        total[..., 3],
        patient_from_grid=place,
        air=air >= len(shares) / 2,
    )


def _rows(kinds: tuple[Tissue, ...]) -> Field:
    rows = []
    for tissue in kinds:
        if tissue.name == "air":
            rows.append((AIR_CONDUCTIVITY_W_MK, AIR_CAPACITY_J_M3K, 0.0, AIR_SIGMA_S_M))
            continue
        thermal = _thermal(tissue)
        if tissue.electrical is None:
            raise InputError(f"the electric conductivity of {tissue.name} is not known")
        capacity = tissue.density_kg_m3 * thermal.capacity_j_kgk
        sigma = tissue.electrical.conductivity_s_m
        rows.append((thermal.conductivity_w_mk, capacity, pennes_w_m3k(tissue), sigma))
    return np.array(rows)


def _thermal(tissue: Tissue) -> Thermal:
    if tissue.thermal is None:
        raise InputError(f"the thermal properties of {tissue.name} are not known")
    return tissue.thermal


def _place(electrode: PlacedNeedle) -> Transform:
    needle = electrode.trajectory.patient_from_needle
    return Transform(needle.matrix, target=needle.target, source=GRID)


def _tip_in_tissue(grid: Grid, electrode: PlacedNeedle, air: NDArray[np.bool_]) -> None:
    r, _, z = grid.centres
    beside = (r > electrode.needle.outer_mm / 2) & (r < electrode.needle.outer_mm / 2 + 1.0)
    along = (z > -electrode.needle.active_tip_mm) & (z < 0.5)
    share = float(air[beside][:, :, along].mean())
    if share > 0.1:
        raise InputError(
            f"{share:.0%} of the active tip is in air; at most 10 % can be heated: advance it"
        )
