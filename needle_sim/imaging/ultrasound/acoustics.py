"""What each tissue does to a beam: loss on the way, speckle, echoes where two meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.tissue import Acoustic, bone_labels, families, label, tissues
from needle_sim.errors import PresetError
from needle_sim.imaging.ultrasound.probe import Probe

Floats = NDArray[np.float64]

# Amplitudes are those of the echo of a perfect mirror, square to the beam: 0 dB.
MUSCLE_DB = -56.0
"""Mean speckle of muscle (proposed; rough bone, blurred, then stands some 35 dB above it)."""

SOFT_ECHO = 0.35
"""Share of the reflection at a face between soft tissues that comes back: they are rough and
uneven (proposed; the ratio of two such faces is that of their reflections)."""

ALIKE = 0.2
"""Impedances that differ by less are those of one tissue with another filling (proposed)."""

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
    kin : (T,) array
        The label that a tissue sounds as: its family's, unless it is harder or softer than that.
    """

    impedance_mrayl: Floats
    loss_db_mm: Floats
    speckle: Floats
    wall: Floats
    anisotropy_db: Floats
    kin: NDArray[np.int64]


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
        kin(),
    )


def kin() -> NDArray[np.int64]:
    """The label (T,) that each tissue sounds as, so that no face is heard within a muscle group.

    That of its family, where their impedances agree to `ALIKE`, and always for gas and bone.
    """
    sound = [acoustic_of(index).speed_m_s for index in range(len(tissues()))]
    hard = np.array(sound) * np.array([tissue.density_kg_m3 for tissue in tissues()])
    family = families().astype(np.int64)
    alike = np.abs(hard / hard[family] - 1.0) <= ALIKE
    alike |= np.isin(family, [AIR, *bone_labels()])
    return np.where(alike, family, np.arange(len(family)))


def reflection(first_mrayl: float, second_mrayl: float) -> float:
    """Amplitude reflected at a plane face, square to the beam: (Z2 - Z1) / (Z2 + Z1)."""
    return (second_mrayl - first_mrayl) / (second_mrayl + first_mrayl)
