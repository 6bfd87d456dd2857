"""``needle-sim study``: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import json
from importlib import import_module

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import needle_sim.studies.study as room
from needle_sim.cli import main
from needle_sim.studies import patients

FILE = """
[study]
task = "coverage"
seeds = 3
seed = 1
[parameters]
angle_deg = [0, 90]
[settings]
error_mm = 1.0
"""


def ask(*words: object):
    return CliRunner().invoke(main, ["study", *map(str, words)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    path = folder / "angles.toml"
    path.write_text(FILE)
    done = ask(path, "--out", folder / "out", "--threads", 1)
    yield path, folder / "out", done
    patients.forget()


def test_a_study_is_written_and_told_in_words(made):
    _, out, done = made

    assert done.exit_code == 0, done.output
    assert pq.read_table(out / "table.parquet").num_rows == 6
    assert json.loads((out / "study.json").read_text())["settings"]["error_mm"] == 1.0
    for said in (
        "Study of coverage: 6 samples, 3 each, study seed 1",
        "angle_deg",
        "covered_mm",
        "95 % interval",
        "Not for clinical use",
    ):
        assert said in done.stdout
    assert "covered_mm" not in done.stderr  # progress alone


def test_json_is_all_that_is_printed_and_a_finished_study_is_read(made, monkeypatch):
    path, out, _ = made
    monkeypatch.setattr(room, "_carried_out", lambda whole, spans, crew: (n for n in spans))
    told = json.loads(ask(path, "--out", out, "--json").stdout)

    assert (told["samples"], told["failed"], told["seeds"]) == (6, 0, 3)
    assert told["schema"] == "needle_sim.study/1"
    parallel, across = (row for row in told["summary"] if row["measure"] == "covered_mm")
    assert parallel["mean"] > 2 * across["mean"]


def test_changed_settings_are_refused(made):
    path, out, _ = made
    changed = path.with_name("changed.toml")
    changed.write_text(FILE.replace("error_mm = 1.0", "error_mm = 1.5"))
    done = ask(changed, "--out", out)

    assert done.exit_code == 2
    assert "settings.error_mm was 1.0, is 1.5" in done.stderr
    assert done.stdout == ""


def test_bad_input_is_one_line(made, tmp_path):
    path, out, _ = made
    strange = tmp_path / "strange.toml"
    strange.write_text(FILE.replace("angle_deg", "angel_deg"))
    for words, said in (
        ((strange,), "did you mean 'angle_deg'"),
        ((tmp_path / "none.toml",), "none.toml cannot be read"),
        ((path, "--threads", 0, "--out", out), "threads must be a whole number"),
        ((path, "--threads", 2, "--cluster", "tcp://x:1"), "leave out --threads"),
    ):
        done = ask(*words)
        assert done.exit_code == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_an_unreachable_cluster_is_said_and_touches_nothing(made, monkeypatch):
    path, out, _ = made
    monkeypatch.setattr(import_module("needle_sim.cli.study"), "_WAIT_S", 0.5)
    before = sorted(out.rglob("*"))
    done = ask(path, "--out", out, "--cluster", "tcp://127.0.0.1:9")

    assert done.exit_code == 2
    assert "no dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    assert sorted(out.rglob("*")) == before


def test_an_interruption_says_how_to_go_on(made, monkeypatch):
    path, out, _ = made

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "_carried_out", stopped)
    done = ask(path, "--out", out)

    assert done.exit_code == 130
    assert "the same command goes on" in done.stderr


def test_where_every_sample_fails_the_exit_code_says_so(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[study]\ntask = "executions"\nseeds = 1\n[parameters]\nlevel = "L9"\n')
    patients.kept(("patient", "lumbar_normal"), lambda: None)  # the level is refused before
    done = ask(path, "--out", tmp_path / "out", "--threads", 1)
    patients.forget()

    assert done.exit_code == 3
    assert "Failed        1 of 1 samples" in done.stdout
    assert "L9" in done.stdout
