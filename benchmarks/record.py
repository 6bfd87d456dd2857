"""`Record`: the ratios that a run is compared with, kept in ``recorded.json``.

Ratios of two sides in one run hardly depend on the machine, so that they can be kept in the
checkout where times cannot. They hold for one thread and CPU time alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pair import Outcome, Size

PATH = Path(__file__).parent / "recorded.json"
_DIGITS = 3

Ratios = Mapping[str, Mapping[str, Mapping[str, float]]]  # size, module, pair


@dataclass(frozen=True)
class Record:
    """Ratios of ours over the reference by size, module and pair."""

    ratios: Ratios

    @classmethod
    def read(cls, path: Path | None = None) -> Record:
        """What is on record; nothing where there is no file."""
        path = path or PATH
        if not path.exists():
            return cls({})
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def of(self, size: Size, module: str, name: str) -> float | None:
        """The ratio of a pair, if there is one."""
        return self.ratios.get(size.name, {}).get(module, {}).get(name)

    def with_module(self, size: Size, module: str, outcomes: Iterable[Outcome]) -> Record:
        """The record with one module at one size replaced; pairs that are gone leave it."""
        found = {one.name: _rounded(one.ratio) for one in outcomes}
        sizes = {name: dict(modules) for name, modules in self.ratios.items()}
        sizes.setdefault(size.name, {})[module] = found
        return Record(sizes)

    def write(self, path: Path | None = None) -> None:
        """Sorted, one pair a line."""
        text = json.dumps(self.ratios, indent=2, sort_keys=True)
        (path or PATH).write_text(text + "\n", encoding="utf-8")


def _rounded(ratio: float) -> float:
    return float(f"{ratio:.{_DIGITS}g}")
