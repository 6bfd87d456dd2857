"""The outcome of a run as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.pair import SLOWER_THAN_RECORDED, Outcome

_HEADS = (
    "module",
    "pair",
    "ratio",
    "least to greatest",
    "ours, ms",
    "reference, ms",
    "accuracy",
    "limit",
    "recorded",
    "",
)


@dataclass(frozen=True)
class Run:
    """Settings, machine and, by module, what its pairs came to."""

    settings: Mapping[str, str]
    machine: Mapping[str, str]
    outcomes: Mapping[str, Sequence[Outcome]]

    @property
    def failed(self) -> list[str]:
        return [
            f"{module}: {one.name}: {said}"
            for module, one in self._all()
            if (said := verdict(one)) != "" and not one.passed
        ]

    def markdown(self) -> str:
        """Settings, machine, table."""
        rows = [_row(module, one) for module, one in self._all()]
        return "\n".join(
            [
                _sentence("Run", self.settings),
                _sentence("Machine", self.machine),
                "",
                _line(_HEADS),
                _line(["---"] * len(_HEADS)),
                *(_line(row) for row in rows),
                "",
            ]
        )

    def json(self) -> str:
        """The same, with every figure in full."""
        pairs = [
            {"module": module, **asdict(one), "passed": one.passed} for module, one in self._all()
        ]
        whole = {
            "revision": 1,
            "settings": dict(self.settings),
            "machine": dict(self.machine),
            "slower_than_recorded": SLOWER_THAN_RECORDED,
            "pairs": pairs,
        }
        return json.dumps(whole, indent=2) + "\n"

    def _all(self) -> Iterable[tuple[str, Outcome]]:
        for module, outcomes in self.outcomes.items():
            for one in outcomes:
                yield module, one


def verdict(one: Outcome) -> str:
    """Why an outcome failed, or what to know of one that passed; mostly nothing."""
    found = []
    if not one.accurate:
        found.append(f"FAILED: accuracy {one.accuracy:.3g} over {one.limit:.3g}")
    if one.most_ratio is not None and one.ratio > one.most_ratio:
        found.append(f"FAILED: ratio {one.ratio:.3g} over the promised {one.most_ratio:.3g}")
    if one.recorded is not None and one.ratio > SLOWER_THAN_RECORDED * one.recorded:
        found.append(
            f"FAILED: ratio {one.ratio:.3g} over {SLOWER_THAN_RECORDED:g} x the recorded "
            f"{one.recorded:.3g}"
        )
    if one.retried:
        found.append("second try")
    return "; ".join(found)


def line(module: str, one: Outcome) -> str:
    """One line for a log."""
    return (
        f"{module}: {one.name}: ratio {one.ratio:.3g} "
        f"({one.ours_ms:.3g} / {one.reference_ms:.3g} ms), accuracy {one.accuracy:.3g} "
        f"of {one.limit:.3g} {verdict(one)}"
    ).rstrip()


def figure(value: float) -> str:
    """Three digits, or whole thousands and more."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _row(module: str, one: Outcome) -> list[str]:
    unit = f" {one.unit}" if one.unit else ""
    return [
        module,
        one.name,
        f"{one.ratio:.3g}",
        f"{one.least_ratio:.3g} to {one.greatest_ratio:.3g}",
        figure(one.ours_ms),
        figure(one.reference_ms),
        f"{one.accuracy:.3g}{unit}",
        f"{one.limit:.3g}{unit}",
        "none" if one.recorded is None else f"{one.recorded:.3g}",
        verdict(one),
    ]


def _sentence(head: str, facts: Mapping[str, str]) -> str:
    return f"{head}: " + "; ".join(f"{name} {value}" for name, value in facts.items()) + ".  "


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
