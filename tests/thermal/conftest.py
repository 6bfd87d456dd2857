"""Needles, a layered patient and one full bench lesion, shared by the tests of this room."""

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.tissue import label
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.thermal.bioheat import heat_medium
from needle_sim.thermal.medium import Spacing, cut_medium, homogeneous
from needle_sim.thermal.protocol import Protocol
from needle_sim.volume.volume import Volume, axis_aligned


@pytest.fixture(scope="session")
def cannula():
    """18 G, 10 mm, from the back along +z of the patient; tip in the origin."""
    return PlacedNeedle(
        Needle.preset("rf_18g_10mm"), Trajectory.straight([0.0, 0.0, -100.0], [0.0, 0.0, 0.0])
    )


@pytest.fixture(scope="session")
def layers():
    """Bone anterior of y = -1.2 mm, muscle, fat from 40 mm, air from 52 mm; even in x and z."""
    j = np.meshgrid(*[np.arange(111) - 55.0] * 3, indexing="ij")[1]
    kinds = np.full(j.shape, label("muscle"), dtype=np.uint16)
    kinds[j < -1.2] = label("cortical_bone")
    kinds[j < -3.2] = label("trabecular_bone")
    kinds[j > 40] = label("fat")
    kinds[j > 52] = label("air")
    place = axis_aligned((1.0, 1.0, 1.0), (-55.0, -55.0, -55.0))
    ct = Volume(np.zeros(kinds.shape, dtype=np.int16), place)
    return Anatomy("layers", ct, Volume(kinds, place, "label"))


@pytest.fixture(scope="session")
def coarse():
    """A grid that is quick rather than exact."""
    return Spacing(near_mm=0.3, growth=1.3, far_mm=4.0, reach_mm=36.0, sectors=8)


@pytest.fixture(scope="session")
def beside_bone(layers, cannula, coarse):
    """A run in the layered patient on the coarse grid."""
    medium = cut_medium(layers, cannula, spacing=coarse)
    return heat_medium(medium, [cannula], Protocol.preset("continuous_80c_90s"))


@pytest.fixture(scope="session")
def bench(cannula):
    """80 C, 120 s in muscle at room temperature, without blood."""
    medium = homogeneous("muscle", cannula, baseline_c=22.0, perfused=False)
    return heat_medium(medium, [cannula], Protocol.preset("continuous_80c_120s"))
