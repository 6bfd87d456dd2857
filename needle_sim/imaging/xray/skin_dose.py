"""`skin_dose`: where on the skin a tally fell, and how much the skin got at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.anatomy.skin import find_patient
from needle_sim.errors import InputError
from needle_sim.geometry.transform import VOXEL, Transform
from needle_sim.imaging.xray.beam import Beam, half_value_layer_mm
from needle_sim.imaging.xray.collimation import open_share, openness
from needle_sim.imaging.xray.dose import REFERENCE_TO_ISOCENTRE_MM
from needle_sim.imaging.xray.stand import checked_position
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally
from needle_sim.volume.volume import Volume

Floats = NDArray[np.float64]

_STEP_MM = 4.0  # of the skin along the body
_ANGLES = 120  # places around it
_ALONG_MM = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Places on the skin, ring by ring along the body.

    Parameters
    ----------
    points_mm : (Z, A, 3) array, mm
        Patient LPS; the outermost of the body seen from the middle of each ring.
    outward : (Z, A, 3) array
        Unit normals.
    """

    points_mm: Floats
    outward: Floats

    def __post_init__(self) -> None:
        if self.points_mm.ndim != 3 or self.points_mm.shape != self.outward.shape:
            raise InputError(
                f"skin is (Z, A, 3) points and as many normals, got {self.points_mm.shape} and "
                f"{self.outward.shape}"
            )
        self.points_mm.flags.writeable = self.outward.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class SkinDose:
    """Absorbed dose of the skin.

    Parameters
    ----------
    skin : Skin
    dose_mgy : (Z, A) array, mGy
        Backscatter, table and distance included.
    """

    skin: Skin
    dose_mgy: Floats

    @property
    def peak_mgy(self) -> float:
        """Peak skin dose."""
        return float(self.dose_mgy.max())

    @property
    def peak_mm(self) -> Floats:
        """Where it is (3,), patient LPS."""
        place = np.unravel_index(self.dose_mgy.argmax(), self.dose_mgy.shape)
        return np.asarray(self.skin.points_mm[place])


def skin_of(ct: Volume) -> Skin:
    """The skin of a CT, table and cushions left out, every 4 mm or so and every 3 degrees."""
    steps = [max(1, round(_STEP_MM / float(side))) for side in ct.spacing_mm]
    scale = np.diag([*map(float, steps), 1.0])
    coarse = Volume(
        np.ascontiguousarray(ct.array[:: steps[0], :: steps[1], :: steps[2]]),
        ct.patient_from_voxel @ Transform(scale, target=VOXEL, source=VOXEL),
        quantity=ct.quantity,
    )
    body, _ = find_patient(coarse)
    rings = [index for index in range(len(body)) if body[index].any()]
    places = np.stack([_ring(body[index], index, coarse) for index in rings])
    along, around = np.gradient(places, axis=0), np.roll(places, -1, 1) - np.roll(places, 1, 1)
    normal = np.cross(along, around)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    middle = places.mean(axis=1, keepdims=True)
    inward = (normal * (places - middle)).sum(axis=-1, keepdims=True) < 0
    return Skin(places, np.where(inward, -normal, normal))


def _ring(body: NDArray[np.bool_], index: int, grid: Volume) -> Floats:
    """Outermost places (A, 3) of a slice of the body, between voxels inside and outside."""
    rows, columns = np.nonzero(body)
    side = grid.spacing_mm[1:]
    way = np.linspace(0.0, 2.0 * np.pi, _ANGLES, endpoint=False)
    reach = np.arange(0.0, np.hypot(*(np.array(body.shape) * side)), _ALONG_MM)
    at_row = rows.mean() + reach[None, :] * np.sin(way)[:, None] / side[0]
    at_column = columns.mean() + reach[None, :] * np.cos(way)[:, None] / side[1]
    padded = np.pad(body, 1)
    inside = padded[
        np.clip(np.rint(at_row).astype(int) + 1, 0, padded.shape[0] - 1),
        np.clip(np.rint(at_column).astype(int) + 1, 0, padded.shape[1] - 1),
    ]
    last = np.where(inside, np.arange(len(reach)), 0).max(axis=1)
    each = np.arange(_ANGLES)
    voxels = np.stack([np.full(_ANGLES, float(index)), at_row[each, last], at_column[each, last]])
    return np.asarray(grid.patient_from_voxel.apply(voxels.T))


def skin_dose(skin: Skin, tally: DoseTally, *, position: str = "prone") -> SkinDose:
    """The dose that each place of the skin got from the beams that enter there.

    Parameters
    ----------
    skin : Skin
        From `skin_of`.
    tally : DoseTally
    position : "prone" or "supine"
        Which beams come through the table.

    Returns
    -------
    SkinDose
        Kerma at the reference point, by the inverse square of the distance, times backscatter,
        table and the absorption of tissue over air; where the skin faces the focal spot inside the
        field. What passes out of the patient, and heel and table edges, are left out.
    """
    checked_position(position)
    total = np.zeros(skin.points_mm.shape[:2])
    for event in tally.events:
        total += _of_event(skin, event, 1.0 if position == "prone" else -1.0)
    return SkinDose(skin, total)


def _of_event(skin: Skin, event: DoseEvent, up: float) -> Floats:
    """Dose (Z, A), mGy; ``up`` is the sign of the axis that points off the table, +y posterior."""
    carm, rules = event.carm, skin_rules()
    away = skin.points_mm - carm.source_mm
    distance = np.linalg.norm(away, axis=-1)
    facing = (away * skin.outward).sum(axis=-1) < 0
    local = carm.patient_from_carm.inverse().apply(skin.points_mm)
    depth = np.maximum(local[..., 2], 1e-6)
    at = local[..., 1::-1] * (carm.source_detector_mm / carm.pixel_mm / depth)[..., None]
    at = np.rint(at + 0.5 * (np.array(carm.shape) - 1)).astype(int)
    seen = ((at >= 0) & (at < carm.shape)).all(axis=-1) & (local[..., 2] > 0)
    lit = np.where(seen & facing, 1.0, 0.0)
    share = 1.0
    if event.collimation is not None:
        field = openness(carm, event.collimation, focal_spot_mm=0.0)
        at = np.clip(at, 0, np.array(carm.shape) - 1)
        lit = lit * field[at[..., 0], at[..., 1]]
        share = open_share(carm, event.collimation)
    if not (lit > 0).any():
        return lit
    side = carm.pixel_mm * np.sqrt(share * carm.shape[0] * carm.shape[1])
    entry_mm = float(np.median(depth[lit > 0]))
    factor = backscatter(event.pulse, side * entry_mm / carm.source_detector_mm)
    factor *= rules["tissue_over_air"]
    if float(carm.beam_direction[1]) * up > np.cos(np.radians(rules["table_deg"])):
        factor *= rules["table_transmission"]
    reference_mm = carm.source_isocentre_mm - REFERENCE_TO_ISOCENTRE_MM
    return np.asarray(lit * event.kerma_mgy * factor * (reference_mm / distance) ** 2)


def backscatter(beam: Beam, side_mm: float) -> float:
    """Kerma on the skin over kerma free in air, for a square field of this side on the skin.

    References
    ----------
    Benmakhlouf et al. (2013), doi:10.1088/0031-9155/58/2/247, equation 8.
    """
    rules = skin_rules()
    layer = half_value_layer_mm(beam)
    powers = np.outer(layer ** np.arange(3), beam.kvp ** np.arange(3)).ravel()
    return float(
        np.interp(side_mm / 10.0, rules["sides_cm"], powers @ np.array(rules["backscatter"]))
    )


@cache
def skin_rules() -> Mapping[str, Any]:
    """What skin gets of a beam (``dose.toml``, table ``skin``)."""
    presets.numbers(presets.table("dose", "skin"), "dose.toml: skin.")
    return MappingProxyType(presets.plain(presets.table("dose", "skin")))
