"""Draws the pictures of docs/landmarks.md: every landmark on the bone it belongs to.

    python tools/draw_landmarks.py

Each landmark is told in the view that sees its surface best among those that see it at all; of the
pairs the right one is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks
from needle_sim.geometry.shapes import Implicit
from needle_sim.views.landmark_figure import Look, landmark_figure, seen
from needle_sim.views.shaded_bone import bone_view

OUT = Path(__file__).resolve().parent.parent / "docs" / "images"
COLOURS = "red on the bone, blue beside it, brown within it; the right one of each pair"
UP = (0.0, 0.0, 1.0)
VERTEBRA = (
    ("From behind", (0.0, 1.0, 0.12), UP, False),
    ("From the right", (-1.0, 0.0, 0.0), UP, False),
    ("From above", (0.0, 0.03, 1.0), (0.0, -1.0, 0.0), False),
    ("From below", (0.0, 0.03, -1.0), (0.0, 1.0, 0.0), False),
    ("Oblique from behind on the right", (-0.72, 0.66, 0.22), UP, False),
    ("Oblique from the front on the right", (-0.75, -0.62, 0.25), UP, False),
    ("Right half, from the left", (1.0, 0.0, 0.0), UP, True),
    ("Right half, oblique from the left and front", (0.75, -0.6, 0.1), UP, True),
)
SACRUM = (
    ("From behind", (0.0, 1.0, -0.25), (0.0, 0.3, 1.0), False),
    ("From the front", (0.0, -1.0, 0.45), (0.0, 0.4, 1.0), False),
    ("From the right", (-1.0, 0.0, 0.0), UP, False),
    ("Oblique from behind on the right", (-0.75, 0.7, 0.3), (0.0, 0.2, 1.0), False),
    ("Right half, from the left", (1.0, 0.0, 0.0), UP, True),
)
PREFERRED = {
    "foramen_dorsal": (0,),
    "foramen_ventral": (1,),
    "foramen_": (1,),
    "kambin": (1,),
    "lateral_recess": (6, 2),
    "pedicle_centre": (0,),
}
"""Views that tell some places best, by what is in their names."""


@dataclass(frozen=True, slots=True, eq=False)
class RightHalf:
    """What lies on the right of the median plane."""

    whole: Implicit

    def distance_mm(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance (P,) of points (P, 3)."""
        points = np.asarray(points_mm, dtype=np.float64)
        return np.maximum(self.whole.distance_mm(points), points[:, 0])

    @property
    def box_mm(self) -> NDArray[np.float64]:
        """Low and high corner (2, 3) of the whole, so that views of both agree."""
        return self.whole.box_mm


def looks(
    bone: Implicit, places: Mapping[str, NDArray[Any]], sides: tuple[Any, ...], half_mm: float
) -> list[Look]:
    """The views, each with the landmarks that it sees better than the others."""
    bones = [RightHalf(bone) if cut else None for *_, cut in sides]
    views = [
        bone_view(own or bone, eye=eye, up=up, half_mm=half_mm)
        for (_, eye, up, _), own in zip(sides, bones, strict=True)
    ]
    told: list[list[str]] = [[] for _ in sides]
    for name, at in places.items():
        away, normal = float(bone.distance_mm(at[None])[0]), bone.gradient(at[None])[0]
        wanted = next((w for part, w in PREFERRED.items() if part in name), ())
        merit = {
            n: float(normal @ view.eye) - 0.03 * len(told[n]) - (0.3 if bones[n] else 0.0)
            + (9.0 if n in wanted else 0.0)
            for n, view in enumerate(views)
            if seen(view, at, away)
        }  # fmt: skip
        if not merit:
            print(f"no view sees {name}")
            continue
        told[max(merit, key=lambda n: merit[n])].append(name)
    return [
        Look(title, eye, up, tuple(names), own)
        for (title, eye, up, _), names, own in zip(sides, told, bones, strict=True)
        if names
    ]


def of_one_side(found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Landmarks of the midline and of the right side, without the side's name."""
    kept = {name: at for name, at in found.items() if not name.startswith("left ")}
    right = {name.removeprefix("right "): at for name, at in kept.items() if " " in name}
    middle = {
        f"{name} (midline)" if name in right else name: at
        for name, at in kept.items()
        if " " not in name and not name.endswith("_left")
    }
    return middle | right


def main() -> None:
    """Write the three pictures."""
    spine = spine_spec()
    stack = column(spine)
    own, _ = bones_of(stack, spine.sacrum)
    for name, level in (("lumbar", "L3"), ("thoracic", "T11"), ("sacrum", "S1")):
        bone, spec = own[level], stack.vertebrae[level]
        if level == "S1":
            found = sacrum_landmarks(spec, spine.sacrum, bone)
        else:
            found = vertebra_landmarks(spec, bone=bone)
        sides = SACRUM if level == "S1" else VERTEBRA
        half_mm = 0.53 * float(np.ptp(bone.box_mm, axis=0).max())
        places = of_one_side(found)
        told = looks(bone, places, sides, half_mm)
        figure = landmark_figure(bone, places, told, half_mm=half_mm)
        figure.suptitle(f"Landmarks of {level}, mean spine: {COLOURS}", fontsize=11)
        figure.savefig(OUT / f"landmarks_{name}.png", metadata={"Software": None})
        print(f"landmarks_{name}.png: {sum(len(one.names) for one in told)} landmarks")


if __name__ == "__main__":
    main()
