"""`read_out`: from the signal that meets the receptor to the picture: optics, noise, notes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.receptor.intensifier import (
    bent,
    nearest,
    opening,
    seen_at,
    veiled,
)
from needle_sim.volume.volume import Note

Image = NDArray[np.float32]

_STARVED_SHARE = 0.02  # of the middle of the field, from which a note is made
_LOOKED_AT = 128  # rows and columns of the field that are looked at for it


def read_out(
    signal: Image,
    quantum_kev: Image,
    carm: CArm,
    detector: Detector,
    rng: np.random.Generator | None,
) -> tuple[Image, tuple[Note, ...]]:
    """The picture of a blurred signal, and what is to be said of it.

    Parameters
    ----------
    signal, quantum_kev : (R, C) float32 arrays, keV
        What a pixel gathers, and what a quantum weighs in its variance.
    carm : CArm
    detector : Detector
        An intensifier veils and bends the picture before quanta are counted.
    rng : Generator or None
        Draws the noise; without it there is none.

    Returns
    -------
    (R, C) float32 array, keV, and tuple of Note
        A fresh array.
    """
    if detector.intensifier is not None:
        signal = bent(veiled(signal, carm, detector.intensifier), carm, detector.intensifier)
        quantum_kev = nearest(quantum_kev, carm, detector.intensifier)
    notes = _starved(signal, quantum_kev, carm, detector)
    if rng is None:
        return np.array(signal, dtype=np.float32, order="C"), notes
    return panel.noisy(signal, quantum_kev, carm, detector, rng), notes


def as_seen(rowcol: NDArray[np.float64], carm: CArm, detector: Detector) -> NDArray[np.float64]:
    """Where places (..., 2) of the flat detector are seen."""
    if detector.intensifier is None:
        return rowcol
    return seen_at(detector.intensifier, carm, rowcol)


def mask_seen(mask: NDArray[np.bool_], carm: CArm, detector: Detector) -> NDArray[np.bool_]:
    """A mask (R, C) of the flat detector as it is seen."""
    return mask if detector.intensifier is None else nearest(mask, carm, detector.intensifier)


def share_seen(share: Image, carm: CArm, detector: Detector) -> Image:
    """Values (R, C) of the rays of the flat detector as they are seen; 0 outside a round field."""
    return share if detector.intensifier is None else nearest(share, carm, detector.intensifier)


def open_seen(opened: Image | None, carm: CArm, detector: Detector) -> Image | None:
    """Openness (R, C) of the field as it is seen: blades (None: wide open) and round screen."""
    if detector.intensifier is None:
        return opened
    screen = opening(carm, detector.intensifier)
    return screen if opened is None else screen * nearest(opened, carm, detector.intensifier)


def _starved(signal: Image, quantum_kev: Image, carm: CArm, detector: Detector) -> tuple[Note, ...]:
    """A note where electronic noise outweighs that of the quanta in the middle of the field."""
    rows, columns = carm.shape
    step = max(1, min(rows, columns) // _LOOKED_AT)
    middle = (
        slice(rows // 4, rows - rows // 4, step),
        slice(columns // 4, columns - columns // 4, step),
    )
    least = panel.electronic_kev(carm, detector) ** 2
    got, each = signal[middle], np.maximum(quantum_kev[middle], np.float32(1.0))
    share = float((got * each < least).mean())
    if share < _STARVED_SHARE:
        return ()
    quanta = float(np.median(got / each))
    return (
        Note(
            "",
            "",
            f"{100 * share:.0f} % of the middle of the field, {quanta:.2g} quanta a pixel",
            "the beam is starved of photons: electronic noise outweighs quantum noise; "
            "raise mas or kvp, or take a filter out",
        ),
    )
