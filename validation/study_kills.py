"""A study killed at random moments and started again gives the same bytes.

A child runs a study of random walks and is killed with SIGKILL after a random number of parts and a
random time; the study is then started again in the same folder, and its table compared with that of
an undisturbed run.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import needle_sim as ns
from needle_sim.progress import Progress, silent

KILLS = 20
SAMPLES = 1200
STEPS = 4000
_SEED = 20
_LONGEST_S = 300.0
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Row:
    """One kill: parts that were there by then, files being written, samples left, and the end."""

    parts: int
    unfinished: int
    samples_left: int
    same: bool


def walk(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """Where a random walk ends, and whether it came back; a few milliseconds each."""
    rows = []
    for sample in samples:
        steps = sample.rng().normal(scale=sample.parameters["step_mm"], size=(settings["steps"], 3))
        away = ((steps.cumsum(axis=0)) ** 2).sum(axis=1) ** 0.5
        time.sleep(0.002)
        rows.append({"end_mm": float(away[-1]), "back": bool((away[100:] < 1.0).any())})
    return rows


def studied(folder: Path, progress: Progress = silent) -> ns.StudyResult:
    """The study, in a folder."""
    steps = {"step_mm": [0.1, 0.5, 1.0]}
    return ns.run_study(
        walk, steps, seeds=SAMPLES // 3, out=folder, threads=1, settings={"steps": STEPS},
        progress=progress,
    )  # fmt: skip


def rows(kills: int, folder: Path) -> Iterator[Row]:
    """Kill so many studies, each at a moment of its own, and finish them."""
    calm = folder / "calm"
    child(calm).wait(_LONGEST_S)
    expected, most = (calm / "table.parquet").read_bytes(), _parts(calm)
    moments = random.Random(_SEED)
    for number in range(kills):
        hurt = folder / f"killed{number}"
        process = child(hurt)
        wanted, then_s = moments.randrange(max(1, most - 2)), moments.uniform(0.0, 0.4)
        while _parts(hurt) < wanted and process.poll() is None:
            time.sleep(0.002)
        time.sleep(then_s)
        process.send_signal(signal.SIGKILL)
        process.wait(_LONGEST_S)
        parts = _parts(hurt)
        unfinished = len(list(hurt.rglob("*.unfinished")))
        left = _left_after(hurt)
        same = (hurt / "table.parquet").read_bytes() == expected
        yield Row(parts, unfinished, left, same)


def _parts(folder: Path) -> int:
    return len(list(folder.glob("parts/part-*.parquet")))


def _left_after(folder: Path) -> int:
    """Finish a study; how many samples it still had to do."""
    left: list[int] = []
    studied(folder, progress=lambda done, total: left.append(total - done))
    return left[0]


def child(folder: Path) -> subprocess.Popen[bytes]:
    """A process that runs the study."""
    words = "from pathlib import Path; import sys; from validation.study_kills import studied; "
    program = f"{words}studied(Path(sys.argv[1]))"
    return subprocess.Popen([sys.executable, "-c", program, str(folder)], cwd=_ROOT)


def main(arguments: list[str]) -> int:
    """Print a line a kill (20); 1 when a table differs or nothing was ever there to go on with."""
    kills = int(arguments[0]) if arguments else KILLS
    print("parts kept  unfinished  samples left  same bytes")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(kills, Path(folder)):
            found.append(row)
            print(
                f"{row.parts:10d}  {row.unfinished:10d}  {row.samples_left:12d}  "
                f"{'yes' if row.same else 'NO'}",
                flush=True,
            )
    amid = sum(0 < row.samples_left < SAMPLES for row in found)
    print(f"{sum(row.same for row in found)} of {kills} the same, {amid} killed amid their work")
    return 0 if all(row.same for row in found) and amid else 1
