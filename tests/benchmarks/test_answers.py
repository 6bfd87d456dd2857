"""Benchmarks at their smallest size: the reference gives our answer, and the gate is closed.

Two whose plain references take half a minute are left to ``python -m benchmarks.run --smoke``,
which looks at the answers of all of them the same way; ``.ci/run`` runs it.
"""

import importlib

import pytest

from benchmarks.pair import Size
from benchmarks.record import Record
from benchmarks.run import modules

SMOKE = Size(full=False)
SLOW = {"phantom", "sonogram"}


def smoke_pairs(module):
    return importlib.import_module(f"benchmarks.bench_{module}").pairs(SMOKE)


@pytest.mark.parametrize("module", sorted(set(modules()) - SLOW))
def test_the_reference_agrees_and_each_pair_has_its_recorded_ratio(module):
    names = []
    for pair in smoke_pairs(module):
        names.append(pair.name)
        assert pair.accuracy(pair.ours(), pair.reference()) <= pair.limit, pair.name

    assert names
    assert len(set(names)) == len(names)
    on_record = Record.read().ratios[SMOKE.name].get(module, {})
    assert set(on_record) == set(names), f"python -m benchmarks.run --record {module}"
