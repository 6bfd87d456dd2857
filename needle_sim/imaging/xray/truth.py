"""`truth_of`: what a picture shows, known: outlines of structures, landmarks, instruments, pose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.imaging.xray.angles import positioner_angles
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.chords import Instrument, line_mm, seen_polyline, shadow
from needle_sim.imaging.xray.collimation import Collimation, openness
from needle_sim.imaging.xray.detector import DEFAULT_DETECTOR, Detector
from needle_sim.imaging.xray.materials import Materials
from needle_sim.imaging.xray.readout import as_seen, mask_seen, open_seen
from needle_sim.imaging.xray.shadows.outlines import ball_shadow, bone_shadows, filled, tube_shadows
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool

Floats = NDArray[np.float64]
Bits = NDArray[np.bool_]

OUTSIDE, SHUT, SEEN = 0, 1, 2
"""Visibility of a landmark as in COCO: beside the picture; on it where blades or the edge of a
round field let no beam through; in the field. Bone hides nothing from X-rays, so a landmark behind
bone counts as seen."""

_OPEN = 0.5  # share of the beam from which a place counts as in the field
_NEAREST_MM = 1.0  # what is nearer to the focal spot is not drawn
_STEP_PX = 0.25  # of the discs along a tube


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Pixels of one structure.

    Parameters
    ----------
    name, kind : str
        ``"L4"``, ``"vertebra"``; kinds of nerves and vessels as in `Structure`.
    corner : (row, column)
        Of the first element of ``inside`` in the picture.
    inside : (R, C) bool array
        The smallest box that holds the structure.
    """

    name: str
    kind: str
    corner: tuple[int, int]
    inside: Bits

    def over(self, shape: tuple[int, int]) -> Bits:
        """The mask on a whole picture (R, C)."""
        whole = np.zeros(shape, dtype=np.bool_)
        rows, columns = self.inside.shape
        whole[self.corner[0] :, self.corner[1] :][:rows, :columns] = self.inside
        return whole


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of a picture, in pixels as it is seen.

    Parameters
    ----------
    carm : CArm
        Its pose.
    masks : mapping of name to Mask
        Bones, nerves, vessels and dura, the target and ``"needle 1"``, ``"tool 1"`` in the field;
        what lies beside it is absent.
    landmarks : tuple of str
        Names, with their places ``landmarks_px`` (N, 2), rows and columns, and
        ``visibility`` (N,): `SEEN`, `SHUT` or `OUTSIDE`.
    instruments_px : mapping of name to (N, 2) array
        Polylines of the masks of instruments; a needle's from its hub to its tip, which comes last.
    """

    carm: CArm
    masks: Mapping[str, Mask]
    landmarks: tuple[str, ...]
    landmarks_px: Floats
    visibility: NDArray[np.uint8]
    instruments_px: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for name in ("masks", "instruments_px"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def projection(self) -> Floats:
        """``P`` (3, 4): ``P @ (x, y, z, 1)``, patient LPS mm, is (column, row, 1) times a depth.

        Of the flat detector: an intensifier bends the picture beyond what a matrix can say.
        """
        return projection_matrix(self.carm)

    @property
    def source_mm(self) -> Floats:
        """The focal spot (3,), patient LPS."""
        return self.carm.source_mm

    @property
    def positioner_deg(self) -> tuple[float, float]:
        """Positioner primary and secondary angle as in DICOM."""
        return positioner_angles(self.carm)


def projection_matrix(carm: CArm) -> Floats:
    """``P`` (3, 4) of a pose: ``P @ (x, y, z, 1)`` is (column, row, 1) times a depth."""
    back = np.linalg.inv(carm.pixel_rays())
    moved = np.concatenate([np.eye(3), -carm.source_mm[:, None]], axis=1)
    return np.asarray((back @ moved)[[1, 0, 2]])


def truth_of(
    anatomy: Anatomy,
    carm: CArm,
    *,
    needles: Sequence[PlacedNeedle] = (),
    tools: Sequence[PlacedTool] = (),
    target: Target | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    solids: Materials | None = None,
) -> Truth:
    """What a picture of a patient shows.

    Parameters
    ----------
    anatomy : Anatomy
        Bones with an exact surface are masked, and all nerves, vessels and the dural sac.
    carm : CArm
        The pose.
    needles, tools : sequences
        As given to `exposure.expose`.
    target : Target, optional
        Masked as the ball about its centre in which the tip should come to lie.
    detector, collimation : optional
        As given to `expose`: an intensifier bends all places, blades shut landmarks off.
    solids : Materials, optional
        From `filled`, when more than one picture is taken.
    """
    used = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    bones = filled(anatomy) if solids is None else solids
    found = [*bone_shadows(bones, carm), *tube_shadows(anatomy.structures.values(), carm)]
    if target is not None:
        seen_ball = ball_shadow(carm, target.centre_mm, target.radius_mm)
        found.append((target.name, "target", seen_ball))
    lines = {}
    groups: dict[str, Sequence[Instrument]] = {"needle": needles, "tool": tools}
    for word, placed in groups.items():
        for number, one in enumerate(placed, start=1):
            name = f"{word} {number}"
            found.append((name, word, _shadowed(carm, one)))
            lines[name] = as_seen(seen_polyline(carm, line_mm(one)), carm, used)
    cropped = [_cropped(name, kind, mask_seen(bits, carm, used)) for name, kind, bits in found]
    masks = {one.name: one for one in cropped if one is not None}
    names, at, seen = _landmarks(anatomy, carm, used, collimation)
    return Truth(carm, masks, names, at, seen, lines)


def visible(
    rowcol: Floats,
    carm: CArm,
    *,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
) -> NDArray[np.uint8]:
    """`SEEN`, `SHUT` or `OUTSIDE` (N,) of places (N, 2) of the picture as it is seen."""
    used = Detector.preset(DEFAULT_DETECTOR) if detector is None else detector
    shape = np.array(carm.shape)
    with np.errstate(invalid="ignore"):
        on = ((rowcol >= -0.5) & (rowcol < shape - 0.5)).all(axis=-1)
    found = np.where(on, SEEN, OUTSIDE).astype(np.uint8)
    spot_mm = used.focal_spot_mm
    blades = None if collimation is None else openness(carm, collimation, focal_spot_mm=spot_mm)
    opened = open_seen(blades, carm, used)
    if opened is not None:
        row, column = np.rint(rowcol[on]).astype(int).T
        found[on] = np.where(opened[row, column] >= _OPEN, SEEN, SHUT)
    return found


def _landmarks(
    anatomy: Anatomy, carm: CArm, detector: Detector, collimation: Collimation | None
) -> tuple[tuple[str, ...], Floats, NDArray[np.uint8]]:
    names = tuple(anatomy.landmarks_mm)
    points = np.array(list(anatomy.landmarks_mm.values())).reshape(-1, 3)
    local = carm.patient_from_carm.inverse().apply(points)
    ahead = local[:, 2] > _NEAREST_MM
    at = np.full((len(names), 2), np.nan)
    scale = carm.source_detector_mm / carm.pixel_mm / local[ahead, 2:]
    flat = local[ahead, 1::-1] * scale + 0.5 * (np.array(carm.shape) - 1)
    at[ahead] = as_seen(flat, carm, detector)
    return names, at, visible(at, carm, detector=detector, collimation=collimation)


def _shadowed(carm: CArm, one: Instrument) -> Bits:
    """Pixels (R, C) of which an instrument covers half or more, or that its middle crosses."""
    cast = shadow(carm, [one])
    bits = np.zeros(carm.shape, dtype=np.bool_)
    share = (cast.mass_g_cm2.sum(axis=0) > 0).mean(axis=1)
    bits[cast.rows, cast.columns] = share >= _OPEN
    line = seen_polyline(carm, line_mm(one))
    for start, end in pairwise(line):
        steps = int(np.ceil(np.abs(end - start).max() / _STEP_PX)) + 1
        at = np.rint(np.linspace(start, end, steps)).astype(int)
        at = at[((at >= 0) & (at < np.array(carm.shape))).all(axis=1)]
        bits[at[:, 0], at[:, 1]] = True
    return bits


def _cropped(name: str, kind: str, bits: Bits) -> Mask | None:
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not rows.size:
        return None
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Mask(name, kind, (int(rows[0]), int(columns[0])), bits[box].copy())
