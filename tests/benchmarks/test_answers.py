"""Every benchmark at its smallest size: the reference, written on its own, gives our answer."""

import importlib

import pytest

from benchmarks.pair import Size
from benchmarks.run import modules

SMOKE = Size(full=False)


def smoke_pairs(module):
    return importlib.import_module(f"benchmarks.bench_{module}").pairs(SMOKE)


@pytest.mark.parametrize("module", modules())
def test_the_reference_agrees_within_its_limit(module):
    names = []
    for pair in smoke_pairs(module):
        names.append(pair.name)
        assert pair.accuracy(pair.ours(), pair.reference()) <= pair.limit, pair.name

    assert names
    assert len(set(names)) == len(names)
