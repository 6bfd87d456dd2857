"""C-arm angles as DICOM writes them and as an operator says them, both ways.

One pose has three names. `CArm` counts ``orbital_deg`` from the patient's back. DICOM counts the
positioner's primary angle from the chest: 0 there, +90 on the patient's left (LAO), -90 on the
right (RAO), so that the detector above a prone patient stands at 180. An operator counts obliques
from the detector straight above the table, whichever side of the patient is up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.stand import above_deg, checked_position

Squared = Callable[[str, float], float]
"""Tilt, degrees, that squares the endplate of a vertebra at ``orbital_deg``."""

_SIDES = {"left": 1.0, "right": -1.0}
_SHORT = {
    "lao": "left anterior oblique",
    "rao": "right anterior oblique",
    "lpo": "left posterior oblique",
    "rpo": "right posterior oblique",
    "clo": "contralateral oblique",
    "frontal": "straight",
    **dict.fromkeys(("cra", "cran", "cephalad", "cranially"), "cranial"),
    **dict.fromkeys(("cau", "caud", "caudad", "caudally"), "caudal"),
    **dict.fromkeys(("square", "squaring"), "squared"),
}
_TURN = frozenset(
    (
        *("ap", "pa", "straight", "lateral", "oblique", "anterior", "posterior"),
        *("left", "right", "ipsilateral", "contralateral"),
    )
)
_TILT = frozenset(("cranial", "caudal"))
_PASSED_OVER = frozenset(
    (
        *("detector", "on", "at", "the", "patient's", "patients", "side", "and", "with", "of"),
        *("from", "to", "view", "tilt", "degrees", "degree", "deg", "endplate", "superior"),
    )
)
_TOKEN = re.compile(r"[ctls]\d{1,2}\b|[-+]?\d+(?:\.\d+)?|[^\s\d]+")


def wrapped_deg(angle_deg: float) -> float:
    """The same angle in (-180, 180]."""
    turn = float(np.mod(angle_deg, 360.0))
    return turn - 360.0 if turn > 180.0 else turn


def positioner_angles(carm: CArm) -> tuple[float, float]:
    """Positioner primary and secondary angle, degrees (DICOM 0018,1510 and 0018,1511).

    References
    ----------
    DICOM PS3.3 C.8.7.5.1.2: zero perpendicular to the patient's chest, primary +90 at the patient's
    left hand side (LAO), range -180 to 180; secondary positive cranially, range -90 to 90.
    """
    return wrapped_deg(180.0 - carm.orbital_deg), _checked_tilt(carm.tilt_deg)


def with_positioner(carm: CArm, primary_deg: float, secondary_deg: float) -> CArm:
    """The C-arm at a primary and a secondary angle of DICOM; undoes `positioner_angles`."""
    if not abs(primary_deg) <= 180.0:
        raise InputError(f"a primary angle is -180 to 180 degrees, got {primary_deg}")
    tilt = _checked_tilt(secondary_deg)
    return replace(carm, orbital_deg=wrapped_deg(180.0 - primary_deg), tilt_deg=tilt)


def angle_words(
    orbital_deg: float,
    tilt_deg: float,
    *,
    position: str = "prone",
    side: str | None = None,
    digits: int = 0,
    squared: tuple[str, float] | None = None,
) -> str:
    """C-arm angles as an operator says them: ``"right oblique 20°, caudal 25°"``.

    Parameters
    ----------
    orbital_deg, tilt_deg : float, degrees
        As in `CArm`.
    position : "prone" or "supine"
        Obliques are counted from the detector straight above; that view is said as the way the
        beam runs, AP for a prone and PA for a supine patient over the tube.
    side : "left" or "right", optional
        Treated side: obliques are then ipsilateral or contralateral.
    digits : int
        Decimals of a degree.
    squared : (vertebra, tilt), optional
        The tilt that squares an endplate here; tilt is then said from it.

    See Also
    --------
    said_angles : the way back.
    """
    above = above_deg(checked_position(position))
    turn = wrapped_deg(orbital_deg) if above == 0 else wrapped_deg(180.0 - orbital_deg)
    size = round(abs(turn), digits)
    way = "left" if turn > 0 else "right"
    if size in (0, 180):
        said = "AP" if (size == 0) == (above == 0) else "PA"
    elif size == 90:
        said = f"lateral, detector on the patient's {way}"
    else:
        said = f"{_sided(way, side)} oblique {size:.{digits}f}°"
    if squared is None:
        return said + _tilted(_checked_tilt(tilt_deg), digits, "")
    vertebra, level_deg = squared
    from_level = _tilted(_checked_tilt(tilt_deg) - level_deg, digits, f" from squared {vertebra}")
    return said + (from_level or f", squared {vertebra}")


def said(carm: CArm, **settings: object) -> str:
    """The pose of a C-arm as an operator says it; settings of `angle_words`."""
    return angle_words(carm.orbital_deg, carm.tilt_deg, **settings)  # type: ignore[arg-type]


def dicom_words(carm: CArm, *, digits: int = 0) -> str:
    """The angles as an angiography screen writes them: ``"LAO 155° CRA 10°"``.

    They are those of `positioner_angles`, counted from the chest, prone or supine.
    """
    primary, secondary = positioner_angles(carm)
    across = f"{'RAO' if primary < 0 else 'LAO'} {abs(primary):.{digits}f}°"
    return f"{across} {'CAU' if secondary < 0 else 'CRA'} {abs(secondary):.{digits}f}°"


def said_angles(
    words: str,
    *,
    position: str = "prone",
    side: str | None = None,
    squared: Squared | None = None,
) -> tuple[float, float]:
    """``orbital_deg, tilt_deg`` of a view as an operator says it.

    Parameters
    ----------
    words : str
        ``"AP"``, ``"right oblique 25, caudal 10"``, ``"ipsilateral oblique 20°"``, ``"LAO 155"``,
        ``"CLO 50"``, ``"left lateral"`` (the detector on the left), ``"AP, cranial 5 from squared
        L4"``, ``"squared L5"``. Case, commas and the degree sign do not matter. AP and PA say how
        the beam runs. Left and right obliques are counted from the detector straight above; LAO and
        RAO as DICOM counts them, from the chest; LPO and RPO from the back.
    position : "prone" or "supine"
    side : "left" or "right", optional
        Treated side, for ipsilateral and contralateral views, and for a plain lateral.
    squared : callable, optional
        ``squared(vertebra, orbital_deg)``: tilt that squares an endplate;
        `needle_sim.planning.sightline.turned_as_said` brings it along.
    """
    heard = _heard(words)
    orbital = _orbital(heard, above_deg(position), side)
    tilt = 0.0
    if heard.squared:
        if squared is None or heard.level is None:
            raise InputError(
                f"{words!r}: which level is squared, and in which patient? Say 'squared L4' and "
                "use planning.sightline.turned_as_said"
            )
        tilt = squared(heard.level, orbital)
    sign = -1.0 if "caudal" in heard.words else 1.0
    return orbital, _checked_tilt(tilt + sign * heard.tilt_deg)


def turned(carm: CArm, words: str, **settings: object) -> CArm:
    """The C-arm turned as an operator says it; settings of `said_angles`."""
    orbital, tilt = said_angles(words, **settings)  # type: ignore[arg-type]
    return replace(carm, orbital_deg=orbital, tilt_deg=tilt)


@dataclass(frozen=True, slots=True)
class _Heard:
    text: str
    words: frozenset[str]
    oblique_deg: float
    tilt_deg: float
    squared: bool
    level: str | None


def _heard(text: str) -> _Heard:
    """The words that count, and which number belongs to which of them."""
    plain = re.sub(r"[°,;()]", " ", text.lower()).replace("\u2019", "'")
    words: list[str] = []
    numbers: list[float] = []
    levels: list[str] = []
    for token in _TOKEN.findall(plain):
        if re.fullmatch(r"[ctls]\d{1,2}", token):
            levels.append(token.upper())
        elif re.fullmatch(r"[-+]?\d+(?:\.\d+)?", token):
            numbers.append(float(token))
        else:
            words += _SHORT.get(token, token).split()
    known = _TURN | _TILT | {"squared"}
    for word in words:
        if word not in known | _PASSED_OVER:
            raise InputError(f"{text!r}: {word!r} is not understood{presets.nearest(word, known)}")
    # the first word that asks for degrees gets the first number, the second the second
    asking = [word for word in dict.fromkeys(words) if word == "oblique" or word in _TILT]
    if len(asking) != len(numbers) or len(set(asking) & _TILT) > 1 or len(levels) > 1:
        raise InputError(
            f"{text!r} must give one number of degrees with each of oblique, cranial or caudal, "
            "and say each at most once"
        )
    if not all(0 <= number <= 180 for number in numbers):
        raise InputError(f"{text!r}: degrees are 0 to 180; say the other direction, not a minus")
    of = dict(zip(asking, numbers, strict=True))
    tilt = next((of[word] for word in asking if word in _TILT), 0.0)
    squared = "squared" in words or bool(levels)
    counted = frozenset(words) - _PASSED_OVER
    level = levels[0] if levels else None
    return _Heard(text, counted, of.get("oblique", 0.0), tilt, squared, level)


def _orbital(heard: _Heard, above: float, side: str | None) -> float:
    """``orbital_deg`` of the words that turn the C-arm."""
    words = heard.words & _TURN
    ways = words & {"left", "right", "ipsilateral", "contralateral"}
    kind = words - ways
    plain = {frozenset(): above, frozenset({"straight"}): above}
    beam = {frozenset({"ap"}): 0.0, frozenset({"pa"}): 180.0}
    if not ways and kind in (plain | beam):
        return (plain | beam)[kind]
    named = [frozenset({"oblique"} | one) for one in (set(), {"anterior"}, {"posterior"})]
    if len(ways) > 1 or kind not in (*named, frozenset({"lateral"})):
        raise InputError(
            f"{heard.text!r} is no view; say AP, PA, left or right lateral, an oblique with its "
            "side and degrees"
        )
    sign = _sign(heard.text, next(iter(ways), None), side, lateral=kind == {"lateral"})
    if kind == {"lateral"}:
        return 90.0 * sign
    behind = above == 0 if kind == {"oblique"} else "posterior" in kind
    return wrapped_deg(sign * heard.oblique_deg if behind else 180.0 - sign * heard.oblique_deg)


def _sign(text: str, way: str | None, side: str | None, *, lateral: bool) -> float:
    """+1 towards the patient's left, -1 towards the right."""
    if way in _SIDES:
        return _SIDES[way]
    if side not in _SIDES:
        raise InputError(
            f"{text!r}: to which side? Say left or right, or give side='left' or 'right', "
            f"got side={side!r}"
        )
    if way is None and not lateral:
        raise InputError(f"{text!r}: say left, right, ipsilateral or contralateral oblique")
    return -_SIDES[side] if way == "contralateral" else _SIDES[side]


def _sided(way: str, side: str | None) -> str:
    if side is None:
        return way
    if side not in _SIDES:
        raise InputError(f"side must be 'left' or 'right', got {side!r}")
    return "ipsilateral" if way == side else "contralateral"


def _tilted(tilt_deg: float, digits: int, after: str) -> str:
    size = round(abs(tilt_deg), digits)
    if size == 0:
        return ""
    return f", {'cranial' if tilt_deg > 0 else 'caudal'} {size:.{digits}f}°{after}"


def _checked_tilt(tilt_deg: float) -> float:
    if not abs(tilt_deg) <= 90.0:
        raise InputError(
            f"a tilt is 90 degrees caudal to 90 cranial, got {tilt_deg:g}; turn the C-arm round "
            "the patient instead"
        )
    return float(tilt_deg)
