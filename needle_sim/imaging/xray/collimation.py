"""`Collimation`: the field that blades and iris leave open, and its soft edges.

Blades stand near the focal spot, which is no point: behind an edge lies a penumbra as wide as the
spot seen through it, ``focal_spot * (source_detector - blade) / blade``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

_LEAST_MM = 2.0  # a narrower field is taken for a slip
_LEAST_PIXELS = 4  # half a side of a cut detector


@dataclass(frozen=True, slots=True)
class Collimator:
    """The blades of a device.

    Parameters
    ----------
    blades_mm, iris_mm : float, mm
        Distance of the straight blades and of the iris from the focal spot.
    leak : float
        Share of the beam that shut blades let through.
    """

    blades_mm: float
    iris_mm: float
    leak: float

    def __post_init__(self) -> None:
        if not (10 <= self.blades_mm <= 600 and 10 <= self.iris_mm <= 600):
            raise InputError(f"blades and iris stand 10 to 600 mm from the focal spot, got {self}")
        if not 0 <= self.leak < 0.1:
            raise InputError(f"leak must be 0 to under 0.1, got {self.leak}")

    @classmethod
    def preset(cls, name: str) -> Collimator:
        """The collimator of a shipped C-arm by the C-arm's name."""
        return _collimator(name)


@cache
def _collimator(name: str) -> Collimator:
    table = presets.table("carms", name).get("collimator")
    where = f"carms.toml: {name}.collimator"
    if not isinstance(table, dict):
        raise InputError(f"{where} is missing: this device has no collimator")
    presets.numbers(table, f"{where}.")
    return presets.into(Collimator, table, where=where)


@dataclass(frozen=True, slots=True)
class Collimation:
    """A field that is set; sizes are taken at the isocentre. What is None stays open.

    Parameters
    ----------
    width_mm, height_mm : float, mm, optional
        Between the blades, across the columns and down the rows of the picture.
    iris_mm : float, mm, optional
        Diameter of the iris; blades and iris may both be set.
    across_mm, down_mm : float, mm
        Where the middle of the field lies, along columns and rows from the middle of the picture.
    turn_deg : float, degrees
        Turn of the blades, from columns towards rows.
    collimator : Collimator
        That of the default device.
    """

    width_mm: float | None = None
    height_mm: float | None = None
    iris_mm: float | None = None
    across_mm: float = 0.0
    down_mm: float = 0.0
    turn_deg: float = 0.0
    collimator: Collimator = field(default_factory=lambda: Collimator.preset(DEFAULT_DETECTOR))

    def __post_init__(self) -> None:
        for name in ("width_mm", "height_mm", "iris_mm"):
            size = getattr(self, name)
            if size is not None and not _LEAST_MM <= size <= 2000:
                raise InputError(
                    f"{name} of a collimated field is {_LEAST_MM:g} to 2000, got {size}"
                )
        if not np.isfinite((self.across_mm, self.down_mm, self.turn_deg)).all():
            raise InputError(f"a collimation is made of finite numbers, got {self}")

    @property
    def centred(self) -> bool:
        """True where the field lies straight in the middle."""
        return self.across_mm == 0 and self.down_mm == 0 and self.turn_deg % 90 == 0

    def to_row(self) -> dict[str, Any]:
        """Flat, unit-named scalars."""
        names = ("width_mm", "height_mm", "iris_mm", "across_mm", "down_mm", "turn_deg")
        return {f"field_{name}": getattr(self, name) for name in names}


def openness(carm: CArm, collimation: Collimation, *, focal_spot_mm: float) -> Image:
    """Share (R, C) of the beam that comes through to each pixel: 1 in the field, leak outside.

    The mean over each pixel of the geometric shadow of a square focal spot of this side; exact for
    straight blades that are not turned, and to second order of penumbra over diameter for an iris.

    Raises
    ------
    InputError
        The field misses the detector.
    """
    _overlap(carm, collimation)
    across, down = _from_middle(carm, collimation)
    scale = carm.magnification
    reach = carm.source_detector_mm
    part = collimation.collimator
    blade = focal_spot_mm * (reach - part.blades_mm) / part.blades_mm
    seen = np.ones(carm.shape)
    for at, size in ((across, collimation.width_mm), (down, collimation.height_mm)):
        if size is not None:
            half = 0.5 * size * scale
            far = _step(-half - at, blade, carm.pixel_mm)  # what the other blade lets past
            seen = seen * np.maximum(_step(half - at, blade, carm.pixel_mm) - far, 0.0)
    if collimation.iris_mm is not None:
        soft = focal_spot_mm * (reach - part.iris_mm) / part.iris_mm
        inside = 0.5 * collimation.iris_mm * scale - np.hypot(across, down)
        seen = seen * _step(inside, soft, carm.pixel_mm)
    return np.asarray(part.leak + (1.0 - part.leak) * seen, dtype=np.float32)


def open_share(carm: CArm, collimation: Collimation) -> float:
    """Area of the open field over that of the detector: what the kerma-area product shrinks by."""
    sharp = openness(carm, collimation, focal_spot_mm=0.0).astype(np.float64)
    leak = collimation.collimator.leak
    return float((sharp.mean() - leak) / (1.0 - leak))


def cut_to(carm: CArm, collimation: Collimation) -> CArm:
    """The same pose with a detector of the field alone, an even number of pixels a side.

    What the blades shut off is then not worked out at all; for a field in the middle.
    """
    if not collimation.centred:
        raise InputError(
            "a detector is cut about its middle, and this field lies beside it or is turned: "
            f"{collimation.across_mm=:g} {collimation.down_mm=:g} {collimation.turn_deg=:g}; "
            "give it to expose(collimation=...)"
        )
    _overlap(carm, collimation)
    pixel_mm = carm.pixel_mm / carm.magnification
    wide, high = collimation.width_mm, collimation.height_mm
    if collimation.turn_deg % 180:
        wide, high = high, wide
    sizes = _least(high, collimation), _least(wide, collimation)
    rows, columns = (
        side if mm is None else min(side, 2 * max(_LEAST_PIXELS, round(0.5 * mm / pixel_mm)))
        for side, mm in zip(carm.shape, sizes, strict=True)
    )
    return replace(carm, shape=(rows, columns))


def outline_px(carm: CArm, collimation: Collimation, *, points: int = 73) -> Floats:
    """The edge of a field as a closed line (N, 2) of row and column: virtual collimation.

    Drawn over the last image held, it shows where the blades would stand without any beam.
    """
    scale = carm.magnification / carm.pixel_mm
    beyond = 2.0 * np.array(carm.shape[::-1]) / scale  # what is open ends with the detector
    sides = np.array([collimation.width_mm or beyond[0], collimation.height_mm or beyond[1]])
    corner = float(np.arctan2(sides[1], sides[0]))
    corners = np.array([corner, np.pi - corner, np.pi + corner, 2.0 * np.pi - corner])
    around = np.sort(np.concatenate([np.linspace(0.0, 2.0 * np.pi, points), corners]))
    way = np.stack([np.cos(around), np.sin(around)], axis=-1)
    far = (0.5 * sides / np.maximum(np.abs(way), 1e-12)).min(axis=1)
    if collimation.iris_mm is not None:
        far = np.minimum(far, 0.5 * collimation.iris_mm)
    turn = np.radians(collimation.turn_deg)
    x, y = (far[:, None] * way).T
    across = x * np.cos(turn) - y * np.sin(turn) + collimation.across_mm
    down = x * np.sin(turn) + y * np.cos(turn) + collimation.down_mm
    middle = 0.5 * (np.array(carm.shape) - 1)
    line = np.stack([down, across], axis=-1) * scale + middle
    return np.asarray(np.clip(line, -0.5, np.array(carm.shape) - 0.5))


def _least(size: float | None, collimation: Collimation) -> float | None:
    both = [one for one in (size, collimation.iris_mm) if one is not None]
    return min(both) if both else None


def _from_middle(carm: CArm, collimation: Collimation) -> tuple[Floats, Floats]:
    """Place (R, C), (R, C) of each pixel on the detector from the middle of the field, mm."""
    rows, columns = carm.shape
    scale = carm.magnification
    x = (np.arange(columns) - 0.5 * (columns - 1)) * carm.pixel_mm - collimation.across_mm * scale
    y = (np.arange(rows) - 0.5 * (rows - 1)) * carm.pixel_mm - collimation.down_mm * scale
    turn = np.radians(collimation.turn_deg)
    across = x[None, :] * np.cos(turn) + y[:, None] * np.sin(turn)
    down = y[:, None] * np.cos(turn) - x[None, :] * np.sin(turn)
    return across, down


def _step(inside: Floats, penumbra_mm: float, pixel_mm: float) -> Floats:
    """A sharp edge seen by a spot and by a pixel: a step convolved with the boxes of both."""
    wide, narrow = max(penumbra_mm, pixel_mm), min(penumbra_mm, pixel_mm)
    if narrow < 1e-6 * wide:
        return np.asarray(np.clip(inside / wide + 0.5, 0.0, 1.0))

    def once_more(at: Floats) -> Floats:
        return np.asarray(0.5 * np.maximum(at, 0.0) ** 2)

    outer, inner = 0.5 * (wide + narrow), 0.5 * (wide - narrow)
    rise = once_more(inside + outer) - once_more(inside + inner)
    fall = once_more(inside - inner) - once_more(inside - outer)
    return np.asarray(np.clip((rise - fall) / (wide * narrow), 0.0, 1.0))


def _overlap(carm: CArm, collimation: Collimation) -> None:
    """Refuse a field that misses the detector."""
    line = outline_px(carm, collimation)
    spread = line.max(axis=0) - line.min(axis=0)  # of what of it lies on the detector
    if not (spread > 0).all():
        half = 0.5 * np.array(carm.shape) * carm.pixel_mm / carm.magnification
        raise InputError(
            "the collimated field misses the detector: its middle lies "
            f"{collimation.down_mm:g} mm down and {collimation.across_mm:g} mm across, the "
            f"detector reaches {half[0]:.0f} and {half[1]:.0f} mm; move the field or the C-arm"
        )
