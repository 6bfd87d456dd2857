"""A mean phantom on a coarse grid, as it is built and on a pillow."""

from __future__ import annotations

import pytest

import needle_sim as ns


@pytest.fixture(scope="session")
def coarse():
    return ns.build_phantom(voxel_mm=2.0)


@pytest.fixture(scope="session")
def pillowed(coarse):
    return ns.posed(coarse, "prone_pillow")


@pytest.fixture(scope="session")
def flat(coarse):
    return ns.posed(coarse, "prone")
