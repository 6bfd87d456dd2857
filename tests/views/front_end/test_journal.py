"""A journal is a log, written act by act, never over another."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.rehearsal.log import Log
from needle_sim.views.front_end.journal import Journal
from tests.rehearsal.driving import RFA, begun


def test_what_is_on_disk_is_the_log_at_every_moment(tmp_path):
    made = begun(RFA)
    journal = Journal(tmp_path / "attempt.jsonl", made)
    for orbital in (5.0, 10.0, 15.0):
        made.do("carm", orbital_deg=orbital, tilt_deg=0.0)
        journal.write()
        journal.write()  # nothing new: nothing written
        assert (tmp_path / "attempt.jsonl").read_text() == made.log.text()
    assert Log.read(tmp_path / "attempt.jsonl") == made.log


def test_a_log_is_never_overwritten(tmp_path):
    (tmp_path / "attempt.jsonl").write_text("mine")
    with pytest.raises(InputError, match=r"attempt\.jsonl is there already"):
        Journal(tmp_path / "attempt.jsonl", begun(RFA))
    assert (tmp_path / "attempt.jsonl").read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "attempt.jsonl", begun(RFA))


def test_a_log_that_is_gone_is_said_and_the_act_stays(tmp_path):
    made = begun(RFA)
    journal = Journal(tmp_path / "attempt.jsonl", made)
    (tmp_path / "attempt.jsonl").unlink()
    (tmp_path / "attempt.jsonl").mkdir()
    made.do("carm", orbital_deg=5.0, tilt_deg=0.0)
    with pytest.raises(InputError, match="the rehearsal goes on"):
        journal.write()
    assert made.scope.pose.orbital_deg == 5.0
