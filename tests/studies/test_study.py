"""One table, to the byte, on threads, processes and a cluster, whatever is killed on the way."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import needle_sim as ns
from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies.pace import Pace
from tests.studies.toys import clumsy, deadly, deadly_once, dice, slow_dice

SIDES = {"side": ["left", "right"], "angle_deg": [0.0, 30.0]}
SEEDS = 100


def table_of(folder):
    return (folder / "table.parquet").read_bytes()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The table of one thread."""
    folder = tmp_path_factory.mktemp("calm") / "study"
    made = ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=folder, threads=1)
    assert made.failed == 0
    return folder


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of dask, and its client."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as made,
        Client(made) as client,
    ):
        yield client


def test_two_threads_give_the_same_bytes(calm, tmp_path):
    ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=tmp_path / "two", threads=2)

    assert table_of(tmp_path / "two") == table_of(calm)


@pytest.mark.long
def test_dask_processes_give_the_same_bytes(calm, cluster, tmp_path):
    ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=tmp_path / "dask", executor=cluster)

    assert table_of(tmp_path / "dask") == table_of(calm)


@pytest.mark.long
def test_a_dask_worker_killed_amid_a_study_loses_nothing(cluster, tmp_path):
    settings = {"each_s": 0.02}
    pids = list(cluster.run(os.getpid).values())
    killed = []

    def progress(done, total):
        if done > 20 and not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    for name, given in (("hurt", {"executor": cluster}), ("whole", {"threads": 2})):
        made = ns.run_study(
            slow_dice, {"side": ["left"]}, seeds=150, out=tmp_path / name, settings=settings,
            progress=progress if name == "hurt" else lambda done, total: None, **given,
        )  # fmt: skip
        assert (len(made), made.failed) == (150, 0)
    assert killed
    assert table_of(tmp_path / "hurt") == table_of(tmp_path / "whole")


def test_processes_give_the_same_rows_and_a_pool_that_breaks_loses_none(calm, tmp_path):
    settings = {"mark": str(tmp_path / "mark")}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        hurt = ns.run_study(
            deadly_once, SIDES, seeds=SEEDS, seed=5, settings=settings, executor=pool
        )

    stored = ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=calm)
    assert (tmp_path / "mark").exists()
    assert hurt.table.equals(stored.table)


def test_a_deadly_sample_is_one_failing_row():
    settings = {"deadly": [1]}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        hurt = ns.run_study(deadly, {"side": ["left"]}, seeds=4, settings=settings, executor=pool)
    calm = ns.run_study(dice, {"side": ["left"]}, seeds=4, threads=1)

    assert list(hurt.reasons.values()) == [1]
    assert hurt.table["failed"][1].as_py().startswith("the worker died with this sample")
    others = [n for n in range(4) if n != 1]
    assert hurt.table.take(others).equals(calm.table.take(others))


def test_what_is_there_is_not_done_again(calm, tmp_path):
    folder = tmp_path / "study"
    seen: list[int] = []

    def stop(done, total):
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=folder, threads=1, progress=stop)
    made = ns.run_study(
        dice, SIDES, seeds=SEEDS, seed=5, out=folder, threads=2,
        progress=lambda done, total: seen.append(done),
    )  # fmt: skip

    assert seen[0] > 20
    assert seen == sorted(seen)
    assert seen[-1] == len(made) == 400
    assert table_of(folder) == table_of(calm)
    again: list[int] = []
    ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=folder,
                 progress=lambda done, total: again.append(done))  # fmt: skip
    assert again == [400]


def test_a_truncated_part_is_done_again_with_a_note(calm, tmp_path):
    folder = tmp_path / "study"
    ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=folder, threads=1)
    part = sorted((folder / "parts").glob("part-*.parquet"))[-2]
    part.write_bytes(part.read_bytes()[:50])

    made = ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=folder, threads=1)

    assert [note.split()[0] for note in made.notes] == [part.name]
    assert table_of(folder) == table_of(calm)


def test_in_memory_it_is_the_same_table(calm, monkeypatch):
    monkeypatch.setattr(Pace, "next", lambda self, left: min(left, 7))  # other chunks
    made = ns.run_study(dice, SIDES, seeds=SEEDS, seed=5)
    stored = ns.run_study(dice, SIDES, seeds=SEEDS, seed=5, out=calm)

    assert made.table.equals(stored.table)


def test_failing_samples_are_rows_and_never_the_end(tmp_path):
    made = ns.run_study(clumsy, SIDES, seeds=3, settings={"bad": [0, 11]}, out=tmp_path / "s")

    assert made.failed == 2
    assert set(made.reasons) == {"RuntimeError: stumbled over 0", "RuntimeError: stumbled over 11"}


def test_another_study_is_not_mixed_in(calm):
    with pytest.raises(InputError, match="seed was 5, is 6"):
        ns.run_study(dice, SIDES, seeds=SEEDS, seed=6, out=calm)


def test_an_executor_that_cannot_is_named_and_finished_parts_stay(tmp_path):
    class Lost:
        """Does one chunk, then the line is dead."""

        left = 1

        def submit(self, verb, *args):
            future: Future = Future()
            self.left -= 1
            if self.left >= 0:
                future.set_result(verb(*args))
            else:
                future.set_exception(ConnectionError("the scheduler went away"))
            return future

    with pytest.raises(NeedleSimError, match=r"went away\). What is finished stays"):
        ns.run_study(dice, SIDES, seeds=3, out=tmp_path / "s", executor=Lost())
    seen: list[int] = []
    ns.run_study(dice, SIDES, seeds=3, out=tmp_path / "s",
                 progress=lambda done, total: seen.append(done))  # fmt: skip
    assert seen[0] == 1


def test_a_named_task_refuses_what_it_does_not_know():
    with pytest.raises(InputError, match="did you mean 'angle_deg'"):
        ns.run_study("coverage", {"angel_deg": [0]}, seeds=1)
    with pytest.raises(InputError, match="no task is called 'covrage'"):
        ns.run_study("covrage", {}, seeds=1)


def test_threads_of_an_executor_are_left_to_it():
    with ThreadPoolExecutor(1) as pool:
        ns.run_study(dice, SIDES, seeds=2, executor=pool)
        assert pool.submit(threading.get_ident).result() > 0
