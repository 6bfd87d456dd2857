"""Tables of chunks join to the same bytes however they were cut."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError, MissingExtraError, NeedleSimError
from needle_sim.studies import table
from needle_sim.studies.design import Design, Samples
from tests.studies.toys import dice

DESIGN = Design({"angle_deg": [0, 45], "side": ["left", "right"]}, seeds=6, seed=3)
N = len(DESIGN)


def part(start, stop, answer=None):
    samples = Samples(DESIGN, start, stop)
    return table.answered(samples, dice(samples, {}) if answer is None else answer)


@settings(max_examples=25, deadline=None)
@given(cuts=st.sets(st.integers(1, N - 1), max_size=6), order=st.randoms(use_true_random=False))
def test_the_whole_does_not_depend_on_cuts_or_order(cuts, order):
    ends = [0, *sorted(cuts), N]
    parts = [part(a, b) for a, b in pairwise(ends)]
    order.shuffle(parts)

    whole = table.joined([part(0, N)])
    assert table.parquet(table.joined(parts), digest="d") == table.parquet(whole, digest="d")


def test_columns_stand_in_one_order_and_say_what_was_asked():
    made = part(0, N).to_pydict()

    assert list(made) == [
        "index", "repeat", "angle_deg", "side", "total", "even", "length_mm", "rare", "failed",
    ]  # fmt: skip
    assert made["index"] == list(range(N))
    assert made["repeat"] == [*range(6)] * 4
    assert made["side"] == (["left"] * 6 + ["right"] * 6) * 2
    assert [n for n, one in enumerate(made["rare"]) if one is None] == list(range(0, N, 3))


def test_columns_and_rows_make_the_same_table():
    rows = [{"x_mm": 0.5 * n, "good": n > 2} for n in range(N)]
    columns = {"x_mm": np.arange(N) * np.float32(0.5), "good": np.arange(N) > 2}

    assert part(0, N, rows).equals(part(0, N, columns))


def test_unknown_and_failing_rows_join_known_ones():
    unknown = part(0, 2, {"x": [None, None]})
    whole = table.joined([part(3, 5, {"x": [1, 2]}), unknown, part(5, 6, {"x": [2.5]}),
                          table.failed(Samples(DESIGN, 2, 3), ["why"])])  # fmt: skip

    assert whole["x"].to_pylist() == [None, None, None, 1.0, 2.0, 2.5]
    assert whole["failed"].to_pylist() == [None, None, "why", None, None, None]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([{"x": 1}], "one row .* for each of its 2 samples"),
        ("text", "one row"),
        ([1, 2], "one row"),
        ({"x": [1]}, "x must be 2 values"),
        ({"x": [[1], [2]]}, "x must be 2 values"),
        ({"x": [1.0, float("nan")]}, "x is nan; what is unknown is None"),
        ({"x": np.array([1.0, np.inf])}, "x is not finite"),
        ({"x": [{}, {}]}, "x holds a dict"),
        ({"x": [1, "a"]}, "x cannot be a column"),
        ({"failed": [1, 2]}, "must be named, and not"),
        ({"side": ["left", "right"]}, "the task says side"),
        ({"x": [2**70, 1]}, "x cannot be a column"),
    ],
)
def test_an_answer_that_is_none_is_refused(answer, said):
    with pytest.raises(InputError, match=said):
        part(0, 2, answer)


def test_a_column_that_changes_its_kind_is_named():
    with pytest.raises(InputError, match="column x is int64 at sample 0 and string at sample 1"):
        table.joined([part(1, 2, {"x": ["a"]}), part(0, 1, {"x": [1]})])


def test_without_its_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"needle_sim\[studies\]"):
        table.arrow()


def test_an_overlap_counts_once():
    whole = table.joined([part(0, 5), part(3, N)])

    assert whole.equals(table.joined([part(0, N)]))


def test_a_file_comes_back_as_it_was_and_damage_is_seen():
    whole = table.joined([part(0, N)])
    data = table.parquet(whole, digest="abc")

    assert table.read_parquet(data, digest="abc").equals(whole)
    with pytest.raises(NeedleSimError, match="of another study"):
        table.read_parquet(data, digest="abd")
    for cut in (0, 3, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(NeedleSimError, match="no whole Parquet file"):
            table.read_parquet(data[:cut], digest="abc")
    flipped = bytearray(data)
    flipped[40] ^= 0x10
    with pytest.raises(NeedleSimError):
        table.read_parquet(bytes(flipped), digest="abc")
