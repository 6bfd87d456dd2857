"""No size is idle: one SD less changes a shape, a landmark, a nerve, a space or the CT."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from needle_sim.anatomy.phantom.back.muscles import Back
from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.cortex import cortex, spongy_hu
from needle_sim.anatomy.phantom.course import root_path
from needle_sim.anatomy.phantom.disc import disc_rows, hollow_rows
from needle_sim.anatomy.phantom.interlaminar import flavum_rows, interspaces
from needle_sim.anatomy.phantom.kidney import kidney_shape
from needle_sim.anatomy.phantom.nerves import sac_line, structures
from needle_sim.anatomy.phantom.phantom_file import BESIDE
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.anatomy.phantom.spec import SpineSpec, spine_spec
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks, vertebra_shape
from needle_sim.anatomy.phantom.voxelise import Canvas

TABLE = size_table("lumbar_normal")
LEVEL = "L3"


def one_sd_less(name: str) -> SpineSpec:
    """The mean spine with one parameter one SD smaller."""
    row = TABLE.places(name)[0]
    spine, part = spine_spec(), name.split("_", 1)[0]
    value = float(TABLE.mean[row] - TABLE.sd[row])
    if part in BESIDE:
        sizes = {**getattr(spine, part), name.split("_", 1)[1]: value}
        return dataclasses.replace(spine, **{part: sizes})
    level, field = name.split("_", 1)
    vertebra = dataclasses.replace(spine.vertebrae[level], **{field: value})
    return dataclasses.replace(spine, vertebrae={**spine.vertebrae, level: vertebra})


def parts(spine: SpineSpec) -> Iterator[np.ndarray]:
    """What a vertebra's sizes make, the quickest first."""
    stack = column(spine)
    yield from (body.matrix for body in stack.bodies.values())
    around = [level for pair in stack.pairs if LEVEL in pair for level in pair]
    yield from (vertebra_shape(stack.vertebrae[level]).rows for level in around)
    yield from vertebra_landmarks(stack.vertebrae[LEVEL]).values()
    yield from compact_and_spongy(stack)
    for upper, lower in stack.pairs:
        annulus, nucleus = disc_rows(stack, upper, lower)
        yield from (annulus, nucleus)
        yield from hollow_rows(annulus, stack.vertebrae[lower].disc_hollow_mm)
    for side in SIDES:
        root = root_path(stack.vertebrae[LEVEL], side)
        yield np.column_stack([root.points_mm, root.radius_mm])
    yield from sac_line(stack, spine.sacrum)
    for one in interspaces(stack, spine.sacrum):
        yield from flavum_rows(one)
    for side in SIDES:
        yield kidney_shape(stack, spine.kidney, side).rows
    own, bones = bones_of(stack, spine.sacrum)
    yield from (bone.rows for bone in bones.values())
    for structure in structures(
        stack, own, spine.sacrum, conus_mm=spine.cord["conus_mm"], artery=spine.artery
    ).values():
        for tube in structure.tubes:
            yield np.column_stack([tube.points_mm, tube.radius_mm])


def compact_and_spongy(stack: Column) -> Iterator[np.ndarray]:
    spec, body = stack.vertebrae[LEVEL], stack.bodies[LEVEL]
    half = 0.5 * spec.height_mm
    places = [[0, 0, half], [-20, 0, 0], [0, spec.back_mm + 20, 0]]
    yield cortex(LEVEL, stack)(body.apply(np.array(places, dtype=float)))
    yield np.array([spongy_hu(LEVEL, stack)])


def differs(first: Iterator[np.ndarray], second: Iterator[np.ndarray]) -> bool:
    return any(
        one.shape != two.shape or not np.array_equal(one, two)
        for one, two in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    "field", [field for field in TABLE.fields if TABLE.sd[TABLE.places(f"{LEVEL}_{field}")[0]] > 0]
)
def test_every_size_of_a_vertebra_counts(field):
    assert differs(parts(spine_spec()), parts(one_sd_less(f"{LEVEL}_{field}")))


@pytest.mark.parametrize("key", BESIDE["sacrum"])
def test_every_size_of_the_sacrum_counts(key):
    assert differs(parts(spine_spec()), parts(one_sd_less(f"sacrum_{key}")))


def painted(spine: SpineSpec) -> Canvas:
    """Trunk and back alone, on coarse voxels."""
    stack = column(spine)
    trunk = Trunk(stack, spine.trunk)
    canvas = Canvas.of((-190.0, -150.0, -100.0), (190.0, 120.0, -60.0), 2.0)
    trunk.paint(canvas)
    trunk.paint_wall(canvas)
    Back(stack, trunk, spine.sacrum).paint(canvas)
    return canvas


@pytest.mark.parametrize("key", BESIDE["trunk"])
def test_every_size_of_the_trunk_counts(key):
    usual, other = painted(spine_spec()), painted(one_sd_less(f"trunk_{key}"))

    assert (np.abs(usual.hu - other.hu) > 20.0).sum() > 10
