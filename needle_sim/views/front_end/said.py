"""What is announced of the last act: all of it, or in an exam not what a picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from needle_sim.views.marker import angles_in_words

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

_MODES = {"single": "single shot", "live": "live", "dsa": "DSA"}


def said_of(it: Rehearsal, *, exam: bool) -> str:
    """The last act in words.

    An examiner says what was done and what a hand meets (aspiration, feel), and leaves to the
    trainee what a picture shows: where contrast ran, and which view of the recipe this is.
    """
    if not exam or not it.acts:
        return it.said
    act = it.acts[-1]
    if act.do == "contrast":
        return f"{act.given['volume_ml']:g} mL contrast, {_MODES[act.given['mode']]}"
    if act.do == "shot":
        pose = it.scope.pose
        deep = f" at {it.hand.depth_mm:.0f} mm" if it.hand.inside else ""
        return f"{angles_in_words(pose.orbital_deg, pose.tilt_deg)}{deep}"
    return it.said
