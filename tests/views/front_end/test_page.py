"""The instrument in a browser, by mouse and keyboard, to the score; what is seen is asserted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from needle_sim.imaging.xray.carm import project_points
from needle_sim.views.display import Display
from needle_sim.views.front_end.monitor import on_screen
from tests.rehearsal.driving import FORAMEN, RFA, planned
from tests.views.front_end.browser import Tab, in_lab, on_local_page
from tests.views.front_end.desk import console

pytestmark = [pytest.mark.tool("chromium"), pytest.mark.long]

LAB = """
import needle_sim as ns
ns.rehearse("transforaminal-epidural", side="left", seed=1, exam=True)
"""


async def _aim(tab: Tab) -> None:
    """Turn the C-arm down the planned way by arrow keys, as near as 2 degrees."""
    orbital, tilt = tab.console.coach.depths()["hub_deg"]
    now = tab.console.rehearsal.scope.pose
    sideways, up = orbital - now.orbital_deg, tilt - now.tilt_deg
    await tab.press("ArrowLeft" if sideways > 0 else "ArrowRight", round(abs(sideways) / 2))
    await tab.press("ArrowUp" if up > 0 else "ArrowDown", round(abs(up) / 2))


async def _click(tab: Tab, x: float, y: float) -> None:
    """On the picture, x and y as shares of it."""
    box = await tab.page.locator("[data-fluoroscopy]").bounding_box()
    left, top, side = await tab.field()
    size = await tab.page.evaluate("document.querySelector('[data-fluoroscopy]').width")
    unit = box["width"] / size
    await tab.page.mouse.click(
        box["x"] + (left + x * side) * unit, box["y"] + (top + y * side) * unit
    )


async def _advance_to(tab: Tab, depth_mm: float) -> None:
    hand = tab.console.rehearsal.hand
    await tab.press("PageDown", int((depth_mm - hand.depth_mm) // 5))
    await tab.press("+", round(depth_mm - hand.depth_mm))


async def _in(tab: Tab) -> None:
    """Mark over the planned entry by mouse and insert by key."""
    placed = planned(tab.console.rehearsal.recipe.name)[0]
    await tab.press(" ")
    await tab.until("Ipsilateral oblique")
    shown = tab.console.monitor.shown
    x, y = on_screen(shown, placed.trajectory.entry_mm)
    await tab.press("m")
    await _click(tab, float(x), float(y))
    await tab.until("Skin marked")
    await tab.press("i")
    await tab.until("needle through the skin")


async def _picture(tab: Tab, key: str, words: str) -> None:
    await tab.press(key)
    shots = tab.console.rehearsal.exposures
    await tab.press(" ")
    await tab.page.wait_for_function(
        "(n) => Number(document.querySelector('[data-shots]').textContent) > n", arg=shots
    )
    await tab.until(words)


async def _along_needle(tab: Tab) -> tuple[float, float]:
    """Mean grey on the projected needle and beside it, on the screen."""
    made = tab.console.rehearsal.picture
    display = Display.for_prone(made)
    tip = tab.console.rehearsal.hand.tip_mm
    axis = tab.console.rehearsal.hand.axis
    points = tip - np.linspace(3.0, 30.0, 40)[:, None] * axis
    at = display.place(project_points(made.carm, points)) / made.carm.shape[0]
    left, top, side = await tab.field()
    grey = (await tab.grey()).astype(float)
    along = at[-1] - at[0]
    off = 0.02 * np.array([-along[1], along[0]]) / np.linalg.norm(along)

    def mean(shift: np.ndarray) -> float:
        x, y = (np.rint([left, top] + side * (at + shift)).astype(int)).T
        return float(np.median(grey[y, x]))

    return mean(np.zeros(2)), 0.5 * (mean(off) + mean(-off))


async def _marker_side(tab: Tab) -> float:
    """Where the letter lies in the upper band of the picture, 0 left to 1 right: it is the largest
    black spot there."""
    left, top, side = await tab.field()
    band = (await tab.grey())[top + int(0.06 * side) : top + int(0.14 * side), left : left + side]
    dark = (band < 14)[:, int(0.03 * side) : int(0.97 * side)]
    spots, count = ndimage.label(dark)
    letter = 1 + np.argmax(ndimage.sum_labels(dark, spots, range(1, count + 1)))
    return float(ndimage.center_of_mass(spots == letter)[1] / dark.shape[1])


def test_a_whole_medial_branch_rfa_to_its_score():
    made = console(RFA)

    async def work(tab: Tab) -> None:
        await tab.time_out(RFA, "L4", "right")
        await _aim(tab)
        await _in(tab)
        assert await _marker_side(tab) > 0.8  # R, on the patient's right
        await _advance_to(tab, 60.0)
        await _picture(tab, "3", "Lateral")
        on, beside = await _along_needle(tab)
        assert on < beside - 20  # steel is where the needle is
        held = await tab.grey()
        await tab.press("+", 3)
        assert np.array_equal(held, await tab.grey())  # the last image hold does not move
        await tab.page.keyboard.down("l")
        await tab.until("ive fluoroscopy")
        await tab.page.mouse.move(300, 300)
        for _ in range(4):
            await tab.page.mouse.wheel(0, -100)
            await tab.press("Shift")
        await tab.page.keyboard.up("l")
        await tab.until("Live fluoroscopy,")
        assert not np.array_equal(held, await tab.grey())
        await _advance_to(tab, tab.console.coach.depths()["planned_mm"])
        for key, words in (("1", "AP"), ("2", "Ipsilateral"), ("3", "Lateral")):
            await _picture(tab, key, words)
        await tab.press("t")
        await tab.press("h")
        await tab.until("Heated", 90)
        assert (await tab.page.inner_text("[data-temp]")).strip() == "80"
        await tab.press("f")
        await tab.page.keyboard.press("Enter")
        await tab.page.wait_for_selector("dialog.ns-verdict[open]")
        shown = await tab.page.inner_text("dialog.ns-verdict")
        assert shown.startswith(f"{int(made.rehearsal.score.total)} of 100")
        assert "✓" in shown
        assert await tab.page.get_attribute("dialog.ns-verdict a", "href")

    on_local_page(made, work)
    assert made.rehearsal.score.total > 60
    assert made.rehearsal.score.failed == ()


def test_a_whole_transforaminal_injection_to_its_score_by_keys_alone():
    made = console(FORAMEN, side="right")

    async def work(tab: Tab) -> None:
        page = tab.page
        for _ in range(3):  # the last of the procedures, by arrows
            await page.keyboard.press("ArrowDown")
        for key in ("Tab", *4 * ["ArrowDown"], "Tab", "ArrowDown", "Enter"):
            await page.keyboard.press(key)
        await page.wait_for_selector("dialog.ns-timeout[open]", state="hidden")
        assert made.rehearsal.declared == "right L4-L5"
        assert made.rehearsal.needle_name == made.coach.depths()["needle"]
        await _aim(tab)
        await tab.press(" ")
        await tab.until("Ipsilateral oblique")
        await tab.press("m")
        x, y = made.coach.overlay(made.monitor.shown)["path"][0]
        await tab.press("ArrowRight" if x > 0.5 else "ArrowLeft", round(abs(x - 0.5) / 0.01))
        await tab.press("ArrowDown" if y > 0.5 else "ArrowUp", round(abs(y - 0.5) / 0.01))
        await tab.press("Enter")
        await tab.until("Skin marked")
        await tab.press("i")
        await tab.until("through the skin")
        danger, deep = made.rehearsal.book.danger_mm[1], made.coach.depths()["planned_mm"]
        await _advance_to(tab, danger - 3.0)
        await _picture(tab, "3", "Lateral")
        await _advance_to(tab, deep)
        await _picture(tab, "1", "AP")
        on, beside = await _along_needle(tab)
        assert on < beside - 20  # steel is where the needle is
        assert await _marker_side(tab) > 0.8
        await _picture(tab, "3", "Lateral")
        await tab.press("t")
        await tab.press("p")
        await tab.until("spiration")
        await tab.press("1")
        bare = await tab.grey()
        await tab.press("c")
        await tab.until("mL contrast", 60)
        await page.wait_for_function("() => !document.querySelector('.ns-beam')", timeout=30_000)
        assert not np.array_equal(bare, await tab.grey())
        await tab.press("j")
        await tab.until("injected")
        await tab.press("f")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("dialog.ns-verdict[open]")
        assert made.rehearsal.outcome == "finished"
        shown = await page.inner_text("dialog.ns-verdict h2")
        assert shown == f"{int(made.rehearsal.score.total)} of 100"

    on_local_page(made, work)
    assert made.rehearsal.score.total > 60
    assert made.rehearsal.score.failed == ()
    events = [event.do for event in made.rehearsal.run.record.events]
    assert {"insert", "advance", "view", "aspirate", "contrast", "inject"} <= set(events)


def test_a_short_rehearsal_in_jupyterlab(tmp_path):
    async def work(tab: Tab) -> None:
        await tab.time_out(FORAMEN, "L4-L5", "left")
        await tab.press("1")
        await tab.press(" ")
        await tab.until("AP")
        assert await _marker_side(tab) > 0.8
        assert (await tab.grey()).std() > 40
        await tab.press("f")
        await tab.page.fill("dialog.ns-ending input", "enough for today")
        await tab.page.click("dialog.ns-ending button:has-text('Give up')")
        await tab.page.wait_for_selector("dialog.ns-verdict[open]")
        shown = await tab.page.inner_text("dialog.ns-verdict")
        assert "enough for today" in shown.lower() or "not scored" in shown.lower()

    in_lab(tmp_path, LAB, work)
