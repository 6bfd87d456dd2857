"""Scatter over primary in the middle of a picture: by Monte Carlo, and as the package makes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.beam import Beam, energies_kev, materials
from needle_sim.imaging.xray.carm import CArm, aimed
from needle_sim.imaging.xray.collimation import Collimation, openness
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.grid import Grid
from needle_sim.imaging.xray.materials import Materials
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.scatter import scatter_veil
from needle_sim.imaging.xray.transmission import bins, transmitted
from validation.scatter.patient import scene_of
from validation.scatter.photons import SOFT_TISSUE
from validation.scatter.simulation import Scene, simulate, slab, unscattered, weights_of

Floats = NDArray[np.float64]

PANEL = Detector.preset("mobile_flat_panel")
NO_GRID = replace(PANEL, grid=None)
SIDE_MM, PIXELS = 260.0, 130
BEAMS = {
    "80": replace(Beam.preset("lumbar_ap"), anode_side="none"),
    "70": Beam(70.0, 1.0, 10.0, {"aluminium": 2.5}, anode_side="none"),
    "110": Beam(110.0, 1.0, 10.0, {"aluminium": 3.0, "copper": 0.2}, anode_side="none"),
}

# AAPM Report 195, case 2, radiography, 56.4 keV: eV a photon left in the body and in cubes of 3 cm
# on the central ray, by depth under its middle, and 15 cm beside it; mean of four codes, as kept in
# the validation of DXMClib (github.com/medicalphysics/DXMClib).
REPORT_195_EV = 33171.4
REPORT_195_CUBES_EV = {-6: 72.859, -3: 53.345, 0: 36.667, 3: 23.832, 6: 14.595}
REPORT_195_BESIDE_EV = 27.007
_AIR_CM, _AIR_MU = 155.0, 0.000229  # between focal spot and body; 1/cm at 56.4 keV


@dataclass(frozen=True, slots=True)
class Slab:
    """Water so thick about the isocentre; the field is that on the detector, lengths in cm."""

    beam: str
    thick: float
    field: float
    isocentre: float = 60.0

    @property
    def gap(self) -> float:
        """From the water to the detector."""
        return 100.0 - self.isocentre - 0.5 * self.thick


@dataclass(frozen=True, slots=True)
class Ratios:
    """Scatter over primary by Monte Carlo, its standard error, and ours."""

    simulated: float
    error: float
    ours: float

    @property
    def over(self) -> float:
        """Ours over that of the Monte Carlo."""
        return self.ours / self.simulated


FITTED = [
    *(Slab("80", thick, field) for thick in (10, 15, 20, 25, 30) for field in (10, 25)),
    *(
        Slab(beam, thick, field)
        for beam in ("70", "110")
        for thick in (15, 30)
        for field in (10, 25)
    ),
    *(Slab("80", 20, 25, 80.0), Slab("80", 30, 18), Slab("80", 30, 25, 75.0)),
]
BESIDE = [
    *(Slab("80", thick, field) for thick in (17.5, 22.5, 27.5) for field in (14, 18, 22)),
    *(Slab("70", 20, 15), Slab("110", 25, 20), Slab("80", 20, 18, 70.0)),
]


def of_slab(case: Slab, *, histories: int, seed: int = 1) -> tuple[Ratios, Ratios]:
    """Without and with grid, over 2 x 2 cm of the detector."""
    beam = BEAMS[case.beam]
    scene = slab(
        case.thick, case.field, exit_cm=case.isocentre + 0.5 * case.thick, plane=100.0, half=1.0
    )
    return _both(scene, beam, paths_of(case), opened(case), histories=histories, seed=seed)


def paths_of(case: Slab) -> PathLengths:
    """The slab as path lengths."""
    carm = _carm(case.isocentre)
    at = (np.arange(PIXELS) + 0.5) / PIXELS * 2.0 - 1.0
    slope = at * 0.5 * SIDE_MM / carm.source_detector_mm
    way = case.thick * np.sqrt(1.0 + slope[:, None] ** 2 + slope**2)
    return PathLengths(carm, {"soft": way.astype(np.float32)})


def opened(case: Slab) -> NDArray[np.float32]:
    """The field that blades leave open."""
    side = case.field * 10.0 * case.isocentre / 100.0
    return openness(_carm(case.isocentre), Collimation(side, side), focal_spot_mm=0.6)


def of_patient(
    patient: Materials,
    at_mm: Floats,
    orbital_deg: float,
    beam: str,
    *,
    histories: int,
    seed: int = 1,
) -> tuple[Ratios, Ratios]:
    """Without and with grid, over 8 x 8 cm of the detector, the whole of it open."""
    carm = replace(aimed(_carm(60.0), at_mm), orbital_deg=orbital_deg)
    scene = scene_of(patient, carm, half=4.0)
    light = replace(Beam.preset(beam), anode_side="none")
    paths = project(patient, carm).continued()
    return _both(scene, light, paths, None, histories=histories, seed=seed)


def ours(
    paths: PathLengths,
    beam: Beam,
    detector: Detector,
    field: NDArray[np.float32] | None,
    half: float,
) -> float:
    """Scatter over primary of the package within ``half`` cm of the middle of the detector."""
    veil = scatter_veil(paths, beam, detector, field)
    primary, _ = transmitted(paths, bins(beam, paths.carm, detector, materials()))
    reach = round(10.0 * half * PIXELS / SIDE_MM)
    middle = (slice(PIXELS // 2 - reach, PIXELS // 2 + reach),) * 2
    return float(veil[middle].mean() / primary[middle].mean())


def _both(
    scene: Scene,
    beam: Beam,
    paths: PathLengths,
    field: NDArray[np.float32] | None,
    *,
    histories: int,
    seed: int,
) -> tuple[Ratios, Ratios]:
    grid = PANEL.grid
    assert isinstance(grid, Grid)
    weights = weights_of(beam)
    found = simulate(scene, weights, PANEL, grid, histories=histories, seed=seed, cells=1)
    at = scene.half * ((np.arange(40) + 0.5) / 20.0 - 1.0)
    places = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2)
    primary = unscattered(scene, weights, PANEL, grid, places).mean(axis=1)
    ratio, error = found.scatter[:, 0, 0] / primary, found.spread[:, 0, 0] / primary
    made = [ours(paths, beam, panel, field, scene.half) for panel in (NO_GRID, PANEL)]
    without, behind = (
        Ratios(*(float(one) for one in three)) for three in zip(ratio, error, made, strict=True)
    )
    return without, behind


def report_195(*, histories: int, seed: int = 1) -> dict[str, float]:
    """Ours over the report's energies of case 2; air before the body acts as on a narrow beam."""
    kev = energies_kev()
    at = int(np.searchsorted(kev, 56.4))
    weights = np.zeros_like(kev)
    share = (56.4 - kev[at - 1]) / (kev[at] - kev[at - 1])
    weights[at - 1], weights[at] = 1.0 - share, share
    density = np.zeros((2, 26, 26, 40))
    density[0] = 1.03
    slope = 19.5 / 180.0
    scene = Scene(
        density,
        np.array([-19.5, -19.5, 155.0]),
        np.array([19.5, 19.5, 175.0]),
        180.0,
        19.5,
        np.array([slope, slope, 0.0, 0.0]),
    )
    assert PANEL.grid is not None
    found = simulate(
        scene, weights, PANEL, PANEL.grid, histories=histories, seed=seed, soft=SOFT_TISSUE
    )
    evenly = slope * ((np.arange(400) + 0.5) / 200.0 - 1.0)
    # photons are even over the detector here, and over the sphere there
    weight = ((1.0 + evenly[:, None] ** 2 + evenly**2) ** -1.5).mean()
    left = found.absorbed * 1e3 / weight * np.exp(-_AIR_CM * _AIR_MU)
    ratios = {"body": float(left.sum()) / REPORT_195_EV}
    for deep, ev in REPORT_195_CUBES_EV.items():
        layers = slice(int(2 * (deep + 8.5)), int(2 * (deep + 11.5)))
        ratios[f"cube {deep:+d} cm"] = float(left[12:14, 12:14, layers].sum()) / ev
    middle = slice(17, 23)
    beside = [left[2:4, 12:14], left[-4:-2, 12:14], left[12:14, 2:4], left[12:14, -4:-2]]
    mean = np.mean([one[..., middle].sum() for one in beside])
    ratios["cubes 15 cm beside"] = float(mean) / REPORT_195_BESIDE_EV
    return ratios


def _carm(isocentre: float) -> CArm:
    return CArm(
        (0.0, 0.0, 0.0),
        shape=(PIXELS, PIXELS),
        pixel_mm=SIDE_MM / PIXELS,
        source_isocentre_mm=10.0 * isocentre,
    )
