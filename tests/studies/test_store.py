"""What is finished stays, what is broken is set aside, and two studies never mix."""

from __future__ import annotations

import errno
import json
import os

import pytest

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.studies import table
from needle_sim.studies.design import Design, Samples
from needle_sim.studies.identity import Identity
from needle_sim.studies.store import STUDY, Store, gaps
from tests.studies.toys import dice

DESIGN = Design({"side": ["left", "right"]}, seeds=10)
IDENTITY = Identity.of(dice, DESIGN, {})


def part(start, stop):
    samples = Samples(DESIGN, start, stop)
    return table.answered(samples, dice(samples, {}))


@pytest.fixture
def store(tmp_path):
    made = Store.of(tmp_path / "study", IDENTITY)
    for span in ((0, 5), (5, 9), (12, 20)):
        made.save(part(*span))
    return made


def files(store):
    return sorted(path.name for path in (store.folder / "parts").iterdir())


def test_parts_come_back_and_what_is_missing_is_known(store):
    found, notes = Store.of(store.folder, IDENTITY).parts()

    assert notes == []
    assert [one["index"][0].as_py() for one in found] == [0, 5, 12]
    assert gaps(found, 20) == [(9, 12)]
    assert files(store) == [f"part-000000{n:02d}.parquet" for n in (0, 5, 12)]


def test_runs_between_parts_are_gaps_and_overlaps_are_none():
    assert gaps([], 4) == [(0, 4)]
    assert gaps([part(2, 6), part(4, 9), part(15, 20)], 20) == [(0, 2), (9, 15)]
    assert gaps([part(0, 20)], 20) == []
    with pytest.raises(InputError, match="the study has 10"):
        gaps([part(0, 20)], 10)


def test_a_truncated_part_is_set_aside_by_name(store):
    path = store.folder / "parts" / "part-00000005.parquet"
    path.write_bytes(path.read_bytes()[:-20])

    found, [note] = store.parts()

    assert note.startswith("part-00000005.parquet cannot be used (no whole Parquet file")
    assert gaps(found, 20) == [(5, 12)]
    assert "part-00000005.parquet.aside" in files(store)
    assert store.parts()[1] == []  # said once


def test_a_part_of_another_study_is_set_aside(store, tmp_path):
    other = Store.of(tmp_path / "other", Identity.of(dice, DESIGN, {"dice": 4}))
    other.save(part(9, 12))
    theirs = other.folder / "parts" / "part-00000009.parquet"
    (store.folder / "parts" / "part-00000009.parquet").write_bytes(theirs.read_bytes())

    found, [note] = store.parts()

    assert "of another study" in note
    assert gaps(found, 20) == [(9, 12)]


def test_what_was_being_written_is_taken_away(store):
    left = store.folder / "parts" / "part-00000009.parquet.77.unfinished"
    left.write_bytes(b"half")

    with store.alone():
        found, notes = store.parts()

    assert not left.exists()
    assert (len(found), notes) == (3, [])


def test_another_study_in_the_folder_is_refused_and_touches_nothing(store):
    before = {path.name: path.stat().st_mtime_ns for path in store.folder.rglob("*")}
    other = Identity.of(dice, Design({"side": ["left", "right"]}, seeds=11), {})

    with pytest.raises(InputError, match=r"seeds was 10, is 11.*give another folder"):
        Store.of(store.folder, other)
    assert {path.name: path.stat().st_mtime_ns for path in store.folder.rglob("*")} == before


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "other/1"}', "[" * 200_000])
def test_a_strange_study_json_is_refused(tmp_path, text):
    (tmp_path / STUDY).write_text(text)
    with pytest.raises(InputError, match=r"study\.json"):
        Store.of(tmp_path, IDENTITY)


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no study"):
        Store.of(tmp_path, IDENTITY)
    with pytest.raises(InputError, match="is a file"):
        Store.of(tmp_path / "thesis.txt", IDENTITY)


def test_a_folder_that_was_left_before_it_was_told_what_it_is_can_be_used(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / f"{STUDY}.12.unfinished").write_text("{")

    Store.of(tmp_path, IDENTITY)

    assert json.loads((tmp_path / STUDY).read_text())["digest"] == IDENTITY.digest


def test_two_at_once_are_one_too_many(store):
    again = Store.of(store.folder, IDENTITY)
    with (
        store.alone(),
        pytest.raises(InputError, match="another process is at work"),
        again.alone(),
    ):
        pass
    with again.alone():  # once the first is done
        assert len(again.parts()[0]) == 3


def test_a_full_disk_is_said_and_finished_parts_stay(store, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NeedleSimError, match=r"No space left.*stays: make room and start the same"):
        store.save(part(9, 12))
    monkeypatch.undo()

    assert files(store) == [f"part-000000{n:02d}.parquet" for n in (0, 5, 12)]
    assert len(store.parts()[0]) == 3
