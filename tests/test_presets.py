"""Presets come from files that anyone may have written."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError


@dataclass(frozen=True)
class Kettle:
    volume_ml: float
    power_w: float = 2000.0

    def __post_init__(self) -> None:
        if not self.volume_ml > 0:
            raise InputError(f"volume_ml must be positive, got {self.volume_ml}")


def test_sourced_and_plain_numbers_read_the_same():
    sourced = {"volume_ml": {"value": 500, "source": "label", "mark": "read"}}
    assert presets.into(Kettle, sourced, where="k") == Kettle(500.0)
    assert presets.into(Kettle, {"volume_ml": 500, "summary": "small"}, where="k") == Kettle(500.0)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"volume_ml": -90}, r"kettles\.toml: small: volume_ml must be positive, got -90"),
        ({"volume_ml": "much"}, r"kettles\.toml: small\.volume_ml"),
        ({"volum_ml": 1.0}, "did you mean 'volume_ml'"),
        ({}, "volume_ml"),
    ],
)
def test_a_fault_names_file_table_and_key(entries, said):
    with pytest.raises(PresetError, match=said):
        presets.into(Kettle, entries, where="kettles.toml: small")


@pytest.mark.parametrize("text", ["a = nan", "a = [1.0, inf]", "[t]\nb = { c = -inf }"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match="must be finite"):
        presets.read_toml(path)


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"a = [" + b"[" * 5000])
def test_what_is_not_toml_is_refused_by_name(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(PresetError, match=r"broken\.toml cannot be read"):
        presets.read_toml(path)


def test_a_huge_file_is_not_parsed(tmp_path):
    path = tmp_path / "huge.toml"
    path.write_text("#" * (presets.MOST_BYTES + 1))
    with pytest.raises(PresetError, match="at most"):
        presets.read_toml(path)


def test_a_number_without_source_or_mark_is_refused():
    with pytest.raises(PresetError, match=r"a\.b needs a source and a mark"):
        presets.numbers({"a": {"b": {"value": 1.0, "source": "x", "mark": "guess"}}})


def test_digests_cover_every_shipped_file():
    found = presets.digests()
    assert {"tissues.toml", "needles.toml", "medial-branch-rfa.toml"} <= set(found)
    assert all(len(digest) == 64 for digest in found.values())


THREADS = """
import sys
import threading
from dataclasses import make_dataclass
from needle_sim import presets

sys.setswitchinterval(1e-6)

for turn in range(150):
    inner = make_dataclass(f"Inner{turn}", [("x_mm", float), ("words", str)])
    outer = make_dataclass(f"Outer{turn}", [("one", inner), ("many", tuple[inner, ...])])
    entries = {"one": {"x_mm": 1.0, "words": "a"}, "many": [{"x_mm": 2.0, "words": "b"}] * 5}
    meet = threading.Barrier(4)
    made = []

    def work():
        meet.wait()
        made.append(presets.into(outer, entries, where="toy"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if len(made) != 4 or len({repr(one) for one in made}) != 1:
        raise SystemExit(f"turn {turn}: {made}")
print("good")
"""


def test_threads_may_meet_a_noun_for_the_first_time_together():
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, check=False, text=True
    )

    assert (done.returncode, done.stdout.strip()) == (0, "good"), done.stderr
