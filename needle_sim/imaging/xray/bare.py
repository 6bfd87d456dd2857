"""`bare`: what a beam leaves behind a patient, needles apart; many pictures rest on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.beam import Beam, material
from needle_sim.imaging.xray.chords import Shadow, shadow
from needle_sim.imaging.xray.contrast import with_contrast
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.transmission import Bins, bins, transmitted
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.volume.volume import Volume

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bare:
    """What a beam leaves behind a patient without needles: worked out once for many pictures.

    ``signal`` (R, C) is the primary, ``energy`` its mean quantum, ``veil`` the scatter and
    ``seen`` both of them blurred by the focal spot; keV a pixel.
    """

    paths: PathLengths
    beam: Beam
    detector: Detector
    cut: NDArray[np.bool_]
    spectrum: Bins
    signal: Image
    energy: Image
    veil: Image
    seen: Image


def bare(
    paths: PathLengths,
    beam: Beam,
    *,
    contrast: Volume | None = None,
    detector: Detector | None = None,
) -> Bare:
    """The part of an exposure that needles and noise leave as it is; see `exposure.expose`."""
    carm = paths.carm
    used = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    cut, paths = paths.cut, _whole(paths, contrast)
    names = (*(COMPOSITION[name] for name in paths.mass_g_cm2), "water", "steel")
    spectrum = bins(beam, carm, used, names)
    primary, squared = transmitted(paths, spectrum)
    signal = panel.aperture(primary)
    mass = sum(paths.mass_g_cm2.values(), np.zeros(carm.shape, np.float32))
    veil = panel.scatter_veil(signal, mass, carm, used)
    seen = panel.blurred(signal + veil, panel.focal_variance(carm, used))
    return Bare(paths, beam, used, cut, spectrum, signal, squared / primary, veil, seen)


def with_needles(behind: Bare, needles: Sequence[PlacedNeedle]) -> tuple[Image, Image]:
    """The blurred signal and mean quantum (R, C) with needles; only about them is it done again."""
    carm = behind.paths.carm
    signal, energy = behind.signal.copy(), behind.energy.copy()
    cast = shadow(carm, needles, material("steel").density_g_cm3)
    if len(cast.rows) == 0:
        return behind.seen, behind.energy
    _darken(signal, energy, cast, behind.paths, behind.spectrum)
    variance = panel.focal_variance(carm, behind.detector)
    reach = panel.reach_px(variance)
    inner = tuple(
        slice(max(int(at.min()) - reach, 0), min(int(at.max()) + reach + 1, side))
        for at, side in zip((cast.rows, cast.columns), carm.shape, strict=True)
    )
    outer = tuple(
        slice(max(part.start - reach, 0), min(part.stop + reach, side))
        for part, side in zip(inner, carm.shape, strict=True)
    )
    again = panel.blurred(signal[outer] + behind.veil[outer], variance)
    seen = behind.seen.copy()
    seen[inner] = again[
        tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
    ]
    return seen, energy


def _whole(paths: PathLengths, contrast: Volume | None) -> PathLengths:
    """The patient gone on beyond the volume, with the contrast in it."""
    return paths.continued() if contrast is None else with_contrast(paths.continued(), contrast)


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
