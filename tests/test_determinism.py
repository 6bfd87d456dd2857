"""Two Python threads may call the verbs at once (threads of the kernels: tests/cli/test_run.py)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import needle_sim as ns
from needle_sim.exports.result import result_of
from needle_sim.procedures.procedure import Procedure
from needle_sim.thermal.protocol import Continuous, Protocol

RFA = Procedure.preset("medial-branch-rfa")
COLD = replace(RFA, protocol=None, steps=tuple(one for one in RFA.steps if one.do != "heat"))
BRIEF = Protocol((Continuous(set_c=70.0, duration_s=1.0, ramp_s=2.0),))


@pytest.mark.long
def test_two_python_threads_at_once_give_what_one_gives(phantom):
    def seen(seed: int) -> tuple[dict[str, object], bytes, bytes]:
        run = ns.run_procedure(COLD, level="L3", side="left", seed=seed, anatomy=phantom)
        history = ns.heat(phantom, [run.plan.placed], BRIEF)
        pictures = b"".join(view.radiograph.array.tobytes() for view in run.views)
        return result_of(run), pictures, history.highest_c.tobytes()

    alone = seen(2)
    assert len(alone[1]) > 1_000_000
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(seen, [2, 2])) == [alone, alone]
