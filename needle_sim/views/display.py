"""`Display`: how a detector signal is shown: polarity, turns, window, collimation, side marker.

A `Radiograph` is never flipped; a `Display` is applied when it is drawn. What goes where on the
screen follows from the directions of the picture's rows and columns in the patient, never from
C-arm angles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.views import tone
from needle_sim.views.marker import LEFT, Marker, is_lateral, lead_marker
from needle_sim.views.shutter import brightness, measured_field
from needle_sim.views.tone import Field

_Value = TypeVar("_Value", bound=np.generic)
Polarity = Literal["dark_bone", "bright_bone"]

_HEAD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Display:
    """How pictures of one detector shape are shown.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the detector.
    quarter_turns : int
        Turns of 90 degrees, counter-clockwise, made first.
    mirrored : bool
        Left and right exchanged after the turns.
    polarity : str
        ``"dark_bone"`` is fluoroscopy, ``"bright_bone"`` film.
    window : (float, float) or None
        Detector signal drawn at the two ends of the grey scale, logarithmic between them; None
        takes the ``percentiles`` of the measuring field in the middle of the picture.
    percentiles : (float, float)
        For the automatic window.
    flatten : float
        Share, 0 to 1, of the broad shading (body thickness) that is taken out before the automatic
        window, as the dynamic range compression of a fluoroscope does.
    field : str
        ``"rectangle"`` (flat panel) or ``"circle"`` (image intensifier).
    turn_deg : float
        Turn of the picture by any angle, counter-clockwise, made last, -45 to 45; its corners
        leave the screen.
    """

    shape: tuple[int, int]
    quarter_turns: int = 0
    mirrored: bool = False
    polarity: Polarity = "dark_bone"
    window: tuple[float, float] | None = None
    percentiles: tuple[float, float] = (0.3, 99.5)
    flatten: float = 0.8
    field: Field = "rectangle"
    turn_deg: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.turn_deg) <= 45:
            raise InputError(
                f"turn_deg must be -45 to 45, got {self.turn_deg}; quarter_turns does the rest"
            )
        if self.quarter_turns not in (0, 1, 2, 3):
            raise InputError(f"quarter_turns must be 0 to 3, got {self.quarter_turns}")
        if not 0 <= self.flatten <= 1:
            raise InputError(f"flatten must be 0 to 1, got {self.flatten}")
        if self.window is not None and not 0 < self.window[0] < self.window[1]:
            raise InputError(f"a window needs 0 < low < high detector signal, got {self.window}")
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise InputError(f"percentiles must rise from 0 to 100, got {self.percentiles}")

    @classmethod
    def for_prone(cls, radiograph: Radiograph) -> Display:
        """The screen of a prone spine procedure: dark bone, head up, seen from behind.

        The patient's left is on the left. A lateral picture has no such side: it is shown as the
        C-arm delivers it, seen from the detector towards the tube (as the AP of a prone patient
        is): posterior on the left with the detector on the patient's right, else on the right.
        """
        down, right = _directions(radiograph)
        turns = 0
        best = -float(down @ _HEAD)
        for quarter in (1, 2, 3):
            _, turned_down = _turned(right, down, quarter)
            if -float(turned_down @ _HEAD) > best + 1e-9:
                turns, best = quarter, -float(turned_down @ _HEAD)
        across, downwards = _turned(right, down, turns)
        if is_lateral(across):  # right x up points at the viewer, who stands at the detector
            mirrored = float(np.cross(across, -downwards) @ np.cross(right, down)) < 0
        else:
            mirrored = float(across @ LEFT) > 0
        return cls(radiograph.array.shape, turns, mirrored, field="rectangle")

    @property
    def drawn_shape(self) -> tuple[int, int]:
        """Rows and columns of the drawn picture."""
        rows, columns = self.shape
        return (columns, rows) if self.quarter_turns % 2 else (rows, columns)

    def apply(self, radiograph: Radiograph) -> NDArray[np.uint8]:
        """The drawn picture (R, C), 0 black to 255 white, black outside the collimated field.

        Where the end of the volume cuts the rays the picture is dimmed, and the window is taken
        from the rest as far as there is enough of it.
        """
        signal = self._fits(radiograph).array.astype(np.float64)
        if self.window is None:
            field, whole = measured_field(radiograph)
            settings = {"percentiles": self.percentiles, "flatten": self.flatten}
            grey = tone.scale_of(field, whole=whole, **settings).grey(signal)  # type: ignore[arg-type]
        else:
            grey = tone.windowed(signal, self.window)
        grey = grey if self.polarity == "dark_bone" else 1.0 - grey
        grey = self.turned(grey * brightness(radiograph))
        return np.asarray(np.rint(255.0 * grey * self.field_mask()), dtype=np.uint8)

    def field_mask(self) -> NDArray[np.float64]:
        """Openness (R, C) of the collimator as drawn: 1 in the field, 0 outside, soft between."""
        mask = tone.field_mask(self.drawn_shape, self.field)
        return mask if self.turn_deg == 0 else self._by_degrees(mask)

    def place(self, rowcol: ArrayLike) -> NDArray[np.float64]:
        """Detector row and column (..., 2) as x (right) and y (down) of the drawn picture."""
        points = np.asarray(rowcol, dtype=np.float64)
        row, column = points[..., 0], points[..., 1]
        rows, columns = self.shape
        for _ in range(self.quarter_turns):
            row, column, rows, columns = columns - 1 - column, row, columns, rows
        if self.mirrored:
            column = columns - 1 - column
        if self.turn_deg == 0:
            return np.stack([column, row], axis=-1)
        cos, sin = np.cos(np.radians(self.turn_deg)), np.sin(np.radians(self.turn_deg))
        x, y = column - 0.5 * (columns - 1), row - 0.5 * (rows - 1)
        x, y = cos * x + sin * y, cos * y - sin * x
        return np.stack([x + 0.5 * (columns - 1), y + 0.5 * (rows - 1)], axis=-1)

    def directions(self, radiograph: Radiograph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Patient directions (3,), (3,) of right and down on the drawn picture."""
        down, right = _directions(self._fits(radiograph))
        across, downwards = _turned(right, down, self.quarter_turns)
        across = -across if self.mirrored else across
        cos, sin = np.cos(np.radians(self.turn_deg)), np.sin(np.radians(self.turn_deg))
        return cos * across + sin * downwards, cos * downwards - sin * across

    def marker_at(self, radiograph: Radiograph) -> Marker:
        """The lead letter as a radiographer lays it, in an upper corner of the picture.

        It names the side nearest the detector (R when neither is nearer, as in an AP), and lies on
        that side of the picture; in a lateral it lies in front of the patient.

        References
        ----------
        Rules for lead markers as taught to radiographers: R for AP and PA, the side nearest the
        image receptor for obliques and laterals, a lateral's marker anterior to the anatomy.
        """
        down, right = _directions(self._fits(radiograph))
        across, _ = self.directions(radiograph)
        return lead_marker(across, towards_detector=np.cross(right, down))

    def turned(self, picture: NDArray[_Value]) -> NDArray[_Value]:
        """A picture (R, C) of the detector as it lies on the screen."""
        turned = np.rot90(picture, self.quarter_turns)
        turned = turned[:, ::-1] if self.mirrored else turned
        return turned if self.turn_deg == 0 else self._by_degrees(turned)

    def _by_degrees(self, drawn: NDArray[_Value]) -> NDArray[_Value]:
        settings = {"reshape": False, "order": 1, "mode": "constant"}
        return np.asarray(ndimage.rotate(drawn, self.turn_deg, **settings), dtype=drawn.dtype)

    def _fits(self, radiograph: Radiograph) -> Radiograph:
        if radiograph.array.shape != self.shape:
            raise InputError(
                f"this display is for a detector of {self.shape}, the picture has "
                f"{radiograph.array.shape}: make one with Display.for_prone(radiograph)"
            )
        return radiograph


def _directions(radiograph: Radiograph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Patient directions of growing row and growing column."""
    return (
        np.asarray(radiograph.row_direction, dtype=np.float64),
        np.asarray(radiograph.column_direction, dtype=np.float64),
    )


def _turned(
    right: NDArray[np.float64], down: NDArray[np.float64], quarter_turns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions of right and down after counter-clockwise quarter turns, as `numpy.rot90`."""
    for _ in range(quarter_turns):
        right, down = down, -right
    return right, down
