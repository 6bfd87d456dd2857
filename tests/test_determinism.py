"""Same seed, same bytes at any number of threads; two Python threads may call the verbs at once."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import needle_sim as ns
from needle_sim.exports.result import result_of

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
RUN = "from needle_sim.cli import main; main()"


def run_with(threads: int, folder: Path) -> dict[str, bytes]:
    """Result and pictures of the main job in a process of its own, by name."""
    environment = {
        **os.environ,
        **dict.fromkeys(THREADS, str(threads)),
        "PYTHONHASHSEED": str(threads),
    }
    command = [sys.executable, "-c", RUN, "run", "medial-branch-rfa", "--out", str(folder)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    names = [folder / "result.json", folder / "plan.json", *folder.glob("*.png")]
    return {path.name: path.read_bytes() for path in [*names, *folder.glob("*.nii.gz")]}


def test_one_thread_and_two_write_the_same_bytes(tmp_path):
    alone, together = run_with(1, tmp_path / "1"), run_with(2, tmp_path / "2")
    assert len(alone) >= 10
    assert [name for name in alone if alone[name] != together.get(name)] == []
    assert set(alone) == set(together)


def test_two_python_threads_at_once_give_what_one_gives(phantom):
    asked = [{"level": "L3", "side": "left"}] * 2

    def result(words: dict[str, str]) -> dict[str, object]:
        return result_of(ns.run_procedure(seed=2, anatomy=phantom, **words))

    alone = [result(asked[0])] * 2
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(result, asked))
    assert together == alone
