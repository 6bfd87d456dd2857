from __future__ import annotations

import tomllib
from dataclasses import fields

import numpy as np
import pytest

from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.exports.parameters import SCHEMA, save_parameters


@pytest.mark.parametrize("rng", [None, np.random.default_rng(5)], ids=["mean", "drawn"])
def test_every_size_is_read_back_to_the_last_bit(tmp_path, rng):
    spine = spine_spec("lumbar_normal", rng=rng)
    path = save_parameters(spine, tmp_path / "parameters.toml")
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    assert (found["schema"], found["phantom"]) == (SCHEMA, "lumbar_normal")
    assert "not for clinical use" in path.read_text(encoding="utf-8").splitlines()[0]
    assert list(found["vertebrae"]) == list(spine.vertebrae)
    for level, spec in spine.vertebrae.items():
        sizes = {field.name: getattr(spec, field.name) for field in fields(spec)}
        assert found["vertebrae"][level] == sizes
    assert found["sacrum"] == dict(spine.sacrum)
    assert found["trunk"] == dict(spine.trunk)


def test_pathology_stands_beside_the_sizes_without_it(tmp_path):
    spine = spine_spec("fusion_l4_s1")
    found = tomllib.loads(save_parameters(spine, tmp_path / "p.toml").read_text(encoding="utf-8"))

    assert [one["kind"] for one in found["pathology"]] == [one.kind for one in spine.pathology]
    assert found["pathology"][-1]["levels"] == ["L4", "L5", "S1"]
    assert found["vertebrae"] == {
        level: {field.name: getattr(spec, field.name) for field in fields(spec)}
        for level, spec in spine_spec().vertebrae.items()
    }
