"""Rehearsals by a wild hand: 10 000 random sequences of acts, and logs by strangers.

Of every sequence: what is refused is refused by an error of ours and changes nothing, no number is
NaN or infinite in the state at any moment or in the result, and the log replays to the same bytes.
Every log of a stranger is refused within a second and 200 MB.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np

import needle_sim as ns
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import NeedleSimError
from needle_sim.exports.result import as_json, result_of
from needle_sim.geometry.transform import unit
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.sightline import angles_of
from needle_sim.procedures.procedure import Procedure
from needle_sim.procedures.reading import names, shipped
from needle_sim.rehearsal.act import KINDS
from needle_sim.rehearsal.attempt import Attempt
from needle_sim.rehearsal.log import MOST_ACTS, MOST_BYTES, Header, Log
from needle_sim.rehearsal.rehearsal import Rehearsal

SEQUENCES = 10_000
MOST_ACTS_DONE = 40
PICTURES_EVERY = 100  # of so many sequences one takes pictures, on a small field
HEAT_EVERY = 100  # of so many sequences one is heated in earnest
MOST_S, MOST_MB = 1.0, 200.0
_NEEDLES = ("rf_18g_10mm", "tuohy_18g_90mm", "quincke_22g_90mm", "quincke_22g_150mm", "none")
_AGENTS = ("iohexol_240", "saline", "water")


@cache
def recipe(number: int) -> Procedure:
    """One of the shipped procedures, read once."""
    return shipped(names()[number])


def fuzzed(seed: int, anatomy: Anatomy) -> tuple[Rehearsal, Counter[str]]:
    """A rehearsal of random acts that is over, and what became of the acts."""
    rng = np.random.default_rng([4, seed])
    pictures = seed % PICTURES_EVERY == 0
    made = Rehearsal(
        anatomy, recipe(seed % len(names())), side=("left", "right")[seed // 4 % 2],
        seed=seed, pictures=pictures,
    )  # fmt: skip
    found: Counter[str] = Counter()
    if pictures:
        made.do("collimate", width_mm=30.0, height_mm=30.0)
    for do, given in _begun(made, rng):
        _tried(made, do, given, 0.0, found)
    for _ in range(rng.integers(5, MOST_ACTS_DONE)):
        do = str(rng.choice(_OFTEN))
        given = _given(do, made, rng)
        late = float(rng.choice([0.0, 0.5, 20.0, -1.0], p=[0.5, 0.3, 0.15, 0.05]))
        _tried(made, do, given, late, found)
        if made.over:
            break
    if not made.over:
        made.do("finish")
    return made, found


def _tried(
    made: Rehearsal, do: str, given: dict[str, Any], late: float, found: Counter[str]
) -> None:
    before = made.state
    try:
        finite(made.do(do, t_s=made.t_s + late, **given))
        found["taken"] += 1
    except NeedleSimError:
        found["refused"] += 1
        if made.state != before:
            raise AssertionError(f"a refused {do} changed the state") from None


_OFTEN = (*KINDS, *("advance", "withdraw", "needle_pose", "angle", "stylet", "contrast") * 2)


def _begun(made: Rehearsal, rng: np.random.Generator) -> Iterator[tuple[str, dict[str, Any]]]:
    """Most hands begin well: declared, marked and in the skin near the target."""
    if rng.random() < 0.15:
        return
    x, _, z = made.target.centre_mm + rng.normal(0.0, 8.0, 3)
    skin = float(_skin_y(made.anatomy, x, z))
    yield "declare", {"procedure": made.recipe.name, "level": made.level, "side": made.side}
    yield "mark", {"point_mm": [float(x), skin, float(z)]}
    yield "insert", {}
    if rng.random() < 0.8:
        aim = unit(made.target.centre_mm + rng.normal(0.0, 4.0, 3) - [x, skin, z])
        orbital, tilt = angles_of(-aim)
        yield "angle", {"orbital_deg": float(orbital), "tilt_deg": float(tilt)}
        yield "advance", {"mm": float(rng.uniform(5.0, 70.0))}
    if rng.random() < 0.5:
        yield "stylet", {"inside": False}


def _skin_y(anatomy: Anatomy, x: float, z: float) -> float:
    """The hindmost body voxel over a place, mm."""
    labels = anatomy.labels
    line = np.arange(300.0, -300.0, -1.0)
    at = np.column_stack([np.full_like(line, x), line, np.full_like(line, z)])
    body = np.flatnonzero(labels.sample(at, outside=0) != 0)
    return float(line[body[0]]) if len(body) else 0.0


def _given(do: str, made: Rehearsal, rng: np.random.Generator) -> dict[str, Any]:
    """Values for an act: likely ones, wild ones, and now and then what is none at all."""
    wild: tuple[Any, ...] = (
        None, True, "", "x" * 300, math.nan, math.inf, -1e300, 10**400, [], {}, "<b>", b"raw",
    )  # fmt: skip
    given = {name: _value(do, name, made, rng) for name in KINDS[do]}
    if given and rng.random() < 0.06:
        given[str(rng.choice(list(given)))] = wild[int(rng.integers(len(wild)))]
    if rng.random() < 0.02:
        given[str(rng.choice(["extra", "self", "do", "given"]))] = 1
    return given


def _value(do: str, name: str, made: Rehearsal, rng: np.random.Generator) -> Any:
    near = made.target.centre_mm + rng.normal(0.0, 30.0, 3)
    makers: dict[str, Callable[[], Any]] = {
        "procedure": lambda: made.recipe.name,
        "level": lambda: made.level,
        "side": lambda: made.side,
        "orbital_deg": lambda: float(rng.uniform(-180, 180) if rng.random() < 0.3 else
                                     rng.uniform(-40, 40)),
        "tilt_deg": lambda: float(rng.uniform(-60, 60)),
        "x_mm": lambda: float(near[0]),
        "y_mm": lambda: float(near[1]),
        "z_mm": lambda: float(near[2]),
        "width_mm": lambda: float(rng.uniform(10, 40)),
        "height_mm": lambda: float(rng.uniform(10, 40)),
        "on": lambda: bool(rng.random() < 0.5),
        "inside": lambda: bool(rng.random() < 0.5),
        "name": lambda: str(rng.choice(_NEEDLES if do == "needle" else ["curved_3p5mhz", "x"])),
        "matrix": lambda: _matrix(near, rng),
        "point_mm": lambda: [float(one) for one in near],
        "mm": lambda: float(rng.exponential(12.0) + 0.01),
        "deg": lambda: float(rng.uniform(-360, 360)),
        "agent": lambda: str(rng.choice(_AGENTS)),
        "volume_ml": lambda: float(rng.choice([0.05, 0.2, 1.0, 30.0])),
        "mode": lambda: str(rng.choice(["single", "live", "dsa"])),
        "why": lambda: "<script>alert(1)</script> & [[[",
    }  # fmt: skip
    return makers[name]()


def _matrix(near: np.ndarray[Any, Any], rng: np.random.Generator) -> list[list[float]]:
    axis = unit(np.array([0.0, -1.0, 0.0]) + rng.normal(0.0, 0.3, 3))
    across = unit(np.cross(axis, rng.normal(size=3)))
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([np.cross(across, axis), across, axis])
    matrix[:3, 3] = near
    if rng.random() < 0.1:
        matrix[:3, :3] *= rng.choice([0.0, 2.0, -1.0])
    return [[float(one) for one in row] for row in matrix]


def finite(value: Any) -> None:
    """Raise `AssertionError` where a number anywhere in a value is NaN or infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise AssertionError(f"{value} in a state or a result")
    if isinstance(value, dict):
        value = list(value.values())
    elif is_dataclass(value):
        value = [getattr(value, one.name) for one in fields(value)]
    if isinstance(value, list | tuple):
        for one in value:
            finite(one)


def same_again(made: Rehearsal) -> None:
    """Raise `AssertionError` where a log does not replay to the same bytes."""
    text = made.log.text()
    other = Rehearsal.replay(text, made.anatomy, recipe(names().index(made.recipe.name)))
    content = result_of(made.run)
    said = as_json(content)
    finite(content)
    if other.log.text() != text or as_json(result_of(other.run)) != said:
        raise AssertionError("the log replays to another result")
    if other.state != made.state:
        raise AssertionError("the log replays to another state")
    pictures = [None if one.picture is None else one.picture.array for one in (made, other)]
    if pictures[0] is not None and not np.array_equal(*pictures):  # type: ignore[arg-type]
        raise AssertionError("the log replays to another picture")


@cache
def _cold() -> tuple[None, None, dict[str, float]]:
    return None, None, {"dura": 37.0}


def without_heat() -> None:
    """Heat takes seconds: from now on electrodes stay cold but in one of `HEAT_EVERY` sequences."""
    real = Attempt.heat

    def heat(self: Attempt, placed: PlacedNeedle, *, watch: Any = None) -> Any:
        return real(self, placed, watch=watch) if _heats["now"] else _cold()

    Attempt.heat = heat  # type: ignore[method-assign]


_heats = {"now": False}


def strangers() -> Iterator[tuple[str, bytes]]:
    """Logs that no rehearsal wrote, each made when it is asked for."""
    written = Header("lumbar_normal", "0" * 16, names()[0], "0" * 16, "L4-L5", "left", "", 0)
    head = Log(written, ()).text().encode()
    most = MOST_ACTS - 2
    row = b"[0.5,0.5,0.5,0.5]"
    pose = b'{"t_s":0,"do":"needle_pose","matrix":[' + b",".join([row] * 4) + b"]}\n"
    text = b'{"t_s":0,"do":"abort","why":"' + b"[" * 190 + b'"}\n'
    yield "huge", head + b" " * MOST_BYTES
    yield "one long line", head + b'{"why":"' + b"x" * (MOST_BYTES - len(head) - 10)
    yield "many lines", head + b"\n" * (MOST_ACTS + 2)
    yield "100 000 deep objects", head + b'{"a":' * 100_000
    yield "100 000 deep lists", head + b"[" * 100_000 + b"]" * 100_000
    yield "20 000 deep", head + b"[" * 19_999
    yield "wrong at the very end", head + b'{"t_s":0,"do":"shot"}\n' * most + b"{"
    yield "poses, wrong at the end", head + pose * most + b"{"
    yield "texts, wrong at the end", head + text * most + b"{"
    yield "a key twice", head + b'{"t_s":0,"t_s":1,"do":"shot"}'
    yield "a number without end", head + b'{"t_s":' + b"9" * 19_000 + b',"do":"shot"}'
    yield "NaN", head + b'{"t_s":NaN,"do":"shot"}'
    yield "true for a number", head + b'{"t_s":true,"do":"shot"}'
    yield "a truncated line", head + b'{"t_s":0,"do":"sh'
    yield "another version", head.replace(b'"schema_version":1', b'"schema_version":2')
    yield "bytes", bytes(range(256)) * 1000


def refusal(data: bytes) -> tuple[str, float]:
    """What a stranger's log is refused with, and after how many seconds of the processor."""
    start = time.process_time()
    try:
        Log.parse(data)
    except NeedleSimError as error:
        return str(error), time.process_time() - start
    raise AssertionError("a log of a stranger was taken")


def strangers_hold() -> bool:
    """Print what each log is refused with; False where one takes too much time or memory."""
    holds, first = True, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, data in strangers():
        said, seconds = refusal(data)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first) / 1024
        good = seconds <= MOST_S and grown <= MOST_MB
        holds = holds and good
        print(f"{name:26} {seconds:6.3f} s {grown:6.1f} MB  {'' if good else 'FAILS '}{said[:90]}")
    return holds


def main(arguments: list[str]) -> int:
    """Fuzz N sequences (10 000) from a first seed (0) on; 1 when a law is broken."""
    count = int(arguments[0]) if arguments else SEQUENCES
    first = int(arguments[1]) if len(arguments) > 1 else 0
    holds = strangers_hold()  # first, while little memory was taken
    anatomy = ns.build_phantom()
    without_heat()
    total: Counter[str] = Counter()
    broken = 0
    for seed in range(first, first + count):
        _heats["now"] = seed % HEAT_EVERY == HEAT_EVERY - 1
        try:
            made, found = fuzzed(seed, anatomy)
            same_again(made)
        except Exception as error:  # whatever it is, it is what this looks for
            broken += 1
            print(f"FAILS seed {seed}: {type(error).__name__}: {error}", flush=True)
            continue
        total += found
        total[made.run.score.outcome] += 1
        if (seed + 1) % 1000 == 0:
            print(f"{seed + 1 - first} sequences, {broken} broken: {dict(total)}", file=sys.stderr)
    print(f"{count} sequences, {broken} broken: {dict(sorted(total.items()))}")
    return 0 if holds and not broken else 1
