"""`bare`: what a beam leaves behind a patient, instruments apart; many pictures rest on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray import _kernels
from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.beam import Beam, materials
from needle_sim.imaging.xray.chords import Shadow, shadow
from needle_sim.imaging.xray.collimation import Collimation, openness
from needle_sim.imaging.xray.contrast import with_contrast
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.flanks import made_up_share
from needle_sim.imaging.xray.materials import COMPOSITION
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.receptor.sharpness import reach_px, spread
from needle_sim.imaging.xray.scatter import scatter_veil
from needle_sim.imaging.xray.shadows.displaced import displaced
from needle_sim.imaging.xray.transmission import Bins, bins, transmitted
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.jit import in_slabs
from needle_sim.volume.volume import Volume

Image = NDArray[np.float32]

_SLAB = 512  # pixels
_PIXEL_US = 2.0  # about what one takes with its sub-rays


@dataclass(frozen=True, slots=True, eq=False)
class Bare:
    """What a beam leaves behind a patient without instruments: worked out once for many pictures.

    ``signal`` (R, C) is the primary, ``energy`` its mean quantum, ``veil`` the scatter and
    ``seen`` both of them blurred by focal spot and scintillator; keV a pixel. ``open`` is the share
    of the beam that a collimated field lets through, where there is one; ``made_up`` (R, C) that of
    the mass which flanks have that were made up.
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
    collimation: Collimation | None = None
    open: Image | None = None
    made_up: Image | None = None


def bare(
    paths: PathLengths,
    beam: Beam,
    *,
    contrast: Volume | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    veil: Image | None = None,
) -> Bare:
    """The part of an exposure that instruments and noise leave as it is; see `exposure.expose`.

    ``veil`` (R, C) is the scatter in a picture before of the same patient, beam and detector: some
    millilitres of contrast leave it as it is.
    """
    carm = paths.carm
    used = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    cut, beside, paths = paths.cut, paths.flanks_g_cm2, _whole(paths, contrast)
    spectrum = bins(beam, carm, used, materials())
    primary, squared = transmitted(paths, spectrum)
    signal, opened = panel.aperture(primary), None
    if collimation is not None:
        opened = openness(carm, collimation, focal_spot_mm=used.focal_spot_mm)
        signal = signal * opened
    veil = scatter_veil(paths, beam, used, opened) if veil is None else veil
    seen = spread(signal + veil, panel.blur(carm, used))
    # where nothing comes through nothing is weighed
    energy = np.asarray(squared / np.maximum(primary, np.float32(1e-30)), np.float32)
    mass = sum(paths.mass_g_cm2.values(), np.zeros(carm.shape, np.float32))
    kept = (paths, beam, used, cut, spectrum, signal, energy, veil, seen)
    return Bare(*kept, collimation, opened, made_up_share(beside, mass))


def with_needles(
    behind: Bare, needles: Sequence[PlacedNeedle], tools: Sequence[PlacedTool] = ()
) -> tuple[Image, Image]:
    """The blurred signal and mean quantum (R, C) with instruments.

    Only about them is it done again.
    """
    carm = behind.paths.carm
    cast = shadow(carm, (*needles, *tools))
    if len(cast.rows) == 0:
        return behind.seen, behind.energy
    signal, energy = behind.signal.copy(), behind.energy.copy()
    darken(signal, energy, cast, behind.paths, behind.spectrum)
    taps = panel.blur(carm, behind.detector)
    reach = reach_px(taps)
    inner = tuple(
        slice(max(int(at.min()) - reach, 0), min(int(at.max()) + reach + 1, side))
        for at, side in zip((cast.rows, cast.columns), carm.shape, strict=True)
    )
    outer = tuple(
        slice(max(part.start - reach, 0), min(part.stop + reach, side))
        for part, side in zip(inner, carm.shape, strict=True)
    )
    again = spread(signal[outer] + behind.veil[outer], taps)
    seen = behind.seen.copy()
    seen[inner] = again[
        tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
    ]
    return seen, energy


def _whole(paths: PathLengths, contrast: Volume | None) -> PathLengths:
    """The patient gone on beyond the volume, with the contrast in it."""
    return paths.continued() if contrast is None else with_contrast(paths.continued(), contrast)


def darken(signal: Image, energy: Image, cast: Shadow, paths: PathLengths, bins: Bins) -> None:
    """Multiply the pixels that instruments touch by what they let through, bin by bin."""
    at = cast.rows, cast.columns
    names = [COMPOSITION[name] for name in paths.mass_g_cm2]
    bare = _left(cast, [image[at][:, None] for image in paths.mass_g_cm2.values()], names, bins)
    gone = _gone(cast, paths)
    masses = [
        np.maximum(image[at][:, None] - gone[name], np.float32(0.0))
        if name in gone
        else np.broadcast_to(image[at][:, None], cast.tissue_cm.shape)
        for name, image in paths.mass_g_cm2.items()
    ]
    left = _left(cast, [*masses, *cast.mass_g_cm2], [*names, *cast.materials], bins)
    tiny = np.finfo(np.float32).tiny
    signal[at] *= left[0] / np.maximum(bare[0], tiny)
    energy[at] = left[1] / np.maximum(left[0], tiny)


def _gone(cast: Shadow, paths: PathLengths) -> dict[str, Image]:
    """What of the patient gave way (N, S), g/cm2, by basis material.

    Soft tissue as dense as water where the patient is not at hand.
    """
    if paths.patient is not None:
        return displaced(paths.patient, paths.carm, cast)
    return {"soft": cast.tissue_cm}


def _left(cast: Shadow, masses: Sequence[Image], names: Sequence[str], bins: Bins) -> Image:
    """Signal, and signal times its energy, (2, N): means over the sub-rays of masses (N, S)."""
    rays = np.broadcast_shapes(*(one.shape for one in masses))[1] if masses else 1
    slopes = np.array([bins.mu_rho[name] for name in names])
    energy, pixels = bins.energy_kev.astype(np.float32), len(cast.rows)
    out = np.empty((2, pixels), dtype=np.float32)

    def work(start: int, stop: int) -> None:
        count = (stop - start) * rays
        flat = np.stack([one[start:stop].reshape(-1) for one in masses])
        line, bits = np.empty(count, np.float32), np.empty(count, np.int32)
        where = bins.rows_kev, cast.rows[start:stop]
        _kernels.beer_at(
            flat, slopes, *where, energy, line, bits, out[0, start:stop], out[1, start:stop]
        )

    in_slabs(work, pixels, slab=_SLAB, row_us=_PIXEL_US * rays / 13)
    return out
