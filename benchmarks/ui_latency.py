"""Event to drawn picture in a headless Chromium: ``python -m benchmarks.ui_latency``.

Keys go to the page as a hand would hold them; the page measures from the event to the picture on
its canvas, and from the key let go to the whole picture. Figures depend on the machine: they are
printed, and no test asks for them; ``--bounds`` ends with 1 where one is over what is promised
for two idle processors. With ``--ct DIR --labels FILE`` the patient is a CT, else the
phantom; ``--lab`` measures in JupyterLab.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from needle_sim.views.front_end.opening import open_console
from tests.views.front_end.browser import Tab, in_lab, on_local_page

_WATCH = """() => { window.nsDrawn = []; const root = document.querySelector(".ns");
  let stop = 0;
  window.addEventListener("keyup", () => { stop = performance.now(); }, true);
  root.addEventListener("ns-drawn", (event) =>
    window.nsDrawn.push({ ...event.detail, after_stop_ms: performance.now() - stop })); }"""
_ON_PAGE = {"needle": 50.0, "C-arm": 80.0, "whole picture after the stop": 150.0}  # ms, p95
_IN_LAB = {"needle": 80.0, "C-arm": 120.0}
_RUN = 10  # events of a held key
_WAYS = ("Right", "Up", "Left", "Left", "Down", "Down", "Right", "Right", "Right", "Up")
_ROUND = [f"Arrow{way}" for way in _WAYS]
_CELL = """
import needle_sim as ns
patient = dict({patient})
ns.rehearse("medial-branch-rfa", seed=1, exam=True, **patient)
"""
_CT = (
    "anatomy=ns.anatomy_from_ct((ct := ns.load_series({ct!r})), "
    "ns.load_labels({labels!r}, grid=ct), vertebrae=('L2',)), level='L1'"
)


async def measured(tab: Tab, level: str, events: int) -> dict[str, Any]:
    """Latencies of a moving needle and of a turning C-arm under live, ms."""
    page = tab.page
    await tab.time_out("medial-branch-rfa", level, "right")
    await tab.press("ArrowRight", 8)
    await tab.press(" ")
    await asyncio.sleep(3)
    await tab.press("m")
    await tab.press("Enter")
    await asyncio.sleep(1)
    await tab.press("i")
    await page.evaluate(_WATCH)
    await page.keyboard.down("l")
    await asyncio.sleep(1.5)
    found = {}
    moves = {  # keys of each run; the C-arm never comes back to a pose
        "needle": ("push", "+-", 0.16),
        "C-arm": ("turn", _ROUND, 0.04),  # as fast as a held key repeats
    }
    for name, (do, keys, pause_s) in moves.items():
        await page.evaluate("window.nsDrawn.length = 0")
        for run in range(events // _RUN):
            key = keys[run % len(keys)]
            for _ in range(_RUN):
                await page.keyboard.down(key)
                await asyncio.sleep(pause_s)
            await page.keyboard.up(key)
            await asyncio.sleep(0.6)  # it stops: the whole picture follows
        drawn = await page.evaluate("window.nsDrawn")
        found[name] = [one["ms"] for one in drawn if one["kind"] == do]
        if do == "turn":
            found["whole picture after the stop"] = [
                one["after_stop_ms"] for one in drawn if one["kind"] == "frame"
            ]
    await page.keyboard.up("l")
    return found


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct")
    parser.add_argument("--labels")
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--lab", action="store_true")
    parser.add_argument("--bounds", action="store_true", help="exit 1 where a bound is not kept")
    given = parser.parse_args()
    level = "L1" if given.ct else "L4"

    async def work(tab: Tab) -> dict[str, Any]:
        return await measured(tab, level, given.events)

    if given.lab:
        patient = _CT.format(ct=given.ct, labels=given.labels) if given.ct else ""
        with tempfile.TemporaryDirectory() as folder:
            found = in_lab(Path(folder), _CELL.format(patient=patient), work)
    else:
        found = on_local_page(open_console(exam=True, seed=1, level=level, **_patient(given)), work)
    rows = {name: _row(values) for name, values in found.items()}
    print(json.dumps(rows, indent=2))
    over = [
        f"{name}: p95 of {rows[name]['p95_ms']:g} ms is over {most:g}"
        for name, most in (_IN_LAB if given.lab else _ON_PAGE).items()
        if rows[name]["p95_ms"] > most
    ]
    print("\n".join(over), file=sys.stderr)
    return 1 if over and given.bounds else 0


def _patient(given: argparse.Namespace) -> dict[str, Any]:
    from needle_sim import load_labels, load_series

    if given.ct is None:
        return {}
    ct = load_series(given.ct)
    return {"ct": ct, "labels": load_labels(given.labels, grid=ct)}


def _row(values: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, [50, 95])
    return {"pictures": len(values), "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


if __name__ == "__main__":
    sys.exit(main())
