from dataclasses import replace

import numpy as np
import pytest

from needle_sim.geometry.transform import PATIENT, VOXEL, Transform
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.scattering.pyramid import LAYERS, MARGIN, pooled, pyramid
from needle_sim.volume.volume import Volume

CARM = CArm((0, 0, 0), shape=(64, 64), pixel_mm=4.0)


def block(sides_mm, at_mm=(0.0, 0.0, 0.0), step=4.0):
    """Water in air: a box by its sides across, along and up the patient."""
    shape = (80, 80, 80)
    matrix = np.zeros((4, 4))
    matrix[2, 0] = matrix[1, 1] = matrix[0, 2] = step
    matrix[:3, 3] = -0.5 * step * 79
    matrix[3, 3] = 1.0
    voxels = np.moveaxis(np.indices(shape), 0, -1)
    points = voxels @ matrix[:3, :3].T + matrix[:3, 3]
    inside = (np.abs(points - at_mm) <= 0.5 * np.array(sides_mm)).all(axis=-1)
    hu = np.where(inside, 0, -1000).astype(np.int16)
    return Volume(hu, Transform(matrix, target=PATIENT, source=VOXEL), "hu")


def test_the_cells_hold_the_mass_that_was_projected():
    paths = project(prepare(block((220, 160, 200))), CARM)
    body = pyramid(paths)
    mass = (body.density.sum(axis=0).sum(axis=2) * body.step_cm) * body.slant[..., 0]
    inner = slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN)
    expected = pooled(sum(paths.mass_g_cm2.values()), mass[inner].shape)
    away = slice(2, -2), slice(2, -2)  # from the sides of the box
    assert mass[inner][away] == pytest.approx(expected[away], rel=0.03)


def test_the_body_lies_where_the_patient_lies():
    centred = pyramid(project(prepare(block((220, 160, 200))), CARM))
    # 40 mm towards the detector, behind a patient who lies prone
    near = pyramid(project(prepare(block((220, 160, 200), (0.0, 40.0, 0.0))), CARM))
    assert centred.middle == pytest.approx(60.0, abs=1.0)
    assert near.middle - centred.middle == pytest.approx(4.0, abs=0.5)
    assert centred.step_cm * LAYERS == pytest.approx(16.0, abs=2.0)


def test_path_lengths_alone_are_a_block_about_the_isocentre():
    slab = PathLengths(CARM, {"soft": np.full(CARM.shape, 20.0, np.float32)})
    body = pyramid(slab)
    assert body.middle == pytest.approx(60.0)
    assert (body.density.sum(axis=(0, 3)) * body.step_cm * body.slant[..., 0]) == pytest.approx(
        20.0 * body.slant[..., 0], rel=0.02
    )
    assert body.density[1].max() == 0
    assert pyramid(replace_mass(slab, 0.0)) is None


def replace_mass(paths, mass):
    return replace(paths, mass_g_cm2={"soft": np.full(paths.carm.shape, mass, np.float32)})


def test_means_over_uneven_blocks_are_means():
    image = np.arange(35.0, dtype=np.float32).reshape(5, 7)
    found = pooled(image, (2, 3))
    assert found[0, 0] == pytest.approx(image[:2, :2].mean())
    assert found[1, 2] == pytest.approx(image[2:, 4:].mean())
