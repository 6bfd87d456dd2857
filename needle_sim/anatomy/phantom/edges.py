"""Landmarks of laminae, joints and foramina, which epidural and joint needles go by.

Body frame: origin in the centre of the vertebral body, +x left, +y posterior, +z cranial.
"""

from __future__ import annotations

import numpy as np

from needle_sim.anatomy.phantom.joint import joint_ends
from needle_sim.anatomy.phantom.posts import SIDES, UP, Point, Posts, coronal_share, on_bone
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, trace_mm
from needle_sim.geometry.transform import unit

_BACK = np.array([0.0, 1.0, 0.0])
_INTO_MM = 0.7  # a border is looked for this far behind the canal's wall
_EDGE_MM = 0.7  # and is highest about so far behind it
_THIN_MM = _INTO_MM, 0.3  # for a lamina that is an edge there
_LOOKS = 12
_MEET_MM = 1.0  # an edge farther from its border swings between a joint's hollow and what is behind
_WITHIN_MM = 0.33  # its ventral edge is looked for so far within it
_BEVEL = 0.7
"""Steeper than this against the canal's wall an edge is the face still; a border bevelled less is
the border already, and looking on along it leads away from the edge."""
PARAMEDIAN_MM = 5.0
"""From the midline: beside the spinous process, medial of the inferior ones of a lumbar spine."""
_FREE_MM, _NEAREST_MM = 0.5, 2.0  # off a process that reaches nearer to the midline
_START_SHARES = (0.6, 0.4, 0.2, 0.0)  # of half the lamina's height
_NEARER = (1.0, 0.75, 0.5, 0.25, 0.0)
_UNDER_PEDICLE_MM = 2.0
_DORSAL_SHARE, _VENTRAL_SHARE = 0.76, 0.24  # of its depth: the dorsal third begins at 0.67
_LOW_SHARE = 0.7  # of the height of the foramen: its lower half, between disc and joint
_LOW_SHARES_MM = 1.4, 3.6  # behind the body, before the next vertebra's process (proposed)
_DEEPEST_MM = 9.0  # of that depth, where the isthmus behind lies farther back (as at L5)
_KAMBIN_BESIDE_MM, _KAMBIN_BEHIND_MM = 0.5, 2.0  # outside the canal's side wall; behind the body
_OVER_ENDPLATE_MM = 2.5
_FINE_MM = 0.05
_GROOVE_DEEP_MM = (
    4.0  # the groove of the medial branch reaches the pedicle where joints lie far in front
)


def lamina_landmarks(spec: VertebraSpec, bone: Implicit) -> dict[str, Point]:
    """Borders of the laminae in the midline and 5 mm beside it, all on the bone.

    Their ventral edges are the ends of the ventral interlaminar line; between them the laminae
    meet at the spinolaminar junction.
    """
    half, drop = 0.5 * spec.lamina_height_mm, spec.lamina_drop_mm
    canal = np.array([0.0, spec.back_mm + 0.5 * spec.canal_depth_mm, -drop])
    found: dict[str, Point] = {}
    beside = {f"{side} ": _beside_midline(Posts(spec, side)) for side in SIDES}
    for name, offs in {"": np.zeros((2, 3)), **beside}.items():
        for end, way, off in zip(("upper", "lower"), (UP, -UP), offs, strict=True):
            edge, ventral = _border_of(bone, canal, off, half * way)
            found[f"{name}lamina_{end}_edge"] = edge
            found[f"{name}lamina_ventral_{end}"] = ventral
    ends = found["lamina_ventral_upper"], found["lamina_ventral_lower"]
    before = np.array([0.0, canal[1], 0.5 * (ends[0] + ends[1])[2]])
    found["spinolaminar_junction"] = trace_mm(bone, before, _BACK, off_mm=0.0)
    return found


def _beside_midline(post: Posts) -> Point:
    """How far beside the midline the upper and the lower border are looked at (2, 3).

    Nearer to it where a process of a joint that looks backwards reaches so far medially: there the
    lamina is one with it.
    """
    spec = post.spec
    upper = abs(post.sap[0]) - 0.5 * float(
        spec.sap_width_mm * abs(post.sap_across[0])
        + spec.sap_thickness_mm * abs(post.facet_normal[0])
    )
    lower = abs(post.iap[0]) - 0.5 * float(
        spec.iap_width_mm * abs(post.iap_across[0])
        + spec.iap_thickness_mm * abs(post.iap_normal[0])
    )
    free = np.clip(np.array([upper, lower]) - _FREE_MM, _NEAREST_MM, PARAMEDIAN_MM)
    coronal = np.array([coronal_share(spec.facet_angle_deg), coronal_share(spec.iap_angle_deg)])
    lateral = PARAMEDIAN_MM - coronal * (PARAMEDIAN_MM - free)
    return np.stack([post.at(float(one), 0.0, 0.0) for one in lateral])


def _border_of(bone: Implicit, middle_mm: Point, off_mm: Point, half: Point) -> tuple[Point, Point]:
    """`border` from within the canal: from as near to it as there still is lamina behind.

    Nearer to the midline than ``off_mm`` where a slender lamina has none so far beside it.
    """
    for nearness in _NEARER:
        for share in _START_SHARES:
            for into in _THIN_MM:
                try:
                    start = middle_mm + nearness * off_mm + share * half
                    edge, ventral = border(bone, start, unit(half), _BACK, into_mm=into)
                except InputError:  # it ends before, or in an edge that is thin
                    continue
                if abs(float((edge - ventral) @ unit(half))) < _MEET_MM:
                    return edge, ventral
    raise InputError(f"no lamina lies behind {middle_mm.round(1)}: its border cannot be found")


def border(
    bone: Implicit, start_mm: Point, towards: Point, back: Point, *, into_mm: float = _INTO_MM
) -> tuple[Point, Point]:
    """Border of a lamina, and its ventral edge, both (3,) on the bone.

    ``start_mm`` lies in the canal before the lamina; ``towards`` leads along the canal to the
    border, ``back`` to the lamina; the border is looked for ``into_mm`` behind the canal's wall.
    """
    ventral = trace_mm(bone, start_mm, back, off_mm=0.0)
    seen = []
    for _ in range(_LOOKS):  # the wall is not parallel to the canal: look again next to the border
        edge = trace_mm(bone, ventral + into_mm * back + 40.0 * towards, -towards, off_mm=0.0)
        beside = edge - into_mm * back - _WITHIN_MM * towards
        beside = beside - float((beside - start_mm) @ back) * back
        ventral = trace_mm(bone, beside, back, off_mm=0.0)
        seen.append(ventral)
    ventral = max(seen, key=lambda one: float(one @ (towards - _BEVEL * back)))
    top = ventral + min(_EDGE_MM, into_mm) * back + 40.0 * towards
    return trace_mm(bone, top, -towards, off_mm=0.0), ventral


def side_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """Joint below and foramen below of one side."""
    spec = post.spec
    dorsal, ventral, low = joint_ends(post)
    under = leaves(bone, post.pedicle, -UP)
    return {
        "foramen_centre": under - 0.35 * spec.foramen_height_mm * UP,
        "foramen_upper_dorsal": under_pedicle(post, bone, _DORSAL_SHARE, _UNDER_PEDICLE_MM),
        "foramen_upper_ventral": under_pedicle(post, bone, _VENTRAL_SHARE, _UNDER_PEDICLE_MM),
        "foramen_lower_dorsal": _low_in_foramen(post, under, _LOW_SHARES_MM[1]),
        "foramen_lower_ventral": _low_in_foramen(post, under, _LOW_SHARES_MM[0]),
        "joint_below_dorsal": dorsal,
        "joint_below_ventral": ventral,
        "joint_below_inferior": low,
    }


def lower_landmarks(post: Posts, bone: Implicit) -> dict[str, Point]:
    """What the foramen above finds at this vertebra: its Kambin point and the base of the SAP."""
    return {
        "kambin": _kambin(post),
        "sap_base_lateral": on_bone(post, bone, post.neck_point(0.5), off_mm=0.0),
    }


def leaves(bone: Implicit, start_mm: Point, towards: Point, most_mm: float = 45.0) -> Point:
    """Where a ray from inside the bone first leaves it (3,); `InputError` where it does not.

    A start in a groove of the bone counts as inside.
    """
    steps = np.arange(0.0, most_mm, _FINE_MM)
    depth = bone.distance_mm(start_mm + steps[:, None] * towards)
    first = int(np.argmax(depth < 0))
    out = first + int(np.argmax(depth[first:] > 0))
    if depth[first] >= 0 or depth[out] <= 0 or steps[first] > _GROOVE_DEEP_MM:
        raise InputError(f"a ray from {start_mm.round(1)} along {towards} does not leave the bone")
    share = depth[out - 1] / (depth[out - 1] - depth[out]) if out else 0.0
    return np.asarray(start_mm + (steps[out - 1] + share * _FINE_MM) * towards)


def under_pedicle(post: Posts, bone: Implicit, share: float, down_mm: float) -> Point:
    """A place (3,) in the foramen under the pedicle, at a share of its depth from body to isthmus.

    The depth is measured 2 mm under the pedicle, where a needle above the root comes to rest (P04).
    """
    under = leaves(bone, post.pedicle, -UP)
    front = np.array([under[0], post.spec.back_mm, under[2] - _UNDER_PEDICLE_MM])
    steps = np.arange(3.0, _DEEPEST_MM, _FINE_MM)
    gap = bone.distance_mm(front + steps[:, None] * _BACK)
    first = int(np.argmax(gap < 0))
    depth = float(steps[first]) if gap[first] < 0 else _DEEPEST_MM
    if gap[first] < 0 < first:  # between two steps, so that it runs smoothly with the sizes
        depth += _FINE_MM * gap[first] / (gap[first - 1] - gap[first])
    return np.asarray(front + share * depth * _BACK + (_UNDER_PEDICLE_MM - down_mm) * UP)


def _low_in_foramen(post: Posts, under: Point, behind_mm: float) -> Point:
    """A place (3,) in the lower half of the foramen, so far behind body and disc."""
    spec = post.spec
    down = _LOW_SHARE * spec.foramen_height_mm
    return np.array([under[0], spec.back_mm + behind_mm, under[2] - down])


def _kambin(post: Posts) -> Point:
    """Just above the upper endplate behind the disc, between sac and exiting root (P05)."""
    spec = post.spec
    lateral = 0.5 * spec.canal_width_mm + _KAMBIN_BESIDE_MM
    y = spec.back_mm + _KAMBIN_BEHIND_MM
    return post.at(lateral, y, 0.5 * spec.height_mm + spec.wedge_slope * y + _OVER_ENDPLATE_MM)
