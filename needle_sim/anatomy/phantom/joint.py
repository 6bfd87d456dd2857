"""The facet joint below a vertebra: the slab between the articular faces, and its recesses."""

from __future__ import annotations

from collections.abc import Iterator

from needle_sim.anatomy.phantom.posts import Point, Posts
from needle_sim.anatomy.phantom.spec import VertebraSpec
from needle_sim.geometry.shapes import Row, bar, box

_ACROSS_SHARE, _ALONG_SHARE = 0.46, 0.44  # of the process; the joint surface is about 14 x 12 mm
_OVER_MM = 0.2  # into the cartilage of each face, so that the slab touches the bone
_SPACE_SHARE = 0.3
"""Of the gap between the bones, which is 1.5-1.9 mm wide (Simon 2012, Spine 37:1058); the rest is
cartilage, about 0.8 mm on each face (ASME SBC2011, 54587:557)."""
_DORSAL_MM, _INFERIOR_MM = 1.3, 1.7  # radii of the recesses of the capsule (proposed)


def joint_half_mm(spec: VertebraSpec) -> tuple[float, float]:
    """Half sizes of the joint below: along its line (`iap_across`) and up (`iap_up`)."""
    return _ACROSS_SHARE * spec.iap_width_mm, _ALONG_SHARE * spec.iap_height_mm


def joint_ends(post: Posts) -> tuple[Point, Point, Point]:
    """Dorsal and ventral end of the joint line at mid height, and the inferior recess, body frame.

    All in the middle of the gap.
    """
    across, up = joint_half_mm(post.spec)
    low = post.joint_below - (up + 0.5 * _INFERIOR_MM) * post.iap_up
    line = across * post.iap_across
    return post.joint_below + line, post.joint_below - line, low


def joint_rows(post: Posts) -> Iterator[Row]:
    """Joint of one side from bone to bone, body frame: slab, dorsal recess, inferior recess.

    The dorsal recess lies where the capsule bulges behind the joint line, the inferior one below
    the tip of the inferior process; both are entered by needles (FUR-ZJ).
    """
    across, up = joint_half_mm(post.spec)
    yield _slab(post, (across, 0.5 * post.spec.joint_gap_mm + _OVER_MM, up))
    yield from _recesses(post)


def between_cartilages(post: Posts) -> Iterator[Row]:
    """The same without the two layers of articular cartilage: the space that fluid opens."""
    across, up = joint_half_mm(post.spec)
    yield _slab(post, (across, 0.5 * _SPACE_SHARE * post.spec.joint_gap_mm, up))
    yield from _recesses(post)


def _slab(post: Posts, half_mm: tuple[float, float, float]) -> Row:
    return box(
        half_mm,
        round_mm=0.3,
        centre_mm=post.joint_below,
        axes=(post.iap_across, post.iap_normal),
    )


def _recesses(post: Posts) -> Iterator[Row]:
    across, up = joint_half_mm(post.spec)
    dorsal, _, low = joint_ends(post)
    behind = dorsal + 0.6 * _DORSAL_MM * post.iap_across
    reach = 0.6 * up * post.iap_up
    radius = _DORSAL_MM, _DORSAL_MM
    yield bar(behind - reach, behind + reach, radius, blend_mm=0.5, across=post.iap_across)
    wide = 0.45 * across * post.iap_across
    radius = _INFERIOR_MM, _INFERIOR_MM
    yield bar(low - wide, low + wide, radius, blend_mm=0.5, across=post.iap_up)
