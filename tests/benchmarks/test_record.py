import json

from benchmarks.pair import Pair, Size, measure
from benchmarks.record import Record

SMOKE, FULL = Size(full=False), Size(full=True)


def outcome(name, ratio):
    """What a pair of this ratio comes to, on a clock that its sides turn."""
    now = [0.0]

    def take(seconds):
        now[0] += seconds
        return 0.0

    pair = Pair(name, lambda: take(ratio), lambda: take(1.0), lambda a, b: a - b, limit=0.0)
    return measure(pair, rounds=1, clock=lambda: now[0])


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "recorded.json"

    Record({}).with_module(SMOKE, "heat", [outcome("box", 0.123456)]).write(path)

    assert Record.read(path).of(SMOKE, "heat", "box") == 0.123
    assert Record.read(path).of(FULL, "heat", "box") is None


def test_a_module_that_is_recorded_anew_leaves_the_others_alone():
    old = Record({}).with_module(SMOKE, "heat", [outcome("box", 0.5), outcome("gone", 0.5)])
    old = old.with_module(FULL, "heat", [outcome("box", 0.25)])
    old = old.with_module(SMOKE, "series", [outcome("loop", 2.0)])

    new = old.with_module(SMOKE, "heat", [outcome("box", 0.125)])

    assert new.of(SMOKE, "heat", "box") == 0.125
    assert new.of(SMOKE, "heat", "gone") is None
    assert new.of(FULL, "heat", "box") == 0.25
    assert new.of(SMOKE, "series", "loop") == 2.0
    assert old.of(SMOKE, "heat", "box") == 0.5


def test_without_a_file_nothing_is_on_record(tmp_path):
    assert Record.read(tmp_path / "none.json").of(SMOKE, "heat", "box") is None


def test_the_file_holds_one_pair_a_line(tmp_path):
    path = tmp_path / "recorded.json"
    Record({}).with_module(SMOKE, "b", [outcome("x", 0.5), outcome("a", 0.25)]).write(path)

    assert json.loads(path.read_text())["smoke"]["b"] == {"a": 0.25, "x": 0.5}
    assert '      "a": 0.25,\n' in path.read_text()
