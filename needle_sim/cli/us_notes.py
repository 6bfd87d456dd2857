"""What a user should know of a sonogram beside the picture: what it misses, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from needle_sim.anatomy.tissue import family_labels

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.poses import View
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

_OFF_SHARE = 0.12  # of the lines without contact that are worth a word, as in the picture
_SEEN_PX = 30  # of the sac: fewer are a chink between two shadows


def picture_notes(
    shot: Sonogram, view: View, depths_mm: Mapping[str, float], met: Mapping[str, float | None]
) -> list[str]:
    """Notes on one picture, the gravest first.

    Parameters
    ----------
    depths_mm : mapping of str to float
        How deep lies what the view is named after.
    met : mapping of str to float or None
        First ``bone`` and ``dura`` on the middle line.
    """
    from needle_sim.imaging.ultrasound.reach import beyond_hearing, beyond_the_picture

    bony = view.takes != "interspace"
    shallow = beyond_the_picture(shot.probe, shot.depth_mm, depths_mm, bony=bony)
    deaf = None if shallow else beyond_hearing(shot.probe, depths_mm, bony=bony)
    found = [one for one in (shallow, deaf) if one is not None]
    if shallow and not np.isfinite(shot.truth["surface_mm"]).any():
        found[0] += "; there is no bone in this picture"
    return [*found, *([] if shallow else _closed(shot, view, met)), *_off_skin(shot)]


def _closed(shot: Sonogram, view: View, met: Mapping[str, float | None]) -> list[str]:
    """Where a view between two laminae does not reach the canal on its middle line."""
    if view.takes != "interspace" or met["dura"] is not None or met["bone"] is None:
        return []
    hidden = f"bone {met['bone']:.0f} mm deep hides the canal on the middle line"
    sac = np.isin(shot.truth["labels"], family_labels("csf"))
    sac = sac & ~shot.truth["shadow"] & shot.sector
    if int(sac.sum()) >= _SEEN_PX:
        return [f"the window is narrow: {hidden}; the sac is seen beside it"]
    other = "paramedian_sagittal_oblique" if view.midline else "transverse_interlaminar"
    return [
        f"the window is closed: {hidden}, no tilt passes between laminae and spinous processes as "
        f"this spine lies, and what lies behind is unknown to sound; try {other} or a level beside"
    ]


def _off_skin(shot: Sonogram) -> list[str]:
    """Where part of the face does not touch, so that the picture is black below it."""
    from needle_sim.imaging.ultrasound.touch import coupling

    off = float((coupling(shot.truth["gap_mm"]) < 0.5).mean())
    if off < _OFF_SHARE:
        return []
    return [
        f"no contact: {100 * off:.0f} % of the face does not touch the skin, which curves away or "
        "ends with the volume; the picture is black below it"
    ]
