"""Roots S1 to S3 through the sacrum, and the lateral branches on its back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.posts import NERVE_OFF_MM, SIDES, Posts
from needle_sim.anatomy.phantom.sacral_axis import Segments
from needle_sim.anatomy.phantom.sacrum import FORAMINA_MM, canal_points
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube

_Points = NDArray[np.float64]

_ROOT_SHARES = (1.0, 0.82, 0.66)  # of S1's diameter (proposed)
_GANGLION_MM = 13.0  # length at S1 (texts)
_GANGLION_SHARES = (1.0, 0.85, 0.7)  # of S1's length (proposed)
_GANGLION_AT = (2.5, 1.6, 1.55)
"""Middles by the knots of `sacral_root`: S1's in the foramen, as 55-60 % are (the others in the
canal); S2's and S3's in the canal, as 50-85 % and all are; none lies beyond the foramen (Ebraheim
and Lu 1998, Surg Radiol Anat 20:105, cadavers)."""
LATERAL_RADIUS_MM = 0.45
_ROOM_MM = 0.5
_TURN_SHARES = (0.5, 0.45, 0.42)  # of a foramen's way out: there its root turns to it (proposed)
_REACH_MM = (23.0, 17.0, 11.0)  # of a lateral branch from its foramen to the joint (proposed)
_FAN_MM = ((9.0, -3.0), (6.0, -6.0), (3.0, -9.0))
"""Up along the sacrum where the two branches of a foramen arrive: the network lies between the
second and third transverse tubercle for the most part (80 %, PSN), so that S1's descend and S3's
rise (proposed)."""


def sacral_roots(
    column: Column, sacrum: Mapping[str, float], bone: Implicit
) -> Iterator[Structure]:
    """Roots and ganglia of S1 to S3, in the patient; ``bone`` is the sacrum there too."""
    for side in SIDES:
        post = Posts(column.vertebrae["S1"], side)
        for n in (1, 2, 3):
            root = sacral_root(column, sacrum, post, n)
            tube = _within(root, bone)
            yield Structure(f"S{n} {side} root", "root", (tube,), "constructed")
            swelling = _within(_ganglion(root, n), bone)
            yield Structure(f"S{n} {side} ganglion", "ganglion", (swelling,), "constructed")


def sacral_root(column: Column, sacrum: Mapping[str, float], post: Posts, n: int) -> Tube:
    """Root S``n`` (1 to 3) of one side: sac, canal, ventral foramen, plexus, in the patient.

    The first leaves the sac above S1, the others in the sacral canal.
    """
    axis = Segments(post.spec, sacrum)
    line = canal_points(post.spec, sacrum)
    down = (line[n] - line[n - 1]) / np.linalg.norm(line[n] - line[n - 1])
    above = line[n - 1] if n == 1 else 0.5 * (line[n - 2] + line[n - 1])
    start = (5.5, 3.6, 2.6)[n - 1]
    lateral = FORAMINA_MM[n - 1][0]
    foramen = line[n] - 3.0 * down
    front, out = -axis.dorsal(n - 1), post.at(1.0, 0.0, 0.0)
    points = np.stack(
        [
            above + start * out - 1.8 * front,
            0.5 * (above + foramen) + (start + 2.0) * out - 0.5 * front,
            foramen + _TURN_SHARES[n - 1] * lateral * out - (1.0, 0.5, 0.5)[n - 1] * front,
            foramen + lateral * out + 2.0 * front,
            foramen + (lateral + 2.5) * out + 30.0 * front + 2.0 * down,
            foramen + (lateral + 6.5) * out + 38.0 * front + 30.0 * down,
        ]
    )
    if n == 1:  # measured from the upper endplate as long as there is bone behind the root
        points[1] = above + 0.5 * (line[1] - above) + 6.5 * out - 1.8 * front
    shares = np.array([0.6, 0.8, 0.95, 1.0, 1.0, 1.0])
    radius = 0.5 * post.spec.root_mm * _ROOT_SHARES[n - 1] * shares
    return Tube(points, radius).moved(column.bodies["S1"])


def _ganglion(root: Tube, n: int) -> Tube:
    """The swelling of sacral root ``n`` along its course, about a place between its knots."""
    points, radius = root.points_mm, root.radius_mm
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.interp(_GANGLION_AT[n - 1], np.arange(len(points)), along)
    half = 0.5 * _GANGLION_MM * _GANGLION_SHARES[n - 1]
    places = at + half * np.linspace(-1.0, 1.0, 7)
    line = np.stack([np.interp(places, along, one) for one in points.T], axis=1)
    swollen = np.array([0.9, 1.1, 1.15, 1.15, 1.15, 1.1, 0.9])
    return Tube(line, float(radius[3]) * swollen)


def _within(tube: Tube, bone: Implicit) -> Tube:
    """The tube every 2 mm, no thicker than the canal has room for."""
    points = resample(tube.points_mm, 2.0)
    steps = np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    radius = np.interp(np.linspace(0.0, 1.0, len(points)), along, tube.radius_mm)
    room = np.maximum(bone.distance_mm(points) - _ROOM_MM, 0.3)
    return Tube(points, np.minimum(radius, room))


def lateral_branches(
    column: Column, sacrum: Mapping[str, float], bone: Implicit
) -> Iterator[Structure]:
    """Lateral branches S1 to S3 from the dorsal foramina over the sacrum towards its joint.

    ``bone`` is the sacrum in the body frame of S1; the branches are returned in the patient.
    """
    spec, body = column.vertebrae["S1"], column.bodies["S1"]
    axis, line = Segments(spec, sacrum), canal_points(spec, sacrum)
    for side in SIDES:
        out = Posts(spec, side).at(1.0, 0.0, 0.0)
        for n in (1, 2, 3):
            back, down = axis.dorsal(n - 1), axis.directions[n - 1]
            lateral, radius = FORAMINA_MM[n - 1]
            rim = line[n] - 3.0 * down + (lateral + radius) * out
            tubes = []
            for rise in _FAN_MM[n - 1]:
                end = rim + _REACH_MM[n - 1] * out + rise * -down
                middle = 0.5 * (rim + end) - 0.15 * rise * -down
                path = resample(np.stack([rim, middle, end]), 1.5)
                lain = laid_on(bone, path, back)
                tubes.append(Tube(body.apply(lain), np.full(len(lain), LATERAL_RADIUS_MM)))
            name = f"S{n} {side} lateral branches"
            yield Structure(name, "lateral_branch", tuple(tubes), "constructed")


def laid_on(bone: Implicit, path: _Points, back: _Points) -> _Points:
    """Points (M, 3) of a path moved along ``back`` to where a nerve lies on the dorsal face of a
    bone; those behind which there is none are left out."""
    far, short = path + 40.0 * back, np.full(len(path), np.inf)
    for _ in range(80):
        short = np.clip(bone.distance_mm(far) - NERVE_OFF_MM, 0.0, 8.0)
        far = far - 0.8 * short[:, None] * back
    return np.asarray(far[short < 0.05])
