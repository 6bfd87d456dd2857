"""Where the CT itself has the edge of bone, beside the surfaces fitted to its labels.

On a CT with voxels of 3 mm a label ends at steps of 3 mm; a fitted surface is smooth and should lie
nearer to the bone than those. Along the normals of each fitted surface the HU fall from the cortex
to what lies outside; where they have fallen by half, between voxels, is the edge that the CT shows
without labels. Also the other way round: a finer CT is brought to 3 mm and fitted, and its surfaces
are compared with the edges of the fine one.

The bounds follow from voxels and a published fit, not from what is found here. A border that is
drawn by whole voxels lies up to half a voxel off the edge: a median beyond it would be no finer.
Errors about normal, of the RMS of a published active-shape fit to CT vertebrae (2.0 mm,
PMC8650759), leave erf(3 / (2 sqrt 2)) = 86.6 % of a surface within a voxel of 3 mm, and a median
of 0.674 x 2.0 = 1.35 mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.geometry.shapes import Implicit
from needle_sim.volume.dicom import load_series
from needle_sim.volume.label_names import LABEL_NAMES, number_of
from needle_sim.volume.labels import load_labels
from needle_sim.volume.volume import Volume, axis_aligned

COARSE_MM = 3.0
MEDIAN_SHARE = 0.5
"""Of a voxel: at most the median distance of a surface from the edge that the CT shows; a border
drawn by whole voxels may lie so far off."""
WITHIN = 0.866
"""At least this share of a surface lies within one voxel of 3 mm of it, as of a published fit."""
SEEN = 0.5
"""At least this share of a surface shows an edge: it borders on something that is not bone."""

_STEP_MM, _NEAR_MM, _ON_MM = 2.0, 2.5, 0.05
_PROFILE_MM = np.arange(-6.0, 6.01, 0.1)
_PEAK_MM = -3.0, 4.5  # where the cortex is looked for, seen from the fitted surface
_FALL_HU = 150.0
_FAT_HU = (
    -100.0
)  # what is lighter, as lung, counts as fat: an edge lies between bone and soft parts
_RISE_HU = 60.0  # behind the edge: another bone or a vessel
_LOOK = 5  # each so many steps of a profile: whether it meets another bone

_BONES = [n for n, name in LABEL_NAMES.items() if name.startswith(("vertebrae", "rib", "sacrum"))]

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the CT's edge lies outside a fitted surface.

    Parameters
    ----------
    vertebra : str
        Its name.
    off_mm : (P,) array
        Along the normal, positive outside.
    seen : float
        Share of the surface where the CT shows an edge of this bone alone.
    """

    vertebra: str
    off_mm: Points
    seen: float

    @property
    def median_mm(self) -> float:
        """Of the distances, whatever their sign."""
        return float(np.median(np.abs(self.off_mm)))

    def within(self, voxel_mm: float) -> float:
        """Share of the surface that lies so near to the edge."""
        return float((np.abs(self.off_mm) <= voxel_mm).mean())

    def finer_than(self, voxel_mm: float) -> bool:
        """Whether the surface lies nearer to the edges than voxels of this size tell."""
        seen = self.seen >= SEEN and self.median_mm <= MEDIAN_SHARE * voxel_mm
        return seen and self.within(voxel_mm) >= WITHIN


def offsets(fitted: Anatomy, ct: Volume, labels: Volume) -> Iterator[Offset]:
    """Each fitted vertebra's surface against the edges of a CT; the sacrum has joints all around.

    Where a profile meets another labelled bone within 6 mm, an edge may be that one's: left out.
    """
    for name, bone in fitted.bones.items():
        if name != "S1" and isinstance(bone, Implicit):
            yield offset(name, bone, ct, labels)


def offset(name: str, bone: Implicit, ct: Volume, labels: Volume) -> Offset:
    """The same for one bone."""
    points = on_surface(bone)
    normals = bone.gradient(points)
    along = points[:, None] + _PROFILE_MM[None, :, None] * normals[:, None]
    there = ct.contains(along[:, 0]) & ct.contains(along[:, -1])
    points, along = points[there], along[there]
    off = half_fall_mm(ct.sample(along))
    alone = np.isfinite(off)
    outside = along[:, _PROFILE_MM >= 0.0][:, ::_LOOK]
    others = [n for n in _BONES if n != number_of(name)]
    alone &= ~np.isin(labels.sample(outside, order=0, outside=0), others).any(axis=1)
    return Offset(name, off[alone], float(alone.mean()))


def on_surface(bone: Implicit) -> Points:
    """Points (P, 3) on a surface, about evenly."""
    low, high = bone.box_mm
    axes = [np.arange(a, b, _STEP_MM) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    away = bone.distance_mm(grid)
    points = grid[(np.abs(away) < _NEAR_MM) & (np.abs(away) < _STEP_MM)]
    for _ in range(4):
        points = points - bone.distance_mm(points)[:, None] * bone.gradient(points)
    return np.asarray(points[np.abs(bone.distance_mm(points)) < _ON_MM])


def half_fall_mm(hu: Points) -> Points:
    """Where profiles (P, T) have fallen by half behind their cortex (P,), NaN where they do not."""
    inside = np.abs(_PROFILE_MM - np.mean(_PEAK_MM)) <= 0.5 * np.ptp(_PEAK_MM)
    peak = np.where(inside, hu, -np.inf).argmax(axis=1)
    row, hu = np.arange(len(hu)), np.maximum(hu, _FAT_HU)
    later = np.arange(len(_PROFILE_MM)) >= peak[:, None]
    low = _lowest_before_a_rise(np.where(later, hu, np.inf))
    half = 0.5 * (hu[row, peak] + low)
    first = np.argmax(later & (hu < half[:, None]), axis=1)
    before = np.maximum(first - 1, 0)
    fall = hu[row, before] - hu[row, first]
    share = (hu[row, before] - half) / np.where(fall == 0.0, 1.0, fall)
    step = _PROFILE_MM[1] - _PROFILE_MM[0]
    seen = (hu[row, peak] - low >= _FALL_HU) & (first > 0)
    return np.where(seen, _PROFILE_MM[before] + share * step, np.nan)


def _lowest_before_a_rise(hu: Points) -> Points:
    """The first minimum (P,) of profiles (P, T) with something denser behind, else the last."""
    lowest = np.minimum.accumulate(hu, axis=1)
    rises = hu > lowest + _RISE_HU
    first = np.where(rises.any(axis=1), rises.argmax(axis=1), hu.shape[1]) - 1
    return np.asarray(lowest[np.arange(len(hu)), first])


def coarse(ct: Volume, labels: Volume) -> tuple[Volume, Volume]:
    """CT and labels of one grid at voxels of `COARSE_MM`; each is the mean of what it covers."""
    low, high = ct.corners_mm().min(axis=0), ct.corners_mm().max(axis=0)
    shape = np.floor((high - low)[::-1] / COARSE_MM).astype(int)
    fine = Volume(
        np.zeros(tuple((3 * shape).tolist()), dtype=np.int16),
        axis_aligned([COARSE_MM / 3] * 3, low + COARSE_MM / 6),
    )
    place = axis_aligned([COARSE_MM] * 3, low + COARSE_MM / 2)
    hu = ct.resample(fine).array.reshape(shape[0], 3, shape[1], 3, shape[2], 3)
    mean = np.rint(hu.mean(axis=(1, 3, 5), dtype=np.float64)).astype(np.int16)
    there = Volume(mean, place)
    return there, labels.resample(there, outside=0)


def read(folder: Path) -> tuple[Volume, Volume]:
    """A real CT and its labels."""
    ct = load_series(folder / "dicom")
    (file,) = folder.glob("labels*.nii.gz")
    return ct, load_labels(file, grid=ct)


def tables(coarse_folder: Path, fine_folder: Path) -> Mapping[str, list[Offset]]:
    """The coarse CT against its own edges, and the finer one fitted coarsely against its edges."""
    own, labels = read(coarse_folder)
    ct, fine_labels = read(fine_folder)
    return {
        "3 mm CT": list(offsets(anatomy_from_ct(own, labels), own, labels)),
        "finer CT, fitted at 3 mm": list(
            offsets(anatomy_from_ct(*coarse(ct, fine_labels)), ct, fine_labels)
        ),
    }


def main(arguments: list[str]) -> int:
    """Folders of the 3 mm CT and of the finer one; 1 when a surface is coarser than 3 mm voxels."""
    if len(arguments) != 2:
        print("give the folder of a CT of 3 mm voxels and that of a finer one, each with labels")
        return 2
    held = True
    for title, found in tables(Path(arguments[0]), Path(arguments[1])).items():
        print(f"{title}\nvertebra   seen  median mm  in 3 mm  mean mm")
        for one in found:
            fine = one.finer_than(COARSE_MM)
            held &= fine
            print(
                f"{one.vertebra:9} {one.seen:5.0%} {one.median_mm:9.2f} "
                f"{one.within(COARSE_MM):8.0%} {one.off_mm.mean():+8.2f} {'' if fine else 'FAILS'}"
            )
    return 0 if held else 1
