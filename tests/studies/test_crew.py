"""Who works, and what is done when one of them dies."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies.chunk import Chunk
from needle_sim.studies.crew import Crew
from needle_sim.studies.design import Design
from tests.studies.toys import dice

CHUNK = Chunk(dice, Design({"side": ["left"]}, seeds=3), {}, 0, 3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"threads": 0}, "threads must be a whole number from 1"),
        ({"threads": 1.5}, "threads must be a whole number"),
        ({"executor": object()}, "an executor has a submit"),
    ],
)
def test_a_crew_that_is_none_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Crew(**given)


def test_an_executor_has_its_own_workers():
    with ThreadPoolExecutor(3) as pool:
        with pytest.raises(InputError, match="executor or threads, not both"):
            Crew(pool, threads=2)
        crew = Crew(pool)
        assert crew.workers == 3
        assert crew.submit(CHUNK).result().stop == 3
        crew.close()
        assert pool.submit(int).result() == 0  # not ours to shut down


def test_any_object_with_submit_will_do():
    class Plain:
        def submit(self, verb, *args):
            done: Future = Future()
            done.set_result(verb(*args))
            return done

    crew = Crew(Plain())
    future = crew.submit(CHUNK)
    assert crew.first({future: 0}) == [future]
    assert future.result().table.num_rows == 3
    crew.close()


def test_a_broken_pool_is_replaced_once():
    crew = Crew(ProcessPoolExecutor(1))  # nothing is started before it is needed
    futures = [Future(), Future()]
    for future in futures:
        crew._pool_of[future] = 0
    error = BrokenProcessPool("gone")

    assert crew.died(futures[0], error)
    first = crew._executor
    assert crew.died(futures[1], error)
    assert crew._executor is first
    assert not crew.died(Future(), ValueError("a fault of the chunk"))
    crew.close()


def test_workers_that_only_die_stop_the_study():
    crew = Crew(ProcessPoolExecutor(1))

    def deaths():
        for _ in range(100):
            future: Future = Future()
            crew._pool_of[future] = crew._pools
            crew.died(future, BrokenProcessPool("gone"))

    with pytest.raises(NeedleSimError, match="and finished nothing"):
        deaths()
    crew.alive()
    deaths()  # once something was finished, it goes on row by row
    crew.close()
