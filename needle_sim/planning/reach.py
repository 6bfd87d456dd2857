"""How deep a needle may go: never to its hub."""

from __future__ import annotations

from functools import cache

from needle_sim import presets
from needle_sim.instruments.needle import Needle


@cache
def hub_reserve_mm() -> float:
    """What of a needle stays outside of the skin at least, mm (``planning.toml``)."""
    table = presets.table("planning", "needle")
    presets.numbers(table, "planning.toml: needle.")
    return float(presets.plain(table)["hub_reserve_mm"])


def reach_mm(needle: Needle) -> float:
    """The deepest that a needle is planned to go, mm under the skin."""
    return max(0.0, needle.length_mm - hub_reserve_mm())
