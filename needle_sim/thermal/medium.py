"""`HeatMedium`: the tissue around a needle, on a graded grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import Thermal, Tissue, family_labels, label, tissues
from needle_sim.errors import InputError
from needle_sim.geometry.transform import GRID, Transform
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Field, Grid
from needle_sim.thermal.spacing import BENCH, Spacing
from needle_sim.thermal.stencil import row_sums, series
from needle_sim.units import BODY_C, ML_MIN_KG

BLOOD_DENSITY_KG_M3 = 1050.0
BLOOD_CAPACITY_J_KGK = 3617.0
"""Blood, IT'IS style values (from memory)."""

AIR_CONDUCTIVITY_W_MK = 0.03
AIR_CAPACITY_J_M3K = 1.2e3
AIR_SIGMA_S_M = 1e-7
"""Air at rest, 300 K (from memory); its sigma stands for none, so that the system stays regular."""


NEAR_MM = 15.0
"""Up to this radius a border may cut a cell in two; further out it belongs to one tissue."""


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
    """The tissues of an anatomy around a needle; each cell near it is the mean of two points.

    Air conducts no current and next to no heat. `InputError` where the active tip is not in tissue.
    """
    spacing = spacing if spacing is not None else Spacing()
    grid, place = spacing.grid(Electrode.of(electrode.needle)), _place(electrode)
    rows = _rows(anatomy.tissues)
    labels = _labels(anatomy, place, grid)
    total, air = rows[labels].mean(axis=0), np.isin(labels, family_labels("air")).mean(axis=0)
    _tip_in_tissue(grid, electrode, air > 0)
    return HeatMedium(
        grid,
        total[..., 0],
        total[..., 1],
        total[..., 2],
        total[..., 3],
        patient_from_grid=place,
        air=air >= 0.5,
    )


def _labels(anatomy: Anatomy, place: Transform, grid: Grid) -> NDArray[np.uint16]:
    """Tissues (2, I, J, K) of two points of each cell; far from the needle of its middle, twice."""

    def of(share: float, rings: slice) -> NDArray[np.uint16]:
        points = grid.points_mm((0.5, share, 0.5))[rings]
        found = anatomy.tissue_labels(place.apply(points).reshape(-1, 3))
        return found.reshape(points.shape[:-1])

    near = int(np.searchsorted(grid.centres[0], NEAR_MM))
    beyond = of(0.5, slice(near, None))
    return np.stack([np.concatenate([of(share, slice(near)), beyond]) for share in (0.25, 0.75)])


def _rows(kinds: tuple[Tissue, ...]) -> Field:
    rows = []
    for tissue in kinds:
        if tissue.family == "air":
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
