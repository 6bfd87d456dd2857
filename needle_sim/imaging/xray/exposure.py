"""`radiograph`: from path lengths and a beam to the detector's signal, needles included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray import dose
from needle_sim.imaging.xray.beam import Beam, material
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import Shadow, seen_polyline, shadow
from needle_sim.imaging.xray.contrast import with_contrast
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.materials import COMPOSITION, Materials, prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.transmission import Bins, bins, transmitted
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.shown import Shown
from needle_sim.volume.volume import Volume

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph(Shown):
    """One X-ray picture.

    Parameters
    ----------
    array : (R, C) float32 array, keV/pixel
        Detector signal, the energy absorbed; more X-ray is larger. Never flipped.
    carm, beam : CArm, Beam
        How it was taken.
    row_direction, column_direction : (3,) arrays
        Unit vectors in patient LPS along which the row and the column index grow.
    kap_ugy_m2 : float, µGy m2
        Kerma-area product of this picture.
    kerma_mgy : float, mGy
        Air kerma at the patient entrance reference point.
    truth : mapping
        ``"needles"``: tuple of (N, 2) row and column polylines, hub first and tip last;
        ``"cut"``: (R, C) bool, rays that the end of the volume cuts; ``"cut_share"``: their share.
    """

    array: Image
    carm: CArm
    beam: Beam
    row_direction: NDArray[np.float64]
    column_direction: NDArray[np.float64]
    kap_ugy_m2: float
    kerma_mgy: float
    truth: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.array.shape != self.carm.shape or self.array.dtype != np.float32:
            raise InputError(
                f"a picture of {self.carm.shape} float32 is wanted, got {self.array.shape} "
                f"{self.array.dtype}"
            )
        self.array.flags.writeable = False
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))

    def facts(self) -> dict[str, str]:
        """Pose, beam and dose, for a notebook."""
        return {
            "rows x columns": " x ".join(str(side) for side in self.array.shape),
            "orbital, tilt, degrees": f"{self.carm.orbital_deg:g}, {self.carm.tilt_deg:g}",
            "beam": f"{self.beam.kvp:g} kV, {self.beam.mas:.3g} mAs",
            "kerma-area product, µGy m2": f"{self.kap_ugy_m2:.3g}",
            "reference air kerma, mGy": f"{self.kerma_mgy:.3g}",
            "needles": str(len(self.truth.get("needles", ()))),
        }


def radiograph(
    volume_or_materials: Volume | Materials,
    carm: CArm,
    beam: Beam,
    *,
    needles: Sequence[PlacedNeedle] = (),
    contrast: Volume | None = None,
    rng: np.random.Generator | None = None,
    detector: Detector | None = None,
) -> Radiograph:
    """An X-ray picture of a patient: `prepare`, `project` and `expose` in one.

    Give `Materials` (from `prepare`) when more than one picture is taken of a volume.
    """
    patient = volume_or_materials
    materials = prepare(patient) if isinstance(patient, Volume) else patient
    paths = project(materials, carm)
    return expose(paths, beam, needles=needles, contrast=contrast, rng=rng, detector=detector)


def expose(
    paths: PathLengths,
    beam: Beam,
    *,
    needles: Sequence[PlacedNeedle] = (),
    contrast: Volume | None = None,
    rng: np.random.Generator | None = None,
    detector: Detector | None = None,
) -> Radiograph:
    """The picture that a beam makes behind path lengths; the volume is not cast again.

    Parameters
    ----------
    paths : PathLengths
        From `project`; knows its pose. Where the volume ends inside the body, the body is taken to
        go on as soft tissue without detail: see `cut_share`.
    beam : Beam
    needles : sequence of PlacedNeedle
        Drawn by the exact chord of each ray, in the pixels that they touch.
    contrast : Volume or None, mg/mL
        Iodine in the patient (``quantity`` "iodine_mg_ml"); projected here, on its own small grid.
    rng : Generator or None
        Draws quantum and electronic noise; without it the picture has none.
    detector : Detector or None
        ``Detector.preset("mobile_flat_panel")`` when None.

    Returns
    -------
    Radiograph
        Blur and noise act on the finished signal, so that needle and bone are treated alike.
    """
    carm = paths.carm
    panel_used = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    cut, paths = paths.cut, _whole(paths, contrast)
    names = (*(COMPOSITION[name] for name in paths.mass_g_cm2), "water", "steel")
    spectrum = bins(beam, carm, panel_used, names)
    primary, squared = transmitted(paths, spectrum)
    signal, energy = panel.aperture(primary), squared / primary
    if needles:
        cast = shadow(carm, needles, material("steel").density_g_cm3)
        _darken(signal, energy, cast, paths, spectrum)
    mass = sum(paths.mass_g_cm2.values(), np.zeros(carm.shape, np.float32))
    signal = signal + panel.scatter_veil(signal, mass, carm, panel_used)
    blur = panel.focal_variance(carm, panel_used)
    if rng is None:
        signal = panel.blurred(signal, blur + (panel_used.blur_mm / carm.pixel_mm) ** 2)
    else:
        signal = panel.noisy(panel.blurred(signal, blur), energy, carm, panel_used, rng)
    return Radiograph(
        np.ascontiguousarray(signal, dtype=np.float32),
        carm,
        beam,
        carm.row_direction,
        carm.column_direction,
        dose.kerma_area_ugy_m2(beam, carm),
        dose.reference_kerma_mgy(beam, carm),
        {
            "needles": tuple(seen_polyline(carm, placed.shaft_mm) for placed in needles),
            "cut": cut,
            "cut_share": float(cut.mean()),
        },
    )


def _whole(paths: PathLengths, contrast: Volume | None) -> PathLengths:
    """The patient gone on beyond the volume, with the contrast in it."""
    return paths.continued() if contrast is None else with_contrast(paths.continued(), contrast)


def cut_share(radiograph: Radiograph) -> float:
    """Share, 0 to 1, of the field whose rays leave the volume inside the body.

    What lies beyond is drawn as soft tissue without detail, so bone is missing there.
    """
    return float(radiograph.truth.get("cut_share", 0.0))


def _darken(signal: Image, energy: Image, cast: Shadow, paths: PathLengths, bins: Bins) -> None:
    """Multiply the pixels that needles touch by what the needles let through, bin by bin."""
    at = cast.rows, cast.columns
    masses = {name: image[at] for name, image in paths.mass_g_cm2.items()}
    bare = np.zeros((3, len(cast.rows)), dtype=np.float32)
    # tissue gives way to the needle, as far as there is any
    soft = masses.get("soft", np.zeros(len(cast.rows), np.float32))[:, None]
    gone = np.minimum(cast.tissue_cm * np.float32(1.0), soft)
    for index, (kev, mean_kev) in enumerate(zip(bins.signal_kev, bins.energy_kev, strict=True)):
        depth = sum(
            (
                mass * np.float32(bins.mu_rho[COMPOSITION[name]][index])
                for name, mass in masses.items()
            ),
            np.zeros(len(cast.rows), np.float32),
        )
        weight = np.float32(kev) * np.exp(-depth)
        water, steel = (
            np.float32(bins.mu_rho["water"][index]),
            np.float32(bins.mu_rho["steel"][index]),
        )
        through = np.exp(water * (gone - cast.plastic_g_cm2) - steel * cast.steel_g_cm2)
        left = weight * through.mean(axis=1)
        bare += np.stack([weight, left, left * np.float32(mean_kev)])
    signal[at] *= bare[1] / bare[0]
    energy[at] = bare[2] / np.maximum(bare[1], np.finfo(np.float32).tiny)
