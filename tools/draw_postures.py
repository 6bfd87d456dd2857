"""Draw ``docs/images/postures.png``: one phantom flat prone and on a pillow, as a C-arm sees it.

    python tools/draw_postures.py [OUT.png]

Lateral radiographs of L2 to S1, and AP ones of the L3-L4 and L4-L5 windows, both with the windows'
edges marked.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib.figure import Figure

import needle_sim as ns
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.exposure import expose
from needle_sim.planning.sightline import recipe_angles
from needle_sim.views.fluoroscopy import Overlay, draw_radiograph

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "postures.png"
WINDOWS = (("L2", "L3"), ("L3", "L4"), ("L4", "L5"))
EDGE = "#ffd54a"


def main(out: Path) -> None:
    """Build, pose, radiograph, draw."""
    built = ns.build_phantom(fine_mm=0.6)
    postures = {"Flat prone": "prone", "On a pillow": "prone_pillow"}
    figure = Figure(figsize=(9.0, 9.6), facecolor="black")
    axes = figure.subplots(2, 2)
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.99, 0.02, 0.02)
    for column, (title, name) in enumerate(postures.items()):
        lies = ns.posed(built, name)
        materials = ns.prepare(lies.ct, inset=lies.inset)
        for row, (oblique, beam) in enumerate(((90.0, "lumbar_lateral"), (0.0, "lumbar_ap"))):
            shot = _shot(lies, materials, oblique, beam)
            view = "lateral" if row == 0 else "AP, squared to L4"
            marks = _edges(lies, named=row == 0)
            zoom = 1.0 if row == 0 else 1.7
            draw_radiograph(
                axes[row, column], shot, title=f"{title}: {view}", overlay=marks, zoom=zoom
            )
    figure.savefig(out, dpi=100, facecolor="black")
    _say(built, postures)


def _shot(lies: ns.Anatomy, materials: object, oblique: float, beam: str) -> ns.Radiograph:
    orbital, tilt = recipe_angles(lies, "L4", "left", oblique, 0.0)
    middle = np.mean([lies.bodies[one].matrix[:3, 3] for one in ("L3", "L5")], axis=0)
    middle = middle + np.array([0.0, 18.0 if oblique else 35.0, 4.0])
    carm = replace(
        ns.CArm.preset("mobile_flat_panel"),
        isocentre_mm=tuple(float(x) for x in middle),
        orbital_deg=orbital,
        tilt_deg=tilt,
    )
    paths = ns.project(materials, carm)
    return expose(paths, set_exposure(paths, ns.Beam.preset(beam)), rng=np.random.default_rng(1))


def _edges(lies: ns.Anatomy, *, named: bool) -> list[Overlay]:
    found = []
    for upper, lower in WINDOWS:
        ends = [
            lies.landmark(f"{upper} lamina_lower_edge"),
            lies.landmark(f"{lower} lamina_upper_edge"),
        ]
        words = f"{np.linalg.norm(ends[0] - ends[1]):.1f} mm" if named else ""
        found.append(Overlay(np.stack(ends), EDGE, words, dashed=False))
    return found


def _say(built: ns.Anatomy, postures: dict[str, str]) -> None:
    for title, name in postures.items():
        lies = ns.posed(built, name)
        widths = [
            float(
                np.linalg.norm(
                    lies.landmark(f"{a} lamina_lower_edge")
                    - lies.landmark(f"{b} lamina_upper_edge")
                )
            )
            for a, b in WINDOWS
        ]
        print(title, [round(one, 1) for one in widths])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
