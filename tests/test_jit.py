"""Kernels and slabs give the same answer at any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
from needle_sim.jit import ahead, aside, cpu_features, in_slabs, set_threads, threads


@pytest.fixture
def _all_threads():
    before = threads()
    yield
    set_threads(before)


@pytest.mark.usefixtures("_all_threads")
def test_slabs_cover_every_row_once_whatever_the_threads():
    for count in (1, 2):
        set_threads(count)
        seen = np.zeros(103, dtype=int)

        def mark(start: int, stop: int, seen: np.ndarray = seen) -> None:
            seen[start:stop] += 1

        in_slabs(mark, 103, slab=10)
        assert (seen == 1).all()


def test_an_error_in_a_slab_reaches_the_caller():
    def fail(start: int, stop: int) -> None:
        raise ZeroDivisionError(f"{start}-{stop}")

    with pytest.raises(ZeroDivisionError):
        in_slabs(fail, 30, slab=10)


@pytest.mark.usefixtures("_all_threads")
def test_slabs_within_slabs_end():
    set_threads(2)
    seen = np.zeros((8, 40), dtype=int)

    def outer(start: int, stop: int) -> None:
        for row in range(start, stop):

            def inner(first: int, last: int, row: int = row) -> None:
                seen[row, first:last] += 1

            in_slabs(inner, 40, slab=10)

    in_slabs(outer, 8, slab=1)
    assert (seen == 1).all()


@pytest.mark.usefixtures("_all_threads")
@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_order_whatever_the_threads(count):
    def slow(n: int) -> int:
        time.sleep(0.002 * (n % 3))
        return n * n

    set_threads(count)
    assert list(ahead(slow, range(20))) == [n * n for n in range(20)]
    later = aside(lambda: list(ahead(slow, range(9))))  # within another thread
    assert later() == [n * n for n in range(9)] == later()


@pytest.mark.parametrize("begin", [lambda work: list(ahead(work, [0])), lambda work: aside(work)()])
def test_an_error_on_another_thread_reaches_who_asks(begin):
    def work(*_: int) -> None:
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"):
        begin(work)


def test_two_python_threads_may_call_a_parallel_kernel_at_once():
    tube = Tube(np.array([[0.0, 0, 0], [0, 0, 10]]), np.array([2.0, 2.0]))
    points = np.random.default_rng(0).uniform(-20, 20, (20_000, 3))
    alone = distance_to_tubes_mm(points, [tube])
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(distance_to_tubes_mm, points, [tube]) for _ in range(8)]
    assert all(np.array_equal(one.result(), alone) for one in both)


def test_the_processor_names_its_features():
    assert cpu_features() == sorted(cpu_features())


@pytest.mark.long
def test_compiled_now_or_found_in_the_cache_the_answer_is_the_same_to_the_bit(tmp_path):
    asked = """
import hashlib
import numpy as np
from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.spec import generator, spine_spec
found = drafted(spine_spec("lumbar_normal", rng=generator(3))).landmarks_mm
print(hashlib.sha256(b"".join(found[name].tobytes() for name in sorted(found))).hexdigest())
"""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", asked], env=env, check=True, capture_output=True)
        for _ in range(2)
    ]
    assert said[0].stdout == said[1].stdout != b""
