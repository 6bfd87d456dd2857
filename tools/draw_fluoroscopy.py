"""Redraw the pictures of docs/fluoroscopy.md, each by the command that its caption names.

    python tools/draw_fluoroscopy.py [NAME ...] [--out DIR] [--data DIR]

``--data`` holds ``totalsegmentator_lumbar`` (DATA_LICENSES.md) for the pictures of the real CT;
they are left out without it.
"""

from __future__ import annotations

import argparse
import io
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.refining.refine import refine_level
from needle_sim.cli.fluoro_shot import take
from needle_sim.cli.patient import patient_of
from needle_sim.views import canvas
from needle_sim.views.contrast import contrast_figure
from needle_sim.views.fluoroscopy import radiograph_figure

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
USUAL: dict[str, Any] = {
    "phantom": "lumbar_normal", "level": "L4", "side": "right", "view": "AP",
    "position": "prone", "device": "mobile_flat_panel", "kvp": None, "mas": None,
    "collimate": None, "magnify": None, "needle": "none", "target": None, "contrast": None,
    "cine": None, "dsa": False, "seed": 0,
    "refine_bone": False, "lead_letter": False,
}  # fmt: skip
FORAMEN = {
    "level": "L4-L5", "needle": "plan", "target": "L4-L5 right foramen", "contrast": 2.0,
}  # fmt: skip
SHOTS: dict[str, dict[str, Any]] = {
    "ap": {},
    "oblique": {"view": "oblique"},
    "lateral": {"view": "lateral"},
    "contralateral_oblique": {"view": "contralateral-oblique", "level": "L4-L5"},
    "cranial": {"view": "AP, cranial 20"},
    "end_on": {"view": "end-on", "needle": "plan", "magnify": "magnified_2"},
    "contrast": {**FORAMEN, "magnify": "magnified_1"},
    "dsa": {**FORAMEN, "dsa": True},
    "intensifier": {"view": "oblique", "device": "image_intensifier", "lead_letter": True},
    "collimated": {"view": "oblique", "needle": "plan", "collimate": "90x110"},
    "obese": {"phantom": "obesity_bmi40"},
    "fusion": {"phantom": "fusion_l4_s1", "level": "L5"},
    "fusion_lateral": {"phantom": "fusion_l4_s1", "level": "L5", "view": "lateral"},
}
REAL: dict[str, dict[str, Any]] = {
    "real_ap": {"refine_bone": True},
    "real_oblique": {"view": "oblique", "refine_bone": True},
    "real_lateral": {"view": "lateral", "refine_bone": True},
    "real_contralateral_oblique": {
        "view": "contralateral-oblique",
        "level": "L3-L4",
        "refine_bone": True,
    },
    "real_oblique_as_scanned": {"view": "oblique"},
}
LEVEL_OF_REAL = "L3"
WIDTH_PX, GREYS = 560, 64


@cache
def patient(phantom: str | None, data: Path | None) -> Anatomy:
    """A phantom, or the lumbar CT of a data folder."""
    if data is None:
        return patient_of({"phantom": phantom, "ct": None})
    folder = data / "totalsegmentator_lumbar"
    given = {"ct": folder / "dicom", "labels": folder / "labels.nii.gz"}
    return patient_of(given, vertebrae=("L2", "L3", "L4"))


@cache
def refined(data: Path, level: str) -> Anatomy:
    """The lumbar CT with the fitted cortices about a level."""
    return refine_level(patient(None, data), level)


def save(name: str, given: dict[str, Any], out: Path, data: Path | None) -> None:
    """Take one picture and write it small."""
    real = data is not None and given["refine_bone"]
    anatomy = refined(data, given["level"]) if real else patient(given["phantom"], data)
    taken = take(anatomy, given)
    if taken.injection is not None:
        figure = contrast_figure(taken.injection)
    else:
        figure = radiograph_figure(taken.shot, width_px=WIDTH_PX, letter=not given["lead_letter"])
    whole = Image.open(io.BytesIO(canvas.png(figure))).convert("L")
    whole.quantize(GREYS).save(out / f"fluoroscopy_{name}.png", optimize=True)
    shot = taken.shot
    print(f"{name}: {shot.beam.kvp:.3g} kV, {shot.beam.mas:.3g} mAs, {shot.kerma_mgy:.3g} mGy")


def main() -> None:
    """Draw what is asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, how in SHOTS.items():
        if not asked.names or name in asked.names:
            save(name, USUAL | how, asked.out, None)
    for name, how in REAL.items():
        if asked.data is not None and (not asked.names or name in asked.names):
            save(name, USUAL | {"level": LEVEL_OF_REAL} | how, asked.out, asked.data)


if __name__ == "__main__":
    main()
