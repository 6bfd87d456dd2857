"""C-arm angles from anatomy: squared endplates, recipe views, a look down the needle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.angles import angle_words, said_angles
from needle_sim.imaging.xray.carm import CArm
from needle_sim.instruments.placed import PlacedNeedle


def towards_detector(orbital_deg: float, tilt_deg: float) -> NDArray[np.float64]:
    """Unit direction (3,), patient LPS, from the isocentre to the detector."""
    orbital, tilt = np.radians([orbital_deg, tilt_deg])
    return np.array([np.sin(orbital) * np.cos(tilt), np.cos(orbital) * np.cos(tilt), np.sin(tilt)])


def angles_of(direction: ArrayLike) -> tuple[float, float]:
    """``orbital_deg, tilt_deg`` of a direction (3,) towards the detector."""
    x, y, z = unit(direction)
    return float(np.degrees(np.arctan2(x, y))), float(np.degrees(np.arcsin(np.clip(z, -1.0, 1.0))))


def orbital_of(oblique_deg: float, side: str) -> float:
    """``orbital_deg`` of an oblique towards the treated side (right is negative)."""
    return -oblique_deg if side == "right" else oblique_deg


def squared_tilt_deg(anatomy: Anatomy, vertebra: str, orbital_deg: float) -> float:
    """Tilt at which the superior endplate of a vertebra projects as a line.

    The central ray then lies in the endplate's plane. Without landmarks (a bare CT) 0.
    """
    if f"{vertebra} superior_endplate_anterior" not in anatomy.landmarks_mm:
        return 0.0
    front, back, left, right = (
        anatomy.landmark(f"{vertebra} superior_endplate_{where}")
        for where in ("anterior", "posterior", "left", "right")
    )
    normal = unit(np.cross(left - right, back - front))
    if normal[2] <= 0.1:
        raise InputError(f"the superior endplate of {vertebra} does not face the head")
    flat = towards_detector(orbital_deg, 0.0)
    return float(np.degrees(np.arctan2(-normal @ flat, normal[2])))


def recipe_angles(
    anatomy: Anatomy, vertebra: str, side: str, oblique_deg: float, tilt_deg: float
) -> tuple[float, float]:
    """``orbital_deg, tilt_deg`` of a view as an operator says it.

    Oblique towards the treated side; tilt from the squared superior endplate of ``vertebra``. In a
    lateral (60 degrees and more) the endplates are squared by tilt as well.
    """
    orbital = orbital_of(oblique_deg, side)
    return orbital, squared_tilt_deg(anatomy, vertebra, orbital) + tilt_deg


def look_along(placed: PlacedNeedle, carm: CArm) -> CArm:
    """The C-arm turned so that the needle is seen end-on, hub over tip, its tip at the isocentre.

    Aligning the central ray with the axis puts hub and tip on one ray.
    """
    orbital, tilt = angles_of(-placed.trajectory.axis)
    x, y, z = placed.trajectory.tip_mm
    return replace(
        carm,
        orbital_deg=orbital,
        tilt_deg=tilt,
        isocentre_mm=(float(x), float(y), float(z)),
    )


def turned_as_said(
    anatomy: Anatomy,
    carm: CArm,
    words: str,
    *,
    position: str = "prone",
    side: str | None = None,
) -> CArm:
    """The C-arm turned as an operator says it of this patient, endplates included.

    ``"right oblique 20, caudal 5 from squared L4"`` as in `needle_sim.imaging.xray.angles.
    said_angles`; a level is that of a vertebra with landmarks.
    """

    def squared(vertebra: str, orbital_deg: float) -> float:
        if f"{vertebra} superior_endplate_anterior" not in anatomy.landmarks_mm:
            known = sorted({n.split()[0] for n in anatomy.landmarks_mm if "endplate_anterior" in n})
            raise InputError(
                f"{words!r}: no endplate of {vertebra} is known in this patient; known are "
                f"{', '.join(known) or 'none'}"
            )
        return squared_tilt_deg(anatomy, vertebra, orbital_deg)

    orbital, tilt = said_angles(words, position=position, side=side, squared=squared)
    return replace(carm, orbital_deg=orbital, tilt_deg=tilt)


def said_from_level(
    anatomy: Anatomy,
    carm: CArm,
    vertebra: str,
    *,
    position: str = "prone",
    side: str | None = None,
    digits: int = 0,
) -> str:
    """The pose as an operator says it, tilt counted from the squared endplate of ``vertebra``."""
    level = vertebra, squared_tilt_deg(anatomy, vertebra, carm.orbital_deg)
    settings = {"position": position, "side": side, "digits": digits}
    return angle_words(carm.orbital_deg, carm.tilt_deg, squared=level, **settings)  # type: ignore[arg-type]
