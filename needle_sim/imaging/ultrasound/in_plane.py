"""`in_plane_pose`: the probe beside the entry whose scan plane holds a needle's shaft and tip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform, rigid, unit
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.seating import HEAD, LEFT, exits_mm
from needle_sim.imaging.ultrasound.touch import coupling, gaps_mm, pressed_mm
from needle_sim.imaging.ultrasound.windows import free_mm
from needle_sim.instruments.placed import PlacedNeedle

Field = NDArray[np.float64]
_TURNS_DEG = tuple(range(0, 180, 15))  # of the scan plane about the shaft
_FARTHER_MM = (0.0, 10.0, 25.0)  # of the face from the entry than it must be
_TILTS_DEG = (-20.0, -10.0, 0.0, 10.0, 20.0)  # of the beam in its plane
_UNDER_SKIN_MM = 25.0  # a place from which the skin is looked for
_BESIDE_MM = 4.0  # between the edge of the face and the entry (proposed)
_MOST_TILT_DEG = 35.0  # between beam and skin at which gel and pressure still couple (proposed)
_FARTHEST_MM = 60.0  # from the edge of the face to the entry
_PATCH_MM = 8.0  # about the middle of the face: where the slope of the skin is taken
_WATCHED = np.linspace(0.4, 1.0, 13)  # shares of the shaft that should be seen
_TIP_WEIGHT = 8.0  # of the tip against another watched place (proposed)
_LEAST_TOUCH = 0.5  # of the face that must touch; a probe that rocks on its middle is no seat
_FADING_MM = 150.0  # depth over which a nearer place is preferred (proposed)
_SHORT = np.linspace(0.03, 0.97, 48)  # shares of the way from face to shaft that must be free


@dataclass(frozen=True, slots=True, eq=False)
class _Seats:
    """Candidate probes: middles of the face (N, 3), beams (N, 3) and directions to the marker."""

    faces_mm: Field
    beams: Field
    markers: Field

    def kept(self, mask: NDArray[np.bool_]) -> _Seats:
        return _Seats(self.faces_mm[mask], self.beams[mask], self.markers[mask])


def in_plane_pose(anatomy: Anatomy, placed: PlacedNeedle, *, probe: Probe) -> Transform:
    """``patient_from_probe`` of a probe that holds shaft and tip in its plane.

    The face lies on the skin beside the entry, about square to the skin, where the beam meets the
    tip and most of the deeper shaft past the bones, and least slantingly; where bone hides the tip
    from everywhere, what it meets of the shaft. It is pressed in, by up to 8 mm, and chosen so that
    it touches along its length. A bent shaft counts as the line from entry to tip.

    Parameters
    ----------
    probe : Probe
        Its face must fit beside the entry, and the tip within its field.

    Raises
    ------
    InputError
        No place on the skin shows any of it: bone hides it, or the skin lies outside the volume.
    """
    entry, tip = placed.trajectory.entry_mm, placed.trajectory.tip_mm
    seats = _on_skin(anatomy, _seats(anatomy, entry, tip, probe), probe, entry)
    worth = _worth(anatomy, seats, entry, tip, probe) if len(seats.beams) else np.zeros(1)
    best = int(worth.argmax())
    if not worth[best] > 0.0:
        raise InputError(
            f"no place on the skin beside the entry {np.round(entry, 1).tolist()} (patient LPS, "
            f"mm) shows the needle in the plane of {probe.name}: bone hides it, or the "
            "skin lies outside the volume; take a named view with pose(...) instead"
        )
    z, x = seats.beams[best], seats.markers[best]
    return rigid(np.stack([x, np.cross(z, x), z], axis=1), seats.faces_mm[best], source=PROBE)


def _seats(anatomy: Anatomy, entry: Field, tip: Field, probe: Probe) -> _Seats:
    """Candidates in planes all about the shaft, on either side of the entry, in three tilts."""
    shaft = unit(tip - entry)
    inward = _inward(anatomy, tip, shaft)
    first = unit(np.cross(shaft, LEFT if abs(shaft @ LEFT) < 0.9 else HEAD))
    turn = np.radians(_TURNS_DEG)[:, None]
    planes = np.cos(turn) * first + np.sin(turn) * np.cross(shaft, first)
    planes = planes[np.abs(planes @ inward) < np.sin(np.radians(_MOST_TILT_DEG))]
    down = unit(inward - (planes @ inward)[:, None] * planes)
    along = np.cross(planes, down)
    near = probe.footprint_mm / 2 + _BESIDE_MM
    inside, beams, markers = [], [], []
    for offset in (sign * (near + more) for more in _FARTHER_MM for sign in (1.0, -1.0)):
        for tilt in np.radians(_TILTS_DEG):
            inside.append(entry + _UNDER_SKIN_MM * down + offset * along)
            beams.append(np.cos(tilt) * down + np.sin(tilt) * along)
            markers.append(np.cos(tilt) * along - np.sin(tilt) * down)
    across = np.concatenate(markers)
    across *= _marker_sign(across)[:, None]
    return _Seats(np.concatenate(inside), np.concatenate(beams), across)


def _inward(anatomy: Anatomy, tip: Field, shaft: Field) -> Field:
    """Unit normal (3,) of the skin about the entry, into the body."""
    first = unit(np.cross(shaft, LEFT if abs(shaft @ LEFT) < 0.9 else HEAD))
    sides = np.stack([first, -first, np.cross(shaft, first), -np.cross(shaft, first)])
    skin, _ = exits_mm(anatomy, tip + _PATCH_MM * sides, np.tile(-shaft, (4, 1)))
    normal = unit(np.cross(skin[0] - skin[1], skin[2] - skin[3]))
    return normal if normal @ shaft > 0 else -normal


def _marker_sign(markers: Field) -> Field:
    """+1 or -1 (N,): the marker towards the head in long axis, else towards the patient's left."""
    head, left = markers @ HEAD, markers @ LEFT
    leading = np.where(np.abs(head) >= np.abs(left), head, left)
    return np.where(leading < 0, -1.0, 1.0)


def _on_skin(anatomy: Anatomy, aimed: _Seats, probe: Probe, entry: Field) -> _Seats:
    """Candidates on the skin and pressed in, without those too slanted or too near the entry."""
    elevation = np.cross(aimed.beams, aimed.markers)
    patch = [
        exits_mm(anatomy, aimed.faces_mm + shift, -aimed.beams)
        for axis in (aimed.markers, elevation)
        for shift in (_PATCH_MM * axis, -_PATCH_MM * axis)
    ]
    faces, known = exits_mm(anatomy, aimed.faces_mm, -aimed.beams)
    for _, also in patch:
        known &= also
    normals = np.cross(patch[0][0] - patch[1][0], patch[2][0] - patch[3][0])
    slope = np.abs((normals * aimed.beams).sum(axis=1)) / np.linalg.norm(normals, axis=1)
    beside = np.abs(((entry - faces) * aimed.markers).sum(axis=1))
    fits = known & (slope > np.cos(np.radians(_MOST_TILT_DEG)))
    fits &= (beside > probe.footprint_mm / 2) & (beside < probe.footprint_mm / 2 + _FARTHEST_MM)
    there = _Seats(faces, aimed.beams, aimed.markers).kept(fits)
    far, _ = pressed_mm(anatomy, there.faces_mm, there.beams, there.markers, probe)
    return replace(there, faces_mm=there.faces_mm + far[:, None] * there.beams)


def _worth(anatomy: Anatomy, seats: _Seats, entry: Field, tip: Field, probe: Probe) -> Field:
    """How much of the shaft is met, how squarely (N,), the tip counting most; 0: none is seen."""
    watched = entry + _WATCHED[:, None] * (tip - entry)
    from_face = watched - seats.faces_mm[:, None]
    depth = (from_face * seats.beams[:, None]).sum(axis=2)
    aside = (from_face * seats.markers[:, None]).sum(axis=2)
    if probe.kind == "curved":
        apex = seats.faces_mm - probe.radius_mm * seats.beams
        rays = unit(watched - apex[:, None])
        starts = apex[:, None] + probe.radius_mm * rays
        angle = np.degrees(np.arctan2(aside, depth + probe.radius_mm))
        edge = np.abs(angle) / (probe.field_deg / 2)
    else:
        rays = np.broadcast_to(seats.beams[:, None], from_face.shape)
        starts = watched - depth[..., None] * rays
        edge = np.abs(aside) / (probe.footprint_mm / 2)
    ways = starts[..., None, :] + _SHORT[:, None] * (watched - starts)[..., None, :]
    gaps = free_mm(anatomy, ways.reshape(-1, 3)).reshape(ways.shape[:-1]).min(axis=-1)
    body = anatomy.labels.sample(ways, outside=0) != 0
    gap = np.linalg.norm(watched - starts, axis=-1) * _SHORT[body.argmax(axis=-1)]
    seen = (edge < 1.0) & (gaps > 0.0) & body.any(axis=-1)
    heard = seen * coupling(gap)
    square = 1.0 - (rays @ unit(tip - entry)) ** 2
    weights = np.where(_WATCHED == 1.0, _TIP_WEIGHT, 1.0)
    aim = (1.0 - 0.5 * edge**2) * np.exp(-depth / _FADING_MM)
    return np.asarray((heard * square * weights * aim).sum(axis=1) * _touch(anatomy, seats, probe))


def _touch(anatomy: Anatomy, seats: _Seats, probe: Probe) -> Field:
    """Worth (N,) of the share of the face that touches."""
    gaps = gaps_mm(anatomy, seats.faces_mm, seats.beams, seats.markers, probe)
    share = coupling(gaps).mean(axis=1)
    return np.asarray(np.clip((share - _LEAST_TOUCH) / (1.0 - _LEAST_TOUCH), 0.02, 1.0))
