"""Spines without voxels, built once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space, Structure
from needle_sim.anatomy.phantom.artery_rates import Entry
from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.nerves import structures
from needle_sim.anatomy.phantom.spec import SpineSpec, spine_spec
from needle_sim.anatomy.spaces import spaces_of
from needle_sim.geometry.shapes import Implicit


@dataclass(frozen=True, eq=False)
class Bare:
    """A spine of shapes and nerves."""

    spec: SpineSpec
    column: Column
    own: dict[str, Implicit]  # body frames
    bones: dict[str, Implicit]  # patient
    structures: dict[str, Structure]
    spaces: dict[str, Space]


@cache
def bare(seed: int | None) -> Bare:
    """The mean spine, or one of the population; made once, not file by file."""
    rng = None if seed is None else np.random.default_rng(seed)
    return bare_of(spine_spec("lumbar_normal", rng=rng))


def bare_of(spec: SpineSpec) -> Bare:
    """The shapes and nerves of a spine of these sizes."""
    stack = column(spec)
    own, bones = bones_of(stack, spec.sacrum)
    nerves = structures(
        stack, own, spec.sacrum, conus_mm=spec.cord["conus_mm"], artery=Entry("L1", "left")
    )
    spaces = spaces_of(stack.vertebrae, stack.bodies, spec.sacrum, bones=bones)
    return Bare(spec, stack, own, bones, nerves, spaces)


@pytest.fixture(scope="session")
def mean() -> Bare:
    """The mean spine."""
    return bare(None)


@pytest.fixture(scope="session", params=range(20))
def drawn(request) -> Bare:
    """Twenty spines of the population."""
    return bare(request.param)
