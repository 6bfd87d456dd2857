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
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray

import needle_sim as ns
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from needle_sim.geometry.transform import Transform
from needle_sim.imaging.xray.carm import aimed
from needle_sim.views import canvas
from needle_sim.views.display import Display
from needle_sim.views.fluoroscopy import draw_radiograph
from needle_sim.views.slices import Plane, draw_ct

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "phantoms"
SOFT, BONE, WIDE = (360.0, 60.0), (1400.0, 350.0), (2800.0, 700.0)
NARROW = (240.0, 50.0)  # ligament beside the sac


class Shown(NamedTuple):
    """What a sheet shows: where and how the axial slice lies, and where the others are centred.

    Of its four panels two stand in the picture of all. What cannot be seen without counting has the
    names of the vertebrae in a longer first slice, and radiographs of a large detector.
    """

    level: str
    window: tuple[float, float]
    size_mm: float = 130.0
    centre: str = "L4"
    coronal: bool = False
    behind: float = 0.0  # the middle of the body lies a coronal slice along it, mm; 0 is upright
    long_window: tuple[float, float] | None = None  # of the first slice, if another
    counted: bool = False
    beside: int = 1  # which panel stands beside the first in the picture of all


SHOWN = {
    "stenosis_l4_l5": Shown("L4-L5", SOFT),
    "flavum_hypertrophy": Shown("L4-L5", NARROW, 110.0),
    "facet_arthrosis": Shown("L4-L5", BONE, 110.0),
    "facet_tropism": Shown("L4-L5", BONE, 110.0),
    "osteoporosis": Shown("L3", BONE),
    "disc_degeneration": Shown("L4-L5", BONE),
    "obesity_bmi40": Shown("L3-L4", SOFT, 500.0),
    "fusion_l4_s1": Shown("L5", WIDE, 150.0, long_window=BONE, beside=2),
    "failed_back": Shown("L5", WIDE, 150.0, long_window=SOFT, beside=2),
    "laminectomy_l4": Shown("L4 lamina", SOFT, 140.0),
    "elderly_mixed": Shown("L4-L5", SOFT),
    "compression_fracture_l1": Shown("L1", BONE, centre="L2", beside=3),
    "scoliosis_25": Shown("L2", BONE, 150.0, "L3", coronal=True, beside=2),
    "spondylolisthesis_l4": Shown("L4-L5", SOFT, beside=3),
    "spondylolysis_l5": Shown("L5", BONE, 110.0),
    "six_lumbar": Shown("L6", BONE, 150.0, "L4", counted=True, beside=2),
    "four_lumbar": Shown("L4", BONE, 150.0, "L3", counted=True, beside=2),
    "transitional": Shown("L5", BONE, 150.0, "L5", coronal=True, behind=22.0, beside=2),
    "lumbar_normal": Shown("L3-L4", SOFT, 150.0),
}
VOXEL_MM, FINE_MM = 1.0, 0.7
WIDE_PX, HIGH_PX = 860, 262
ACROSS, TALL_PX = 4, 150  # of the picture of all


def sheet(name: str) -> Figure:
    """One phantom: sagittal and axial CT, radiographs from behind and from the side."""
    anatomy = ns.build_phantom(name, seed=None, voxel_mm=VOXEL_MM, fine_mm=FINE_MM)
    show = SHOWN.get(name, Shown("L4-L5", BONE, 150.0))
    level, window, size, centre = show.level, show.window, show.size_mm, show.centre
    figure = Figure(figsize=(WIDE_PX / canvas.DPI, HIGH_PX / canvas.DPI), dpi=canvas.DPI)
    figure.set_facecolor(canvas.SCREEN)
    boxes = [(n / 4 + 0.002, 0.0, 0.246, 1.0) for n in range(4)]
    at = place(anatomy, level)
    heart = anatomy.body(centre).matrix[:3, 3]
    tall = 340.0 if show.counted else 205.0 if size < 200 else size
    long = Plane.sagittal(heart + np.array([0.0, 25.0, 0.0]), size_mm=(0.83 * tall, tall))
    ct = anatomy.ct
    if show.coronal:
        long, ct = coronal(anatomy.body(centre), show.behind, tall), Joined(anatomy)
    panel = canvas.panel(figure, boxes[0], colour=canvas.SCREEN)
    draw_ct(panel, ct, long, window=show.long_window or window)
    if show.counted:
        count(panel, anatomy, long)
    panel = canvas.panel(figure, boxes[1], colour=canvas.SCREEN)
    draw_ct(panel, Joined(anatomy), axial(anatomy, level, at, size), window=window)
    spine = ns.prepare(anatomy.ct, inset=anatomy.inset) if anatomy.inset is not None else anatomy.ct
    carm = ns.CArm.preset("mobile_flat_panel")
    if show.counted:  # on a table, 38 cm: from the last rib to the sacrum
        carm = replace(carm, source_isocentre_mm=1000.0, source_detector_mm=1150.0, pixel_mm=0.74)
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


class Joined:
    """The CT of an anatomy, with its fine box where that is."""

    def __init__(self, anatomy: ns.Anatomy) -> None:
        self.whole, self.fine = anatomy.ct, anatomy.inset

    def sample(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """HU (...) at points (..., 3)."""
        found = np.array(self.whole.sample(points_mm))
        if self.fine is not None:
            at = self.fine.voxels(points_mm)
            inside = ((at >= 0) & (at <= np.array(self.fine.shape) - 1)).all(axis=-1)
            found[inside] = self.fine.sample(points_mm[inside])
        return found


def count(panel: Axes, anatomy: ns.Anatomy, plane: Plane) -> None:
    """The name of each vertebra on its body."""
    wide, tall = plane.size_mm
    for name, body in anatomy.bodies.items():
        off = body.matrix[:3, 3] - plane.centre_mm
        x, y = off @ plane.right, off @ plane.down
        if abs(x) < 0.45 * wide and abs(y) < 0.47 * tall:
            panel.text(x, y, name, color="yellow", fontsize=6, ha="center", va="center")


def place(anatomy: ns.Anatomy, level: str) -> NDArray[np.float64]:
    """Where the slices meet: the middle of a vertebra or of a disc."""
    bone, _, part = level.partition(" ")
    if "-" in bone:
        upper, lower = (anatomy.body(one).matrix[:3, 3] for one in bone.split("-"))
        return np.asarray(0.5 * (upper + lower))
    body = anatomy.body(bone)
    return body.apply([0.0, 0.0, -8.0 if part else 3.0])


def coronal(body: Transform, behind_mm: float, tall_mm: float) -> Plane:
    """Upright through the middle of a body, or along the body behind its middle."""
    size_mm = (0.83 * tall_mm, tall_mm)
    if not behind_mm:
        return Plane.coronal(body.matrix[:3, 3], size_mm=size_mm)
    axes = body.matrix[:3, :3]
    return Plane(body.apply([0.0, behind_mm, 0.0]), axes[:, 0], -axes[:, 2], size_mm)


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
        whole = imread(OUT / f"{name}.png")
        whole = whole[..., :3] if whole.ndim == 3 else np.repeat(whole[..., None], 3, axis=-1)
        quarter = whole.shape[1] // 4
        at = SHOWN[name].beside * quarter
        both = whole[:, :quarter], whole[:, at : at + quarter]
        low = 1.0 - (n // ACROSS + 1) / rows
        box = (n % ACROSS / ACROSS + 0.003, low, 1.0 / ACROSS - 0.006, 0.88 / rows)
        panel = canvas.panel(figure, box, colour=canvas.SCREEN)
        panel.imshow(np.concatenate(both, axis=1), aspect="equal")
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
