"""Redraw the pictures of docs/rehearsal.md: the instrument in a browser, driven by its own keys.

    python tools/draw_rehearsal.py [rfa] [tf] [exam] [--out DIR]

Needs playwright (extra ``dev``) and the system's chromium. Three rehearsals are played from the
time-out on, each with the seed below: a neurotomy (most pictures), a transforaminal injection (its
contrast) and an exam. ``rehearsal_lab.png``, the instrument in JupyterLab, is not drawn here.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page, async_playwright

from needle_sim.imaging.ultrasound.in_plane import in_plane_pose
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.local_page import LocalPage
from needle_sim.views.front_end.opening import open_console

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE = {"width": 1500, "height": 940}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
SWATCHES = (
    (255, 106, 61), (255, 180, 84), (111, 195, 223), (127, 220, 174), (255, 93, 93),
    (217, 192, 105), (163, 84, 90), (123, 74, 143), (61, 138, 100), (233, 230, 220),
)  # fmt: skip
SHADES = (0.12, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85, 1.0)
STEP_DEG = 2.0  # of a key that turns the C-arm
MOST_ROWS = 55  # of the generator's curve, when its picture is taken


class Desk:
    """A page with the instrument, the console behind it, and where its pictures go."""

    def __init__(self, tab: Page, console: Console, out: Path) -> None:
        self.tab, self.console, self.out = tab, console, out

    async def press(self, *keys: str, then_s: float = 0.5) -> None:
        """Keys, one after the other, and a little patience after each."""
        for key in keys:
            await self.tab.keyboard.press(key)
            await asyncio.sleep(then_s)

    async def save(self, name: str) -> None:
        """A picture of the page with few colours, so that it stays small."""
        whole = Image.open(io.BytesIO(await self.tab.screenshot())).convert("RGB")
        few = whole.quantize(palette=palette(), dither=Image.Dither.NONE)
        few.save(self.out / f"rehearsal_{name}.png", optimize=True)
        print(f"rehearsal_{name}.png")

    async def time_out(self, procedure: str, level: str, side: str, *, save: str = "") -> None:
        """Declare what is ordered."""
        await asyncio.sleep(0.5)
        for value in (procedure, level, side):
            await self.tab.check(f"dialog input[value='{value}']", force=True)
        if save:
            await self.save(save)
        await self.tab.click("text=Confirm time-out")
        await asyncio.sleep(0.5)

    async def aim(self) -> None:
        """Turn the C-arm down the way that the coach has planned."""
        wanted = self.console.coach.depths()["hub_deg"]
        pose = self.console.rehearsal.scope.pose
        now = pose.orbital_deg, pose.tilt_deg
        ways = (("ArrowLeft", "ArrowRight"), ("ArrowUp", "ArrowDown"))
        for to, at, (more, less) in zip(wanted, now, ways, strict=True):
            for _ in range(round(abs(to - at) / STEP_DEG)):
                await self.tab.keyboard.press(more if to > at else less)
        await asyncio.sleep(0.6)

    async def shoot(self, *views: str) -> None:
        """Go to views by their keys and take a picture of each."""
        for key in views:
            await self.press(key)
            await self.press("Space", then_s=2.0)

    async def deep(self, depth_mm: float) -> None:
        """Advance to a depth, slowly at its end, or until bone is felt."""
        hand = self.console.rehearsal.hand
        while hand.depth_mm < depth_mm - 5.5:
            await self.press("PageDown", then_s=0.25)
        while hand.depth_mm < depth_mm - 0.5 and not (hand.felt and hand.felt.bone):
            await self.press("+", then_s=0.25)

    async def until(self, done: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait for something that takes its time."""
        for _ in range(int(seconds / 0.2)):
            await asyncio.sleep(0.2)
            if await done():
                return

    @property
    def danger_mm(self) -> float:
        """The depth from which on nobody advances without the depth view."""
        return float(self.console.rehearsal.book.danger_mm[1])

    @property
    def planned_mm(self) -> float:
        """The depth of the target down the planned way."""
        return float(self.console.coach.depths()["planned_mm"])


async def neurotomy(desk: Desk) -> None:
    """Most pictures: from the time-out to the score."""
    tab = desk.tab
    await desk.time_out("medial-branch-rfa", "L4", "right", save="time_out")
    await desk.save("room")
    await desk.aim()
    await desk.press("Space", then_s=2.0)
    await desk.press("m")
    await desk.save("mark")
    await desk.press("Enter", "i", then_s=1.0)
    await desk.press("Space", then_s=1.5)
    await desk.deep(desk.danger_mm - 3.0)
    await desk.shoot("3")
    await desk.save("lateral")
    await tab.keyboard.down("l")
    await asyncio.sleep(1.0)
    await desk.deep(desk.planned_mm)
    await asyncio.sleep(0.5)
    await desk.save("live")
    await tab.keyboard.up("l")
    await asyncio.sleep(0.5)
    await desk.shoot("1", "2", "3")
    await desk.press("t", "h", then_s=1.0)
    await desk.until(lambda: _hot(desk), 60.0)
    await desk.save("heat")
    await asyncio.to_thread(desk.console.wait)
    await asyncio.sleep(1.0)
    await echo(desk)
    await desk.press("?")
    await desk.save("keys")
    await desk.press("Escape", "f")
    await desk.save("finish")
    await desk.press("Enter", then_s=2.5)
    await desk.save("score")


async def _hot(desk: Desk) -> bool:
    return len(desk.console._heat_rows) > MOST_ROWS


async def echo(desk: Desk) -> None:
    """The probe in the plane of the needle, at a gain that shows it."""
    console = desk.console
    await desk.press("u", then_s=12.0)
    probe = Probe.preset(console.scanner.probe)
    seat = in_plane_pose(console.rehearsal.anatomy, console.rehearsal.hand.placed(), probe=probe)
    console.rehearsal.do("probe", name=console.scanner.probe, matrix=seat.matrix.tolist())
    await desk.tab.click("[data-gain='3']")
    await asyncio.sleep(2.0)
    await desk.save("ultrasound")


async def injection(desk: Desk) -> None:
    """Contrast in the epidural space."""
    tab, console = desk.tab, desk.console
    await desk.time_out("transforaminal-epidural", "L4-L5", "left")
    await tab.select_option("[data-needle]", console.coach.way.needle)
    await asyncio.sleep(0.3)
    await tab.evaluate("document.activeElement.blur()")
    await desk.aim()
    await desk.press("Space", then_s=2.0)
    await desk.press("m")
    x, y = console.coach.overlay(console.monitor.shown)["path"][0]
    for at, (more, less) in ((x, ("ArrowRight", "ArrowLeft")), (y, ("ArrowDown", "ArrowUp"))):
        for _ in range(round(abs(at - 0.5) / 0.01)):
            await tab.keyboard.press(more if at > 0.5 else less)
    await desk.press("Enter", "i", then_s=1.0)
    await desk.deep(desk.danger_mm - 3.0)
    await desk.shoot("3")
    await desk.deep(desk.planned_mm)
    await desk.shoot("1", "3")
    await desk.press("t", "p", "1", then_s=1.0)
    await tab.keyboard.press("c")
    beam = "document.querySelector('.ns').classList.contains('ns-beam')"
    await desk.until(lambda: tab.evaluate(beam), 20.0)
    await asyncio.sleep(3.0)
    await desk.save("contrast")
    await asyncio.sleep(8.0)


async def exam(desk: Desk) -> None:
    """Without a coach."""
    await desk.time_out("interlaminar-epidural", "L4-L5", "right")
    await desk.press(*["ArrowUp"] * 6, then_s=0.1)
    await desk.press("Space", then_s=2.5)
    await desk.press("m", "Enter", "i", then_s=1.0)
    await desk.press("Space", then_s=2.0)
    await desk.press(*["PageDown"] * 8, then_s=0.3)
    await desk.press("t")
    await desk.shoot("2")
    await desk.save("exam")


PLAYS: dict[str, tuple[Callable[[Desk], Awaitable[None]], dict[str, Any]]] = {
    "rfa": (neurotomy, {"seed": 1}),
    "tf": (injection, {"procedure": "transforaminal-epidural", "side": "left", "seed": 3}),
    "exam": (exam, {"procedure": "interlaminar-epidural", "seed": 2, "exam": True}),
}


def palette() -> Image.Image:
    """The greys of pictures and panels, and shades of the instrument's colours."""
    colours = [(g, g, g) for g in range(0, 256, 3)]
    colours += [(max(0, g - 4), g, g + 3) for g in range(6, 60, 2)]
    colours += [(g - 8, g, g + 4) for g in range(60, 250, 8)]
    colours += [tuple(int(part * k) for part in one) for one in SWATCHES for k in SHADES]
    colours = [*colours, *[(0, 0, 0)] * 256][:256]
    found = Image.new("P", (1, 1))
    found.putpalette([part for one in colours for part in one])
    return found


async def play(name: str, out: Path) -> None:
    """One rehearsal in a browser of its own."""
    script, given = PLAYS[name]
    console = open_console(**given)
    page = LocalPage(console)
    await page.start()
    try:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            tab = await browser.new_page(viewport=SIZE)
            await tab.goto(page.address)
            await tab.wait_for_selector("dialog[open]")
            await script(Desk(tab, console, out))
            await browser.close()
    finally:
        await page.stop()


def main() -> None:
    """The plays that are named, or all."""
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("plays", nargs="*", choices=[*PLAYS, []])
    given.add_argument("--out", type=Path, default=OUT)
    asked = given.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.plays or PLAYS:
        asyncio.run(play(name, asked.out))


if __name__ == "__main__":
    main()
