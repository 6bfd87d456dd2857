"""The muscles behind the spine."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.back.muscles import FAT_SHARE, Back
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.voxelise import Canvas
from needle_sim.anatomy.tissue import family_labels, label, tissues

LEVELS = spine_spec().levels
LUMBAR = LEVELS[LEVELS.index("L1") : -1]


@pytest.fixture(scope="module")
def page(mean) -> Canvas:
    """Fat everywhere, and the back painted into it."""
    canvas = Canvas.of([-120, -40, -200], [120, 130, 190], 2.0)
    canvas.labels[:] = label("fat")
    Back(mean.column, Trunk(mean.column, mean.spec.trunk), mean.spec.sacrum).paint(canvas)
    return canvas


def labels_at(page: Canvas, points) -> np.ndarray:
    steps = np.rint((np.atleast_2d(points) - page.low_mm) / page.voxel_mm).astype(int)
    return page.labels[steps[:, 2], steps[:, 1], steps[:, 0]]


def box(page: Canvas, x: tuple, y: tuple, z: float) -> np.ndarray:
    grid = np.meshgrid(np.arange(*x, 1.0), np.arange(*y, 1.0), [z])
    return labels_at(page, np.stack(grid, axis=-1).reshape(-1, 3))


@pytest.mark.parametrize("level", LUMBAR)
@pytest.mark.parametrize("side", ["left", "right"])
def test_muscle_fills_from_neck_to_fascia(mean, page, level, side):
    post, body = Posts(mean.column.vertebrae[level], side), mean.column.bodies[level]
    neck = body.apply([post.neck_point(0.0)])[0]
    trunk = Trunk(mean.column, mean.spec.trunk)
    skin = trunk.back_mm(np.linspace(-200, 200, 401))
    fascia = np.interp(neck[2], np.linspace(-200, 200, 401), skin) - 12.0
    lines = [
        np.linspace(np.add(neck, [beside, 0, 0]), [neck[0] + beside, fascia - 2.0, neck[2]], 30)
        for beside in np.arange(-10.0, 11.0, 2.0)
    ]

    found = labels_at(page, np.concatenate(lines))
    assert np.mean(np.isin(found, family_labels("muscle"))) > 0.85


@pytest.mark.parametrize("level", LEVELS[:-1])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_multifidus_lies_beside_the_spinous_process_and_erector_spinae_lateral(
    mean, page, level, sign
):
    spec, body = mean.column.vertebrae[level], mean.column.bodies[level]
    arch = spec.back_mm + spec.canal_depth_mm + 12.0
    medial, lateral = (body.apply([sign * x, arch, -spec.lamina_drop_mm]) for x in (7.0, 55.0))

    around = medial + np.stack(
        np.meshgrid([-2, 0, 2], np.arange(0, 11, 2), np.arange(-8, 9, 2)), -1
    ).reshape(-1, 3)
    names = labels_at(page, around)
    assert np.isin(names, [label("multifidus"), label("fat")]).all()
    least = 0.4 if level == "L5" else 0.5  # most of its fat lies there (Crawford 2016)
    assert np.mean(names == label("multifidus")) > least
    found = labels_at(page, lateral + np.array([[0.0, 0.0, z] for z in (-6, -2, 2, 6)]))
    assert np.isin(found, [label("erector_spinae"), label("fat")]).all()
    assert (found == label("erector_spinae")).any()


def test_no_muscle_in_the_subcutis(mean, page):
    skin = Trunk(mean.column, mean.spec.trunk).back_mm(np.array([0.0, 1.0]))[0]

    assert (box(page, (-60, 60), (skin + 0.0, skin + 10.0), 0.0) == label("fat")).all()
    for x in (-110, 100):  # beyond the lateral raphe
        assert (box(page, (x, x + 10), (40, 80), 0.0) == label("fat")).all()


def test_multifidus_is_fattier_at_the_lowest_level(mean, page):
    # the choice of the model; fat in multifidus is common (Kjaer 2007, doi:10.1186/1741-7015-5-2)
    shares = []
    for level in ("L2", "S1"):
        tip = mean.column.bodies[level].matrix[:3, 3]
        arch = mean.column.vertebrae[level].back_mm + 30.0
        inside = np.concatenate(
            [box(page, (4, 16), (tip[1] + arch, tip[1] + arch + 12), tip[2] + z)
             for z in np.arange(-12.0, 13.0, 2.0)]
        )  # fmt: skip
        shares.append(np.mean(inside == label("fat")))

    assert shares[1] > 1.5 * shares[0]
    assert shares[1] < 0.6


def test_quadratus_lies_lateral_of_the_transverse_process(mean, page):
    tip = mean.column.bodies["L4"].apply([Posts(mean.column.vertebrae["L4"], "left").tp_tip])[0]

    assert labels_at(page, np.add(tip, [22.0, -8.0, 0.0])) == label("quadratus_lumborum")
    assert labels_at(page, np.add(tip, [22.0, -30.0, 0.0])) == label("fat")


@pytest.mark.parametrize("wanted", [0.08, FAT_SHARE, 0.25])
def test_the_fat_of_multifidus_is_what_the_sizes_say(mean, wanted):
    """By the HU that it takes from the muscle, where there would be muscle without it."""
    muscle, fat = (tissues()[label(name)].hu for name in ("muscle", "fat"))
    pages = []
    for share in (0.0, wanted):
        sizes = {**mean.spec.trunk, "multifidus_fat_share": share}
        canvas = Canvas.of([-60, 20, -110], [60, 130, 90], 2.0)
        canvas.hu[:] = muscle
        Back(mean.column, Trunk(mean.column, sizes), mean.spec.sacrum).paint(canvas)
        pages.append(canvas)
    lean, fatty = pages
    z, shares = lean.axis_mm(2), []
    for level in LUMBAR:
        here = np.abs(z - mean.column.bodies[level].matrix[2, 3] + 14.0) < 10.0
        inside = lean.labels[here] == label("multifidus")
        hu = fatty.hu[here][inside]
        shares.append(float(np.mean((muscle - hu) / (muscle - fat))))

    assert np.mean(shares) == pytest.approx(wanted, abs=0.035)
    assert shares[-1] > 1.3 * shares[0]
