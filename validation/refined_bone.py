"""How sharp endplates and facet joints of a real CT are in X-ray pictures, before and after
`refine_bone`.

Measured on what a 70 keV beam would lose along each ray, without noise and blur, in millimetres of
the patient. Endplates: in the lateral view squared to the level, the steepest slope across an
endplate over the range within 6 mm of it. Facet joints: in the view along the joint, how much less
the joint stops than the denser of the bones beside it, over the range within 8 mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.load import load_anatomy
from needle_sim.anatomy.refining.refine import refine_level
from needle_sim.geometry.transform import unit
from needle_sim.imaging.xray.beam import mu_rho
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.materials import COMPOSITION, prepare
from needle_sim.imaging.xray.projector import project
from needle_sim.planning.sightline import turned_as_said

SHARP_PER_MM = 0.15
"""At least so steep is a refined endplate: it rises within 7 mm / mm (proposed)."""
SHARPER = 3.0
"""At least so many times as steep as before (proposed)."""
WIDE_MM = 0.25
_KEV = 70.0
_NEAR_MM, _ACROSS_MM, _BESIDE_MM = 6.0, 8.0, 5.0
_STEP_MM = 0.1
_CASES = {"totalsegmentator_lumbar": ("labels.nii.gz", "L3", "L3-L4"),
          "lidc_0001": ("labels_totalsegmentator.nii.gz", "L1", "T12-L1")}  # fmt: skip

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What a line across something shows before and after."""

    what: str
    before: float
    after: float


def loss(anatomy: Anatomy, carm: CArm) -> Points:
    """Attenuation (R, C) at 70 keV along each ray."""
    paths = project(prepare(anatomy.ct, inset=anatomy.inset), carm).continued()
    found = [mass * mu_rho(COMPOSITION[name], _KEV) for name, mass in paths.mass_g_cm2.items()]
    return np.asarray(np.sum(found, axis=0), dtype=np.float64)


def along(picture: Points, carm: CArm, line_mm: Points) -> Points:
    """A picture at the projections of points (P, 3)."""
    from scipy import ndimage

    at = project_points(carm, line_mm)
    return np.asarray(ndimage.map_coordinates(picture, at.T, order=1))


def slope_per_mm(profile: Points) -> float:
    """Steepest slope over the range."""
    return float(np.abs(np.gradient(profile, _STEP_MM)).max() / np.ptp(profile))


def dip(profile: Points) -> float:
    """How much lower the middle third is than the lower of the peaks beside it, over the range."""
    third = len(profile) // 3
    low = profile[third : 2 * third].min()
    beside = min(profile[:third].max(), profile[2 * third :].max())
    return float(max(beside - low, 0.0) / np.ptp(profile))


def _carm(middle: Points) -> CArm:
    return CArm(tuple(middle.tolist()), pixel_mm=WIDE_MM, shape=(480, 480))  # type: ignore[arg-type]


def endplates(before: Anatomy, after: Anatomy, level: str) -> list[Sharpness]:
    """Both endplates of a vertebra in its squared lateral view; the mean over its depth."""
    body = before.body(level)
    carm = turned_as_said(
        before, _carm(body.matrix[:3, 3]), "right lateral", position="prone", side="right"
    )
    pictures = [loss(one, carm) for one in (before, after)]
    found = []
    steps = np.arange(-_NEAR_MM, _NEAR_MM + 1e-9, _STEP_MM)
    for name in ("superior", "inferior"):
        front, back = (
            before.landmark(f"{level} {name}_endplate_{end}") for end in ("anterior", "posterior")
        )
        slopes = []
        for share in np.linspace(0.3, 0.7, 9):
            line = front + share * (back - front) + steps[:, None] * body.turn([0.0, 0.0, 1.0])
            slopes.append([slope_per_mm(along(one, carm, line)) for one in pictures])
        found.append(Sharpness(f"{level} {name} endplate, slope per mm", *np.mean(slopes, axis=0)))
    return found


def joints(before: Anatomy, after: Anatomy, level: str) -> list[Sharpness]:
    """The facet joints of an interspace, each in the view along it."""
    found = []
    for side in ("right", "left"):
        space = before.spaces.get(f"{level} {side} facet_joint")
        if space is None:
            continue
        low, high = space.shape.box_mm
        axes = [np.arange(a, b, 0.4) for a, b in zip(low, high, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        inside = grid[space.shape.distance_mm(grid) < 0.0]
        middle = inside.mean(axis=0)
        normal = np.linalg.svd(inside - middle, full_matrices=False)[2][2]
        flat = unit(np.array([normal[0], normal[1], 0.0]))
        # the ray runs across the normal, from the front to the back
        ray = np.array([-flat[1], flat[0], 0.0])
        ray = ray if ray[1] > 0 else -ray
        carm = replace(_carm(middle), orbital_deg=float(np.degrees(np.arctan2(ray[0], ray[1]))))
        steps = np.arange(-_ACROSS_MM, _ACROSS_MM + 1e-9, _STEP_MM)
        lines = [
            middle + shift * np.array([0.0, 0.0, 1.0]) + steps[:, None] * flat
            for shift in np.linspace(-_BESIDE_MM, _BESIDE_MM, 11)
        ]
        seen = []
        for one in (before, after):
            picture = loss(one, carm)
            seen.append(np.mean([dip(along(picture, carm, line)) for line in lines]))
        found.append(Sharpness(f"{level} {side} facet joint, dip", float(seen[0]), float(seen[1])))
    return found


def table(folder: Path) -> dict[str, list[Sharpness]]:
    """Both real CTs."""
    found = {}
    for name, (labels, level, space) in _CASES.items():
        upper, lower = space.split("-")
        wanted = tuple(dict.fromkeys((upper, lower, level)))
        before = load_anatomy(folder / name / "dicom", folder / name / labels, vertebrae=wanted)
        after = refine_level(before, level)
        joint = refine_level(before, space)
        found[name] = [*endplates(before, after, level), *joints(before, joint, space)]
    return found


def main(arguments: list[str]) -> int:
    """The folder with both real CTs; 1 when an endplate is not sharp or a joint not clearer."""
    if len(arguments) != 1:
        print("give the folder that holds totalsegmentator_lumbar and lidc_0001")
        return 2
    held = True
    for title, rows in table(Path(arguments[0])).items():
        print(f"{title}\n{'':42} before   after")
        for row in rows:
            plate = "endplate" in row.what
            good = row.after >= SHARP_PER_MM and row.after >= SHARPER * row.before
            good = good if plate else row.after > row.before
            held &= good
            print(f"{row.what:42} {row.before:6.3f}  {row.after:6.3f} {'' if good else 'FAILS'}")
    return 0 if held else 1
