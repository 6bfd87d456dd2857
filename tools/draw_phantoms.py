"""Draws a picture of every shipped phantom: CT at its levels, and radiographs.

    python tools/draw_phantoms.py [NAME ...]

One sheet each in docs/pictures/phantoms/: a sagittal or coronal and an axial CT slice, and
radiographs from behind and from the side. docs/pictures/phantoms.png shows all of them small.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray

import needle_sim as ns
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from needle_sim.imaging.xray.carm import aimed
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.slices import Plane, draw_ct

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "phantoms"
SOFT, BONE, WIDE = (360.0, 60.0), (1400.0, 350.0), (2800.0, 700.0)


class Shown(NamedTuple):
    """What a sheet shows: where and how the axial slice lies, and where the others are centred.

    Of its four panels two stand in the picture of all.
    """

    level: str
    window: tuple[float, float]
    size_mm: float = 130.0
    centre: str = "L4"
    coronal: bool = False
    beside: int = 1  # which panel stands beside the first in the picture of all


SHOWN = {
    "stenosis_l4_l5": Shown("L4-L5", SOFT),
    "flavum_hypertrophy": Shown("L4-L5", SOFT, 110.0),
    "facet_arthrosis": Shown("L4-L5", BONE, 110.0),
    "facet_tropism": Shown("L4-L5", BONE, 110.0),
    "osteoporosis": Shown("L3", BONE),
    "disc_degeneration": Shown("L4-L5", BONE),
    "obesity_bmi40": Shown("L3-L4", SOFT, 420.0),
    "fusion_l4_s1": Shown("L5", WIDE, 150.0, beside=2),
    "failed_back": Shown("L5", WIDE, 150.0, beside=2),
    "laminectomy_l4": Shown("L4 lamina", SOFT, 140.0),
    "elderly_mixed": Shown("L4-L5", SOFT),
    "compression_fracture_l1": Shown("L1", BONE, centre="L2", beside=3),
    "scoliosis_25": Shown("L2", BONE, 150.0, "L3", coronal=True, beside=2),
    "spondylolisthesis_l4": Shown("L4-L5", SOFT, beside=3),
    "spondylolysis_l5": Shown("L5", BONE, 110.0),
    "six_lumbar": Shown("L6", BONE, 150.0, "L5", beside=2),
    "four_lumbar": Shown("L4", BONE, 150.0, beside=2),
    "transitional": Shown("L5", BONE, 150.0, "L5", coronal=True, beside=2),
    "lumbar_normal": Shown("L3-L4", SOFT, 150.0),
}
VOXEL_MM, FINE_MM = 1.0, 0.7
WIDE_PX, HIGH_PX = 860, 262
ACROSS, TALL_PX = 4, 150  # of the picture of all


def sheet(name: str) -> Figure:
    """One phantom: sagittal and axial CT, radiographs from behind and from the side."""
    anatomy = ns.build_phantom(name, seed=None, voxel_mm=VOXEL_MM, fine_mm=FINE_MM)
    level, window, size, centre, coronal, _ = SHOWN.get(name, Shown("L4-L5", BONE, 150.0))
    figure = Figure(figsize=(WIDE_PX / canvas.DPI, HIGH_PX / canvas.DPI), dpi=canvas.DPI)
    figure.set_facecolor(canvas.SCREEN)
    boxes = [(n / 4 + 0.002, 0.0, 0.246, 1.0) for n in range(4)]
    at = place(anatomy, level)
    heart = anatomy.body(centre).matrix[:3, 3]
    tall = 205.0 if size < 200 else size
    cut = Plane.coronal if coronal else Plane.sagittal
    planes = (
        cut(heart + np.array([0.0, 0.0 if coronal else 25.0, 0.0]), size_mm=(0.83 * tall, tall)),
        axial(anatomy, level, at, size),
    )
    fine = anatomy.inset if anatomy.inset is not None and size < 200 else anatomy.ct
    for box, plane, ct in zip(boxes, planes, (anatomy.ct, fine), strict=False):
        draw_ct(canvas.panel(figure, box, colour=canvas.SCREEN), ct, plane, window=window)
    spine = ns.prepare(anatomy.ct, inset=anatomy.inset) if anatomy.inset is not None else anatomy.ct
    carm = ns.CArm.preset("mobile_flat_panel")
    for box, orbital, beam, shown in (
        (boxes[2], 0.0, "lumbar_ap", "From behind"),
        (boxes[3], 90.0, "lumbar_lateral", "From the side"),
    ):
        shot = ns.radiograph(
            spine, replace(aimed(carm, heart), orbital_deg=orbital), ns.Beam.preset(beam),
            rng=np.random.default_rng(0),
        )  # fmt: skip
        panel = canvas.panel(figure, box, colour=canvas.SCREEN)
        draw_radiograph(panel, shot, Display.for_prone(shot), title=shown, tall=1.15, zoom=1.15)
    return figure


def place(anatomy: ns.Anatomy, level: str) -> NDArray[np.float64]:
    """Where the slices meet: the middle of a vertebra or of a disc."""
    bone, _, part = level.partition(" ")
    if "-" in bone:
        upper, lower = (anatomy.body(one).matrix[:3, 3] for one in bone.split("-"))
        return np.asarray(0.5 * (upper + lower))
    body = anatomy.body(bone)
    return body.apply([0.0, 0.0, -8.0 if part else 3.0])


def axial(anatomy: ns.Anatomy, level: str, at: NDArray[np.float64], size_mm: float) -> Plane:
    """A slice in the plane of the vertebra or of the disc, a little behind its middle."""
    bones = level.partition(" ")[0].split("-")
    turn = sum(anatomy.body(one).matrix[:3, :3] for one in bones)
    left = turn[:, 0] / np.linalg.norm(turn[:, 0])
    up = turn[:, 2] / np.linalg.norm(turn[:, 2])
    back = np.cross(up, left)
    back = back / np.linalg.norm(back)
    centre = at + (22.0 if size_mm < 200 else 0.0) * back
    return Plane(centre, left, back, (0.83 * size_mm, size_mm))


def gallery() -> Figure:
    """Two panels of every sheet, four phantoms in a row, with their names."""
    names = [name for name in SHOWN if name != "lumbar_normal"]
    rows = -(-len(names) // ACROSS)
    figure = Figure(figsize=(WIDE_PX / canvas.DPI, rows * TALL_PX / canvas.DPI), dpi=canvas.DPI)
    figure.set_facecolor(canvas.SCREEN)
    for n, name in enumerate(names):
        whole = imread(OUT / f"{name}.png")  # grey
        quarter = whole.shape[1] // 4
        at = SHOWN[name].beside * quarter
        both = whole[:, :quarter], whole[:, at : at + quarter]
        low = 1.0 - (n // ACROSS + 1) / rows
        box = (n % ACROSS / ACROSS + 0.003, low, 1.0 / ACROSS - 0.006, 0.88 / rows)
        panel = canvas.panel(figure, box, colour=canvas.SCREEN)
        panel.imshow(np.concatenate(both, axis=1), cmap="gray", vmin=0.0, vmax=1.0, aspect="equal")
        panel.set_axis_off()
        panel.set_title(name, color="white", fontsize=7, pad=2)
    return figure


def main(names: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for name in names or phantom_names():
        (OUT / f"{name}.png").write_bytes(canvas.png(sheet(name)))
        print(name, (OUT / f"{name}.png").stat().st_size // 1000, "kB")
    OUT.with_suffix(".png").write_bytes(canvas.png(gallery()))


if __name__ == "__main__":
    main(sys.argv[1:])
