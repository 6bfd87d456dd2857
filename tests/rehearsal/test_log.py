"""A log survives its file, and a stranger's log is refused by its line, in little memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.rehearsal.act import Act
from needle_sim.rehearsal.log import MOST_ACTS, MOST_BYTES, Header, Log, line_of
from tests.rehearsal.test_act import GIVEN, POSE

HEAD = Header("lumbar_normal", "0" * 16, "facet-injection", "1" * 16, "L4-L5", "left", "", 7)
ACTS = tuple(Act(do, 2.0 * n, "page", given) for n, (do, given) in enumerate(GIVEN.items()))
TEXT = Log(HEAD, ACTS).text()
LINES = TEXT.splitlines()


def changed(**what) -> str:
    """The log with another header."""
    head = {**json.loads(LINES[0]), **what}
    return "\n".join([json.dumps(head), *LINES[1:]])


def test_text_and_back_is_the_same_log_and_the_same_text(tmp_path):
    assert Log.parse(TEXT) == Log(HEAD, ACTS)
    assert Log.parse(TEXT.encode()).text() == TEXT
    (tmp_path / "one.jsonl").write_text(TEXT, encoding="utf-8")
    assert Log.read(tmp_path / "one.jsonl").text() == TEXT


def test_a_log_only_grows_at_its_end():
    for count in range(len(ACTS)):
        assert TEXT.startswith(Log(HEAD, ACTS[:count]).text())
        assert Log.parse("\n".join(LINES[: count + 1])) == Log(HEAD, ACTS[:count])


@given(st.text(min_size=1, max_size=200).filter(str.isprintable))
def test_whatever_a_text_says_it_can_be_read_again(why):
    made = Log(HEAD, (Act("abort", 1.0, "page", {"why": why}),))
    assert Log.parse(made.text()) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("{}", "no log of a rehearsal"),
        ("[1]", "line 1 must be an object"),
        ("\n" + TEXT, "line 1 is no JSON"),
        (b"\xff\xfe{}", "line 1 is no JSON"),
        (changed(schema="needle_sim.result/2"), "no log of a rehearsal"),
        (changed(schema_version=2), "a log of schema 2, this needle_sim reads 1"),
        (changed(schema_version=True), "a log of schema True"),
        (changed(schema_version="1"), "a log of schema '1'"),
        (changed(seed=True), "line 1: Expected `int`"),
        (changed(seed="7"), "line 1: Expected `int`"),
        (changed(level=None), "line 1: Expected `str`"),
        (changed(patient="x" * 201), "patient must be printable text of at most 200"),
        (changed(patient="\ud800"), "patient must be printable"),
        (changed(extra=1), "unknown key 'extra'"),
        (LINES[0] + "\n\n" + LINES[1], "line 2 is no JSON"),
        (TEXT[:-9], f"line {len(LINES)} is no JSON"),
        (LINES[0] + '\n{"t_s":0,"do":"shot","do":"finish"}', "the key 'do' stands there twice"),
        (LINES[0] + '\n{"t_s":NaN,"do":"shot"}', "NaN is no number"),
        (LINES[0] + '\n{"t_s":1e999,"do":"shot"}', "line 2: t_s must be 0 to 21600 s, got inf"),
        (LINES[0] + '\n{"t_s":' + "9" * 5000 + ',"do":"shot"}', "line 2 is no JSON"),
        (LINES[0] + '\n{"t_s":true,"do":"shot"}', "t_s must be a number, got True"),
        (LINES[0] + '\n{"t_s":0}', "line 2: a line of a log needs do"),
        (LINES[0] + '\n{"t_s":0,"do":["shot"]}', "nothing is called a list"),
        (LINES[0] + '\n{"t_s":0,"do":"abort","why":"<script>\\u0000"}', "printable"),
        (LINES[0] + '\n{"t_s":0,"do":"shot","source":5}', "source must be text"),
        (LINES[0] + "\n" + "[" * 9 + "]" * 9, "line 2 is nested more than 8 deep"),
        (LINES[0] + '\n{"why":"' + "x" * 20_000, "line 2 has 20008 bytes"),
    ],
)
def test_what_is_no_log_is_refused_by_its_line(text, said):
    with pytest.raises(InputError, match=said) as found:
        Log.parse(text)
    assert len(str(found.value)) < 400
    str(found.value).encode()


def test_markup_is_text_and_nothing_more():
    why = "<img src=x onerror=alert(1)>"
    made = Log.parse(LINES[0] + "\n" + line_of(Act("abort", 0.0, "page", {"why": why}).to_line()))
    assert made.acts[0].given["why"] == why


HOSTILE = {
    "huge": lambda: b" " * (MOST_BYTES + 1),
    "many lines": lambda: b"\n" * (MOST_ACTS + 2),
    "one line": lambda: b'{"schema":"' + b"x" * (MOST_BYTES - 20),
    "deep": lambda: b'{"a":' * 100_000,
    "deep lists": lambda: LINES[0] + "\n" + "[" * 100_000,
    "closing": lambda: LINES[0] + "\n" + "]" * 19_000 + "[" * 100,
    "keys": lambda: LINES[0] + "\n{" + ",".join(f'"k{n}":1' for n in range(1500)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_log_is_refused_in_little_memory(name):
    data = HOSTILE[name]()
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            Log.parse(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200_000_000 - len(data)


def test_what_stays_of_the_longest_log_is_little_memory():
    """An act weighs so little that as many as a log may hold stay below the limit."""
    count = 1000
    line = line_of(Act("needle_pose", 0.0, "page", {"matrix": POSE}).to_line())
    text = LINES[0] + "\n" + line * count
    tracemalloc.start()
    try:
        made = Log.parse(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(made.acts) == count
    assert most * MOST_ACTS / count < 200_000_000


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "big").write_bytes(b" " * (MOST_BYTES + 1))
    for path, said in (
        (tmp_path, "is no file"),
        (tmp_path / "none", "is no file|cannot be read"),
        ("\0", "no name of a file|is no file"),
        ("/dev/zero", "is no file"),
        (tmp_path / "big", "at most"),
    ):
        with pytest.raises(InputError, match=said):
            Log.read(path)
    with pytest.raises(InputError, match="text or bytes"):
        Log.parse(5)
