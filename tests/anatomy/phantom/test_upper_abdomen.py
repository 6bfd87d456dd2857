"""Liver, spleen, stomach and what lies between them."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.room import Room
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.anatomy.phantom.upper_abdomen import upper_organs


@pytest.fixture(scope="module")
def found(mean):
    room = Room(mean.column, Trunk(mean.column, mean.spec.trunk))
    organs = list(upper_organs(room, np.random.default_rng(0)))
    return {one.tissue: room.inside(one) for one in reversed(organs)}


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    x, y, z = np.arange(-130, 131, 4.0), np.arange(-90, 50, 4.0), np.arange(-30, 230, 4.0)
    return np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)


def test_every_organ_lies_on_its_side(found, cloud):
    middle = {name: cloud[shape.distance_mm(cloud) < 0].mean(axis=0)
              for name, shape in found.items() if name not in ("adrenal", "blood")}  # fmt: skip

    assert middle["liver"][0] < -40.0
    assert middle["spleen"][0] > 70.0
    assert middle["stomach"][0] > 10.0
    assert middle["gallbladder"][0] < -40.0
    assert middle["spleen"][1] > middle["stomach"][1] + 20.0  # behind it
    assert {"pancreas", "adrenal", "bowel_gas"} <= set(found)


def test_liver_and_spleen_are_as_large_as_on_ct(found, cloud):
    # Jasper 2019: 1281 +- 219 and 195 +- 78 cm3; the liver is cut by the top of the field, which
    # these points are not
    volume = {name: (found[name].distance_mm(cloud) < 0).sum() * 64e-3
              for name in ("liver", "spleen")}  # fmt: skip

    assert volume["liver"] == pytest.approx(1281.0, abs=2 * 219)
    assert volume["spleen"] == pytest.approx(195.0, abs=2 * 78)


def test_gas_in_the_stomach_ends_at_a_level(found, cloud):
    gas = cloud[found["bowel_gas"].distance_mm(cloud) < 0]
    fluid = cloud[found["stomach"].distance_mm(cloud) < -4.0]

    assert len(gas) > 50
    assert gas[:, 1].max() < np.percentile(fluid[:, 1], 60)
