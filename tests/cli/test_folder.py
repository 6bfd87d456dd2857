"""Folders to write into: free, ours, or refused before the work."""

from __future__ import annotations

import pytest

from needle_sim.cli.folder import HOME, output_folder
from needle_sim.errors import InputError


def test_without_a_wish_the_next_free_folder_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("us", "us-2", "us-3"):
        with output_folder(None, "us", force=False) as folder:
            assert folder == HOME / name
            assert folder.is_dir()


def test_folders_that_were_made_go_when_the_work_fails_and_others_stay(tmp_path):
    (tmp_path / "mine").mkdir()
    wanted = tmp_path / "mine" / "a" / "b"
    with pytest.raises(ZeroDivisionError), output_folder(wanted, "us", force=False):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert not any((tmp_path / "mine").iterdir())


def _write_and_fail(folder):
    (folder / "half.txt").write_text("half")
    raise ZeroDivisionError


def test_what_was_written_stays_when_the_work_fails(tmp_path):
    wanted = tmp_path / "a"
    with pytest.raises(ZeroDivisionError), output_folder(wanted, "us", force=False) as folder:
        _write_and_fail(folder)
    assert (wanted / "half.txt").exists()


def test_a_folder_that_is_not_empty_needs_force(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with (
        pytest.raises(InputError, match="is not empty; add --force"),
        output_folder(tmp_path, "us", force=False),
    ):
        pass
    with output_folder(tmp_path, "us", force=True) as folder:
        assert folder == tmp_path
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for wanted in (tmp_path / "file", tmp_path / "file" / "below"):
        with (
            pytest.raises(InputError, match=str(wanted)),
            output_folder(wanted, "us", force=False),
        ):
            pass
