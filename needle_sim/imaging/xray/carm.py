"""`CArm`: where the focal spot and the detector are, and where a point falls on the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.geometry.transform import CARM, PATIENT, Transform

# Columns are the C-arm axes in patient LPS at zero angles: +x left, +y towards the feet, +z
# posterior. The tube is anterior, under a prone patient, and rows run from head to foot.
_REST = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
_MOST_PIXELS = 4096


@dataclass(frozen=True, slots=True)
class CArm:
    """A C-arm pose and its flat detector.

    The C-arm frame has its origin at the focal spot and +z towards the detector. Positive
    ``orbital_deg`` swings the detector to the patient's left, positive ``tilt_deg`` towards the
    head: at 0, 0 the detector is posterior (above a prone patient).

    Parameters
    ----------
    isocentre_mm : (3,) floats, mm
        Patient LPS; falls on the middle of the detector.
    orbital_deg, tilt_deg : float, degrees
        Ipsilateral oblique of a degrees is ``orbital_deg`` -a on the right and +a on the left.
    source_isocentre_mm, source_detector_mm : float, mm
        Distances from the focal spot.
    pixel_mm : float, mm
        Side of a square detector pixel.
    shape : (rows, columns)
        Pixels of the detector.
    """

    isocentre_mm: tuple[float, float, float]
    orbital_deg: float = 0.0
    tilt_deg: float = 0.0
    source_isocentre_mm: float = 600.0
    source_detector_mm: float = 1000.0
    pixel_mm: float = 0.5
    shape: tuple[int, int] = (512, 512)

    def __post_init__(self) -> None:
        centre = tuple(float(value) for value in self.isocentre_mm)
        lengths = (self.source_isocentre_mm, self.source_detector_mm, self.pixel_mm)
        numbers = (*centre, self.orbital_deg, self.tilt_deg, *lengths)
        if len(centre) != 3 or not np.isfinite(numbers).all():
            raise InputError(f"a C-arm pose is made of finite numbers, got {self}")
        if not 0 < self.source_isocentre_mm < self.source_detector_mm:
            raise InputError(
                "the isocentre must lie between source and detector: "
                f"{self.source_isocentre_mm=} {self.source_detector_mm=}"
            )
        if not 0 < self.pixel_mm <= 20:
            raise InputError(f"pixel_mm must be over 0 and at most 20, got {self.pixel_mm}")
        rows, columns = self.shape
        if not (1 <= rows <= _MOST_PIXELS and 1 <= columns <= _MOST_PIXELS):
            raise InputError(f"a detector has 1 to {_MOST_PIXELS} pixels a side, got {self.shape}")
        object.__setattr__(self, "isocentre_mm", centre)
        object.__setattr__(self, "shape", (int(rows), int(columns)))

    @classmethod
    def preset(cls, name: str) -> CArm:
        """A shipped C-arm by name, at zero angles about the patient's origin; see `aimed`."""
        table = presets.table("carms", name)
        where = f"carms.toml: {name}"
        presets.numbers(table, f"{where}.")
        # sub-tables (detector, modes, collimator ...) are read where they are used
        entries = {
            key: value
            for key, value in table.items()
            if not isinstance(value, dict) or "value" in value
        }
        return presets.into(cls, {"isocentre_mm": [0.0, 0.0, 0.0], **entries}, where=where)

    @property
    def patient_from_carm(self) -> Transform:
        """The map out of the C-arm frame: origin at the focal spot, +z towards the detector."""
        return _posed(self)

    @property
    def source_mm(self) -> NDArray[np.float64]:
        """The focal spot (3,) in the patient."""
        return self.patient_from_carm.matrix[:3, 3]

    @property
    def column_direction(self) -> NDArray[np.float64]:
        """Unit vector (3,) in patient LPS along which the column index grows."""
        return self.patient_from_carm.matrix[:3, 0]

    @property
    def row_direction(self) -> NDArray[np.float64]:
        """Unit vector (3,) in patient LPS along which the row index grows."""
        return self.patient_from_carm.matrix[:3, 1]

    @property
    def beam_direction(self) -> NDArray[np.float64]:
        """Unit vector (3,) in patient LPS of the central ray, from focal spot to detector."""
        return self.patient_from_carm.matrix[:3, 2]

    @property
    def magnification(self) -> float:
        """Magnification of what lies at the isocentre."""
        return self.source_detector_mm / self.source_isocentre_mm

    def pixel_rays(self) -> NDArray[np.float64]:
        """``D`` (3, 3) so that ``D @ (row, column, 1)`` runs from focal spot to pixel, LPS mm."""
        rows, columns = self.shape
        to_middle = (
            self.source_detector_mm * self.beam_direction
            - 0.5 * (rows - 1) * self.pixel_mm * self.row_direction
            - 0.5 * (columns - 1) * self.pixel_mm * self.column_direction
        )
        along = (self.pixel_mm * self.row_direction, self.pixel_mm * self.column_direction)
        return np.stack([*along, to_middle], axis=1)


@lru_cache(maxsize=64)
def _posed(carm: CArm) -> Transform:
    turn = Rotation.from_euler("ZX", [-carm.orbital_deg, carm.tilt_deg], degrees=True)
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix() @ _REST
    matrix[:3, 3] = carm.isocentre_mm - carm.source_isocentre_mm * matrix[:3, 2]
    return Transform(matrix, target=PATIENT, source=CARM)


def aimed(carm: CArm, at_mm: ArrayLike) -> CArm:
    """The same pose about another isocentre ``at_mm`` (3,), patient LPS."""
    x, y, z = np.asarray(at_mm, dtype=np.float64)
    return replace(carm, isocentre_mm=(float(x), float(y), float(z)))


def project_points(carm: CArm, points_mm: ArrayLike) -> NDArray[np.float64]:
    """Where points of the patient fall on the picture.

    Parameters
    ----------
    carm : CArm
    points_mm : (..., 3) array, mm
        Patient LPS; in front of the focal spot.

    Returns
    -------
    (..., 2) array, pixels
        Row and column, centre of the first pixel at 0; may lie outside the detector.
    """
    local = carm.patient_from_carm.inverse().apply(points_mm)
    depth = local[..., 2]
    if not (depth > 0).all():
        raise InputError(
            f"a point lies {-float(depth.min()):.1f} mm behind the focal spot; "
            "move the isocentre or lengthen source_isocentre_mm"
        )
    on_detector = local[..., 1::-1] * (carm.source_detector_mm / carm.pixel_mm / depth)[..., None]
    middle = 0.5 * (np.array(carm.shape) - 1)
    return np.asarray(on_detector + middle)


def rays_of_pixels(
    carm: CArm, rowcol: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rays that fall on places of the picture; the inverse of `project_points`.

    Parameters
    ----------
    carm : CArm
    rowcol : (..., 2) array, pixels
        Row and column, fractions allowed; may lie outside the detector.

    Returns
    -------
    (3,) array, mm, and (..., 3) array
        The focal spot in patient LPS, and unit vectors from it towards the detector.
    """
    places = np.asarray(rowcol, dtype=np.float64)
    if places.shape[-1:] != (2,) or not np.isfinite(places).all():
        raise InputError(f"places of a picture are finite (..., 2) row, column; got {rowcol!r}")
    one = np.ones((*places.shape[:-1], 1))
    along = np.concatenate([places, one], axis=-1) @ carm.pixel_rays().T
    return carm.source_mm, along / np.linalg.norm(along, axis=-1, keepdims=True)


def points_at(carm: CArm, rowcol: ArrayLike, depth_mm: ArrayLike) -> NDArray[np.float64]:
    """Points (..., 3), patient LPS, seen at row and column (..., 2) so deep.

    ``depth_mm`` (...) runs along the central ray from the focal spot; that of the isocentre is
    ``carm.source_isocentre_mm``.
    """
    source, along = rays_of_pixels(carm, rowcol)
    depth = np.asarray(depth_mm, dtype=np.float64)
    if not (depth > 0).all():
        raise InputError(f"depth_mm from the focal spot must be over 0, got {depth_mm!r}")
    return np.asarray(source + along * (depth / (along @ carm.beam_direction))[..., None])


def on_detector(carm: CArm, points_mm: ArrayLike) -> NDArray[np.bool_]:
    """Which points (..., 3), patient LPS, the detector sees (...); none behind the focal spot."""
    local = carm.patient_from_carm.inverse().apply(points_mm)
    depth = local[..., 2]
    half = 0.5 * np.array(carm.shape) * carm.pixel_mm / carm.source_detector_mm
    seen = np.abs(local[..., 1::-1]) <= half * depth[..., None]
    return np.asarray(seen.all(axis=-1) & (depth > 0))


def field_meets(carm: CArm, corners_mm: ArrayLike) -> bool:
    """Whether the beam can meet a box at all, by its corners (N, 3) in patient LPS.

    False where all of it lies beyond one side of the field, or behind the focal spot.
    """
    local = carm.patient_from_carm.inverse().apply(np.asarray(corners_mm).reshape(-1, 3))
    if not np.isfinite(local).all():
        raise InputError("the corners of a box are finite points, got NaN or infinity")
    half = 0.5 * np.array(carm.shape) * carm.pixel_mm / carm.source_detector_mm
    across = local[:, 1::-1] / half  # within -depth to depth in the field
    depth = local[:, 2:]
    beyond = np.concatenate([across > depth, -across > depth, depth <= 0], axis=1)
    return not bool(beyond.all(axis=0).any())
