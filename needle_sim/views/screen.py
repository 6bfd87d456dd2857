"""`Screen`: a monitor that has settled on one field: every next picture of it is drawn fast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.views import tone
from needle_sim.views.display import Display
from needle_sim.views.shutter import brightness, measured_field
from needle_sim.views.tone import Scale


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """A display and the grey scale of one pose of the C-arm.

    The scale rests on the picture that the screen was made for, so that nothing flickers when a
    needle or contrast comes in; `Screen.apply` is within one grey step of `Display.apply` for it.

    Parameters
    ----------
    display : Display
    scale : Scale
    openness : (R, C) uint16 array
        256 in the field, 0 outside of the collimator, as drawn.
    """

    display: Display
    scale: Scale
    openness: NDArray[np.uint16]

    @classmethod
    def of(cls, radiograph: Radiograph, display: Display | None = None) -> Screen:
        """The screen that a picture asks for; `Display.for_prone` by default."""
        used = Display.for_prone(radiograph) if display is None else display
        if used.window is not None:
            raise InputError("a screen measures its own scale: give a display without a window")
        signal, whole = measured_field(radiograph)
        scale = tone.scale_of(
            signal, percentiles=used.percentiles, flatten=used.flatten, whole=whole
        )
        openness = used.turned(brightness(radiograph)) * used.field_mask()
        return cls(used, scale, np.rint(256.0 * openness).astype(np.uint16))

    def apply(self, radiograph: Radiograph) -> NDArray[np.uint8]:
        """The drawn picture (R, C), as `Display.apply`."""
        if radiograph.array.shape != self.display.shape:
            raise InputError(
                f"this screen shows pictures of {self.display.shape}, got "
                f"{radiograph.array.shape}: make another one with Screen.of"
            )
        grey = self.scale.bytes_of(radiograph.array)
        if self.display.polarity == "bright_bone":
            grey = 255 - grey
        shown = (self.display.turned(grey) * self.openness + 128) >> 8
        return np.ascontiguousarray(shown, dtype=np.uint8)
