"""Which way a picture faces: the lead letter, and C-arm angles in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from needle_sim.imaging.xray.angles import angle_words

LEFT = np.array([1.0, 0.0, 0.0])  # patient LPS
_ANTERIOR = np.array([0.0, -1.0, 0.0])
# A picture whose horizontal turns less than this share (15 degrees) towards the patient's sides is
# a lateral one (proposed).
_LATERAL = float(np.sin(np.radians(15.0)))
_FRONTAL = float(np.sin(np.radians(5.0)))  # within 5 degrees the detector favours no side


@dataclass(frozen=True, slots=True)
class Marker:
    """A lead letter, where it lies on the screen, and what it says in words."""

    letter: Literal["L", "R"]
    corner: Literal["upper left", "upper right"]
    words: str


def is_lateral(across: NDArray[np.float64]) -> bool:
    """True where the picture's horizontal (3,) hardly runs from side to side of the patient."""
    return abs(float(across @ LEFT)) < _LATERAL


def lead_marker(across: NDArray[np.float64], *, towards_detector: NDArray[np.float64]) -> Marker:
    """The lead letter as a radiographer lays it, in an upper corner of the picture.

    Parameters
    ----------
    across : (3,) array
        Patient direction of the drawn picture's right.
    towards_detector : (3,) array
        Patient direction of the central ray.

    Notes
    -----
    It names the side nearest the detector (R when neither is nearer, as in an AP) and lies on that
    side of the picture; in a lateral it lies in front of the patient. So radiographers are taught:
    R for AP and PA, the side nearest the image receptor for obliques and laterals, the marker of a
    lateral anterior to the anatomy.
    """
    letter: Literal["L", "R"] = "L" if float(towards_detector @ LEFT) > _FRONTAL else "R"
    side = "left" if letter == "L" else "right"
    if is_lateral(across):
        towards = float(across @ _ANTERIOR)
        words = f"{letter}: lateral, the patient's {side} nearest the detector"
    else:
        towards = float(across @ LEFT) * (1.0 if letter == "L" else -1.0)
        words = f"{letter}: the patient's {side} is on this side"
    return Marker(letter, "upper right" if towards > 0 else "upper left", words)


def angles_in_words(orbital_deg: float, tilt_deg: float) -> str:
    """C-arm angles as an operator says them: ``"right oblique 20°, caudal 25°"``.

    Positive ``orbital_deg`` has the detector over the patient's left, positive ``tilt_deg`` towards
    the head.
    """
    return angle_words(orbital_deg, tilt_deg)
