"""`Scanner`: the ultrasound machine of a rehearsal: probe, depth, gain, the picture."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_sim.errors import InputError
from needle_sim.geometry.transform import PATIENT, Transform
from needle_sim.imaging.ultrasound.poses import VIEWS, check_view, pose
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.ultrasound.scene import Echoes, prepare
from needle_sim.imaging.ultrasound.seating import on_skin
from needle_sim.imaging.ultrasound.touch import pressed
from needle_sim.presets import nearest
from needle_sim.views.front_end.reply import Picture
from needle_sim.views.front_end.spoken import Act, Given, number
from needle_sim.views.sonography import beam_in_words, edges_in_words

if TYPE_CHECKING:
    from needle_sim.rehearsal.rehearsal import Rehearsal

_DEPTH_MM = (30.0, 200.0)
_MOST_DB = 30.0
_BELOW_SKIN_MM = 25.0  # deeper than the back curves along a slide
_NOISE = 31  # child of the seed
_LINES = 192
MOVES = ("slide_mm", "along_mm", "tilt_deg", "rock_deg", "rotate_deg")
"""Across the plane and along it, fan across it, rock in it, turn about the beam."""


class Scanner:
    """Looks where the probe of a rehearsal stands; its scene is made once."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._it = rehearsal
        self.probe = rehearsal.recipe.probe
        self.depth_mm = Probe.preset(self.probe).depth_mm
        self.gain_db = 0.0
        self._scene: Echoes | None = None
        self._making: threading.Thread | None = None

    def views(self) -> list[dict[str, str]]:
        """The named views that this level has, with their titles."""
        found = []
        for name, view in VIEWS.items():
            level = self._level(name)
            if level is not None:
                found.append({"name": name, "title": view.title, "level": level})
        return found

    def _level(self, name: str) -> str | None:
        """The level that a view takes: the interspace of the target, or its vertebra."""
        it = self._it
        upper, lower = it.recipe.vertebrae(it.level, it.anatomy.bodies)
        for level in (f"{upper}-{lower}", lower, upper):
            try:
                check_view(name, level, it.side)
            except InputError:
                continue
            return level
        return None

    def act(self, given: Given) -> Act:
        """A message about the probe as an act: to a named view, or moved by a hand."""
        if "view" in given:
            return self._placed(str(given["view"]))
        if self._it.probe is None:
            raise InputError("no probe is on the skin: choose a view to put it there first")
        moves = {name: number(given, name, default=0.0) for name in MOVES}
        moved = self._moved(**moves)
        return "probe", {"name": self._it.probe[0], "matrix": moved.matrix.tolist()}

    def _placed(self, name: str) -> Act:
        if name not in VIEWS:
            raise InputError(f"there is no view {name[:40]!r}{nearest(name, VIEWS)}")
        level = self._level(name)
        if level is None:
            raise InputError(f"{VIEWS[name].title} cannot be taken at {self._it.level}")
        side, probe = self._it.side, Probe.preset(self.probe)
        seat = pose(self._it.anatomy, name, level=level, side=side, probe=probe)
        return "probe", {"name": self.probe, "matrix": seat.matrix.tolist()}

    def _moved(
        self,
        slide_mm: float,
        along_mm: float,
        tilt_deg: float,
        rock_deg: float,
        rotate_deg: float,
    ) -> Transform:
        matrix = self._pose().matrix
        x, y, z = matrix[:3, :3].T
        x, y = _turned(x, y, rotate_deg)
        z, y = _turned(z, y, tilt_deg)
        z, x = _turned(z, x, rock_deg)
        face = matrix[:3, 3] + slide_mm * y + along_mm * x
        seat = on_skin(self._it.anatomy, face + _BELOW_SKIN_MM * z, z, x)
        return pressed(self._it.anatomy, seat, Probe.preset(self.probe))

    def set(self, given: Given) -> None:
        """Depth, gain, and which probe comes next."""
        if "probe" in given:
            self.depth_mm = Probe.preset(str(given["probe"])).depth_mm
            self.probe = str(given["probe"])
        if "depth_mm" in given:
            low, high = _DEPTH_MM
            self.depth_mm = min(max(number(given, "depth_mm"), low), high)
        if "gain_db" in given:
            self.gain_db = min(max(number(given, "gain_db"), -_MOST_DB), _MOST_DB)

    def picture(self) -> Picture:
        """What the probe shows now; looking changes nothing."""
        it = self._it
        placed = it.hand.placed()
        pose_now = self._pose()
        name = self.probe if it.probe is None else it.probe[0]
        made = sonogram(
            self.scene(), Probe.preset(name), pose_now, needles=() if placed is None else (placed,),
            depth_mm=self.depth_mm, gain_db=self.gain_db, lines=_LINES,
            rng=np.random.default_rng([it.seed, _NOISE, len(it.acts)]),
        )  # fmt: skip
        left, right = edges_in_words(pose_now)
        seen = [bool(one["in_plane"]) for one in made.truth["needles"]]
        head: dict[str, Any] = {
            "mm_px": made.pixel_mm, "origin_px": list(made.origin_px), "depth_mm": made.depth_mm,
            "gain_db": self.gain_db, "probe": name, "frequency_mhz": made.probe.frequency_mhz,
            "focus_mm": made.probe.focus_mm, "edges": [left, right],
            "beam": beam_in_words(pose_now.matrix[:3, 2]), "needle_in_plane": any(seen),
        }  # fmt: skip
        return Picture("sonogram", np.rint(255.0 * made.array).astype(np.uint8), head)

    @property
    def ready(self) -> bool:
        """Whether the machine has started up: its scene takes seconds, in a thread of its own."""
        if self._scene is None and self._making is None:
            self._making = threading.Thread(target=self.scene, daemon=True)
            self._making.start()
        return self._scene is not None

    def scene(self) -> Echoes:
        """Of the region about the target, made once."""
        if self._scene is None:
            self._scene = prepare(self._it.anatomy, self._it.target.centre_mm)
        return self._scene

    def _pose(self) -> Transform:
        if self._it.probe is None:
            raise InputError("no probe is on the skin: choose a view to put it there first")
        return Transform(np.array(self._it.probe[1]), target=PATIENT, source=PROBE)


def _turned(a: Any, b: Any, degrees: float) -> tuple[Any, Any]:
    """Two orthogonal directions turned in their plane, ``a`` towards ``b``."""
    turn = np.radians(degrees)
    return np.cos(turn) * a + np.sin(turn) * b, np.cos(turn) * b - np.sin(turn) * a
