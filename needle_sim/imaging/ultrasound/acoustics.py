"""What each tissue does to a beam: loss on the way, speckle, echoes where two meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.tissue import Acoustic, label, tissues
from needle_sim.errors import PresetError
from needle_sim.imaging.ultrasound.probe import Probe

Floats = NDArray[np.float64]

# Amplitudes are those of the echo of a perfect mirror, square to the beam: 0 dB.
MUSCLE_DB = -56.0
"""Mean speckle of muscle (proposed; rough bone, blurred, then stands some 35 dB above it)."""

SOFT_ECHO = 0.35
"""Share of the reflection at a face between soft tissues that comes back: they are rough and
uneven (proposed; the ratio of two such faces is that of their reflections)."""

AIR, BONES = label("air"), (label("cortical_bone"), label("trabecular_bone"))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Per tissue label (T,), in the order of `needle_sim.anatomy.tissue.tissues`.

    Parameters
    ----------
    impedance_mrayl : (T,) array, MRayl
    loss_db_mm : (T,) array, dB/mm
        There and back.
    speckle : (T,) array
        Mean amplitude of the speckle.
    wall : (T,) array
        Amplitude that a membrane reflects.
    anisotropy_db : (T,) array, dB
    """

    impedance_mrayl: Floats
    loss_db_mm: Floats
    speckle: Floats
    wall: Floats
    anisotropy_db: Floats


def acoustic_of(index: int) -> Acoustic:
    """The sound of a tissue by label; `PresetError` where its table has none."""
    tissue = tissues()[index]
    if tissue.acoustic is None:
        raise PresetError(f"tissues.toml: {tissue.name}.acoustic is missing")
    return tissue.acoustic


def table_for(probe: Probe) -> Table:
    """Losses and levels at the probe's frequency.

    Loss there and back is ``2 alpha f``; impedance is density times speed of sound.
    """
    sound = [acoustic_of(index) for index in range(len(tissues()))]
    density = np.array([tissue.density_kg_m3 for tissue in tissues()])
    alpha = np.array([one.attenuation_db_cm_mhz for one in sound])
    return Table(
        density * np.array([one.speed_m_s for one in sound]) * 1e-6,
        2.0 * alpha * probe.frequency_mhz * 0.1,
        10.0 ** ((MUSCLE_DB + np.array([one.level_db for one in sound])) / 20.0),
        np.array([one.wall for one in sound]),
        np.array([one.anisotropy_db for one in sound]),
    )


def reflection(first_mrayl: float, second_mrayl: float) -> float:
    """Amplitude reflected at a plane face, square to the beam: (Z2 - Z1) / (Z2 + Z1)."""
    return (second_mrayl - first_mrayl) / (second_mrayl + first_mrayl)
