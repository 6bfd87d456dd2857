"""Landmarks picked on a mesh of a sacrum, by vertices and plane sections alone."""

from __future__ import annotations

from needle_sim.geometry.mesh import Mesh
from validation.body_picks import SIGNS, Picks, arch_outline, body_outline
from validation.groove_picks import floor
from validation.process_picks import FLAT_MM
from validation.sections import Points, extreme

_ROUND_MM = 0.25  # what is so near the highest place of a floor is its pass


def sacral_picks(mesh: Mesh) -> Picks:
    """Picks on a sacrum: its upper endplate, the ends of its dorsal wall, its upper processes."""
    body, wall = body_outline(mesh), arch_outline(mesh)
    top = wall.points_mm[wall.points_mm[:, 2] > wall.points_mm[:, 2].max() - 8.0]
    front = body.farthest([0.0, -1.0, 1.0])
    found = {
        "promontory": front,
        "superior_endplate_anterior": front,
        "superior_endplate_posterior": body.farthest([0.0, 1.0, 1.0]),
        "lamina_upper_edge": extreme(top, [0.0, -0.15, 1.0], within_mm=0.0),
        "lamina_ventral_upper": extreme(top, [0.0, -0.45, 0.9], within_mm=0.0),
        "hiatus_apex": wall.farthest([0.0, -0.5, -0.87]),
    }
    for side, sign in SIGNS.items():
        own = mesh.points_mm[sign * mesh.points_mm[:, 0] > 12.0]
        tip = extreme(own, [0.0, 0.0, 1.0], within_mm=FLAT_MM)
        found |= {f"{side} sap_tip": tip, f"{side} ala_notch": ala_notch(mesh, sign, tip)}
    return found


def ala_notch(mesh: Mesh, sign: float, tip: Points) -> Points:
    """Pass of the groove between the superior process with this tip and the ala.

    The highest place of its floor, seen from above and beside at 45 degrees as the floor is, lies
    on the border of the ala.
    """
    line = floor(mesh, sign, tip)
    reach = sign * line[:, 0] + line[:, 2]
    mean: Points = line[reach > reach.max() - _ROUND_MM].mean(axis=0)
    return mean
