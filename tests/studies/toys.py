"""Small tasks that workers can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any


def dice(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """A few numbers of each sample's own; what is unknown at every third one is None."""
    rows = []
    for sample in samples:
        rng = sample.rng()
        total = int(rng.integers(1, 7, size=settings.get("dice", 2)).sum())
        row: dict[str, Any] = {"total": total, "even": total % 2 == 0, "length_mm": rng.normal()}
        if sample.index % 3:
            row["rare"] = float(rng.random())
        rows.append(row)
    return rows


def slow_dice(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """The same, a few milliseconds each."""
    time.sleep(settings["each_s"] * len(samples))
    return dice(samples, settings)


def clumsy(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """Stumbles over some samples."""
    for sample in samples:
        if sample.index in settings["bad"]:
            raise RuntimeError(f"stumbled over {sample.index}")
    return dice(samples, settings)


def deadly(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """Takes the worker's process down with some samples."""
    if any(sample.index in settings["deadly"] for sample in samples):
        os.kill(os.getpid(), signal.SIGKILL)
    return dice(samples, settings)


def deadly_once(samples: Any, settings: Any) -> list[dict[str, Any]]:
    """Takes a process down the first time, as a machine that goes away does."""
    try:
        Path(settings["mark"]).touch(exist_ok=False)
    except FileExistsError:
        return dice(samples, settings)
    os.kill(os.getpid(), signal.SIGKILL)
    return []
