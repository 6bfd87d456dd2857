"""A sample that fails is a row with its reason; its neighbours are what they would be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim import jit
from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies.chunk import Chunk, carried_out, lost
from needle_sim.studies.design import Design
from tests.studies.toys import clumsy, dice

DESIGN = Design({"side": ["left", "right"]}, seeds=10)


def chunk(task=dice, settings=None, start=0, stop=20):
    return Chunk(task, DESIGN, settings or {}, start, stop)


def test_only_the_samples_at_fault_fail():
    sound = carried_out(chunk()).table.to_pylist()
    hurt = carried_out(chunk(clumsy, {"bad": [0, 7, 8, 19]})).table.to_pylist()

    for index, (one, other) in enumerate(zip(sound, hurt, strict=True)):
        if index in (0, 7, 8, 19):
            assert other["failed"] == f"RuntimeError: stumbled over {index}"
            assert other["total"] is None
            assert other["side"] == one["side"]
        else:
            assert other == one


def test_our_own_errors_are_said_without_their_class():
    def refusing(samples, settings):
        raise InputError("level L9 is not in this phantom")

    found = carried_out(chunk(refusing, start=3, stop=5)).table.to_pylist()

    assert [one["failed"] for one in found] == ["level L9 is not in this phantom"] * 2


def test_an_answer_that_is_not_finite_fails_its_sample_alone():
    def divided(samples, settings):
        return [{"x": float("nan") if s.index == 4 else 1.0} for s in samples]

    found = carried_out(chunk(divided)).table

    assert found["failed"].null_count == 19
    assert "what is unknown is None" in found["failed"][4].as_py()


def test_kernels_take_one_thread_meanwhile():
    def counting(samples, settings):
        return [{"threads": jit.threads()} for _ in samples]

    before = jit.threads()
    assert set(carried_out(chunk(counting)).table["threads"].to_pylist()) == {1}
    assert jit.threads() == before


def test_a_worker_of_another_version_stops_the_study():
    with pytest.raises(NeedleSimError, match=r"must not be mixed; install one version"):
        carried_out(replace(chunk(), version="0.0.1"))


def test_lost_samples_are_rows_too():
    found = lost(chunk(start=4, stop=6), "gone").table.to_pylist()

    assert [(one["index"], one["failed"]) for one in found] == [(4, "gone"), (5, "gone")]
