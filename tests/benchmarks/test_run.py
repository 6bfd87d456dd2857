import getpass
import json
import platform
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import record, run
from benchmarks.pair import Pair
from needle_sim.jit import set_threads, threads

TABLE_HEAD = "| module | pair | ratio |"


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A benchmark of one pair whose sides turn the clock; ``fake.times`` are theirs."""
    now, bench = [0.0], ModuleType("benchmarks.bench_fake")
    bench.ours_s, bench.answer = 0.25, 0.0

    def side(seconds, answer):
        now[0] += seconds
        return answer

    def pairs(_size):
        ours = lambda: side(bench.ours_s, bench.answer)  # noqa: E731
        yield Pair("fake", ours, lambda: side(1.0, 0.0), lambda a, b: abs(a - b), limit=0.1)

    bench.pairs = pairs
    monkeypatch.setitem(sys.modules, "benchmarks.bench_fake", bench)
    monkeypatch.setattr(run, "modules", lambda: ["fake"])
    monkeypatch.setattr(run.time, "process_time", lambda: now[0])
    monkeypatch.setattr(record, "PATH", tmp_path / "recorded.json")
    for name in run._LIBRARY_THREADS:
        monkeypatch.setenv(name, "1")
    before = threads()
    yield bench
    set_threads(before)


def test_a_run_is_judged_by_what_was_recorded_before(fake, capsys):
    assert run.main([]) == 0  # nothing is on record yet
    assert run.main(["--record"]) == 0
    fake.ours_s = 0.4
    assert run.main([]) == 0
    fake.ours_s = 0.6
    assert run.main([]) == 1
    assert "FAILED: ratio 0.6 over 2 x the recorded 0.25" in capsys.readouterr().err


def test_a_wrong_answer_fails_the_run(fake, capsys):
    fake.answer = 0.2

    assert run.main([]) == 1
    assert "FAILED: accuracy 0.2 over 0.1" in capsys.readouterr().err


def test_ratios_of_other_settings_are_not_compared(fake):
    run.main(["--record"])
    fake.ours_s = 0.9

    assert run.main(["--threads", "2"]) == 0
    assert run.main(["--full"]) == 0
    assert run.main(["--smoke"]) == 1


def test_markdown_and_json_tell_the_same(fake, tmp_path, capsys):
    run.main(["--out", str(tmp_path / "out")])

    text = (tmp_path / "out" / "benchmarks.md").read_text()
    found = json.loads((tmp_path / "out" / "benchmarks.json").read_text())
    assert text.strip() == capsys.readouterr().out.strip()
    assert TABLE_HEAD in text
    assert "| fake | fake | 0.25 |" in text
    assert found["pairs"][0]["ratio"] == 0.25
    assert found["settings"]["clock"] == "CPU time"


def test_the_machine_is_described_without_its_name(fake, tmp_path):
    run.main(["--out", str(tmp_path / "out")])

    text = (tmp_path / "out" / "benchmarks.json").read_text()
    machine = json.loads(text)["machine"]
    assert {"processor", "cores", "memory", "Python", "numpy", "scipy", "numba"} <= set(machine)
    for private in (platform.node(), str(Path.cwd()), str(Path.home())):
        assert private not in text
    assert f"/{getpass.getuser()}" not in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "no benchmark nothing; there are fake"),
        (["--rounds", "0"], "must be 1 or more"),
        (["--record", "--wall"], "in CPU time"),
        (["--record", "--threads", "2"], "at one thread"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(fake, capsys, arguments, told):
    with pytest.raises(SystemExit):
        run.main(arguments)
    assert told in capsys.readouterr().err
