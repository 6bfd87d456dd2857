"""Random spines are painted, relabelled and fitted: are their landmarks found again?

Each spine is drawn from the population, each fifth with a curve of 25 degrees, painted at 1 mm with
noise, put on slices 2.5 mm apart and relabelled by its exact bones; the parametric vertebrae are
fitted to those labels and their landmarks compared with the true ones. The bounds are the
acceptance of this project: landmarks are recovered within 1.5 mm on the mean and 3 mm at most.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.anatomy.phantom.build import build_phantom
from needle_sim.anatomy.relabelled import label_map
from needle_sim.volume.volume import Volume, axis_aligned

COUNT = 30
STRAIGHT, CURVED = "lumbar_normal", "scoliosis_25"
EACH = 5
MEAN_MM, MOST_MM = 1.5, 3.0
SLICE_MM = 2.5
_THICK = np.array([0.3, 0.4, 0.3])  # a slice of 2.5 mm over voxels of 1 mm


@dataclass(frozen=True, slots=True)
class Row:
    """One spine: how far its landmarks are found from their true places.

    Parameters
    ----------
    seed, phantom : int, str
        Of the spine.
    away_mm : mapping of str to float
        By landmark.
    rms_mm : mapping of str to float
        Surface RMS by vertebra.
    cpu_s : float
        Processor time of the fit.
    """

    seed: int
    phantom: str
    away_mm: Mapping[str, float]
    rms_mm: Mapping[str, float]
    cpu_s: float

    @property
    def mean_mm(self) -> float:
        """Over all landmarks."""
        return float(np.mean(list(self.away_mm.values())))

    @property
    def worst(self) -> tuple[str, float]:
        """The landmark that is farthest off."""
        return max(self.away_mm.items(), key=lambda one: one[1])

    @property
    def holds(self) -> bool:
        """Within the bounds."""
        return self.mean_mm <= MEAN_MM and self.worst[1] <= MOST_MM


def sliced(anatomy: Anatomy) -> tuple[Volume, Volume]:
    """CT and label map of a phantom of 1 mm on slices `SLICE_MM` apart."""
    ct = anatomy.ct
    thick = ndimage.convolve1d(ct.array.astype(np.float32), _THICK, axis=0, mode="nearest")
    depth = int((ct.shape[0] - 1) * ct.spacing_mm[0] / SLICE_MM)
    step, first = (SLICE_MM, *ct.spacing_mm[1:]), ct.patient_from_voxel.matrix[:3, 3]
    grid = Volume(
        np.zeros((depth, *ct.shape[1:]), dtype=np.int16),
        axis_aligned(step, [first[0], first[1], first[2]]),
    )
    hu = ct.like(thick, "hu").resample(grid)
    tissue = anatomy.labels.resample(grid, outside=0)
    coarse = replace(
        anatomy, ct=replace(hu, array=np.rint(hu.array).astype(np.int16)), labels=tissue
    )
    return coarse.ct, label_map(replace(coarse, inset=None))


def row(seed: int, *, name: str = STRAIGHT) -> Row:
    """Draw, paint, relabel, fit and compare one spine."""
    truth = build_phantom(name, seed=seed)
    ct, labels = sliced(truth)
    start = time.process_time()
    found = anatomy_from_ct(ct, labels)
    spent = time.process_time() - start
    away = {
        one: float(np.linalg.norm(found.landmarks_mm[one] - at))
        for one, at in truth.landmarks_mm.items()
        if one in found.landmarks_mm
    }
    return Row(seed, name, away, dict(found.fit_rms_mm), spent)


def rows(count: int) -> Iterator[Row]:
    """The first so many spines; each fifth is curved."""
    for seed in range(count):
        yield row(seed, name=CURVED if seed % EACH == EACH - 1 else STRAIGHT)


def by_name(found: list[Row]) -> list[tuple[str, NDArray[np.float64]]]:
    """Distances of each landmark, over levels and sides, the worst first."""
    gathered: dict[str, list[float]] = {}
    for one in found:
        for name, away in one.away_mm.items():
            gathered.setdefault(name.split()[-1], []).append(away)
    named = [(name, np.array(every)) for name, every in gathered.items()]
    return sorted(named, key=lambda one: -float(one[1].max()))


def main(arguments: list[str]) -> int:
    """Print a line for each of the first N spines (30); 1 when a bound is broken."""
    count = int(arguments[0]) if arguments else COUNT
    print(
        "seed  phantom        landmarks  mean mm  max mm  worst                          RMS mm"
        "  CPU s"
    )
    found = []
    for one in rows(count):
        found.append(one)
        name, most = one.worst
        rms = max(one.rms_mm.values())
        print(
            f"{one.seed:4d}  {one.phantom:13}  {len(one.away_mm):9d}  {one.mean_mm:7.2f}  "
            f"{most:6.2f}  {name:30} {rms:6.2f}  {one.cpu_s:5.1f} {'' if one.holds else 'FAILS'}",
            flush=True,
        )
    print("landmark                        mean mm  99 %  max mm")
    for name, away in by_name(found)[:12]:
        print(f"{name:30}  {away.mean():7.2f}  {np.quantile(away, 0.99):4.2f}  {away.max():6.2f}")
    held = sum(one.holds for one in found)
    print(f"{held} of {count} within {MEAN_MM} mm on the mean and {MOST_MM} mm at most")
    return 0 if held == count else 1
