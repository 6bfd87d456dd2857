"""How the page behaves: wheel, layout, words that wait for the film, ultrasound beside heat."""

from __future__ import annotations

import asyncio
import threading

import pytest

from needle_sim.rehearsal.attempt import Attempt
from tests.rehearsal.driving import FORAMEN, RFA, planned
from tests.views.front_end.browser import Tab, in_lab, on_local_page
from tests.views.front_end.desk import SMALL, Desk, console

pytestmark = [pytest.mark.tool("chromium"), pytest.mark.long]

LAB = """
import needle_sim as ns
ns.rehearse("transforaminal-epidural", side="left", seed=1, exam=True)
"""
_WHEEL = """([x, y, mode]) => {
    const event = new WheelEvent("wheel", { deltaX: x, deltaY: y, deltaMode: mode,
        cancelable: true, bubbles: true });
    document.querySelector("[data-fluoroscopy]").dispatchEvent(event);
    return event.defaultPrevented;
}"""
_BOXES = """() => [...document.querySelectorAll(".ns canvas, .ns button, .ns p")].map((one) => {
    const box = one.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height].map((value) => Math.round(value));
})"""
_LABELS = """() => [...document.querySelectorAll(".ns-knob")].map((knob) => {
    const [less, words, more] = knob.children;
    const range = document.createRange();
    range.selectNodeContents(words);
    const [a, b, c] = [less, range, more].map((one) => one.getBoundingClientRect());
    return [b.left - a.right, c.left - b.right, b.height];
})"""
_IN_SIGHT = """(name) => {
    const box = document.querySelector(name).getBoundingClientRect();
    return [box.top, innerHeight - box.bottom];
}"""


def _at_the_target(made) -> None:
    """By messages, as far as the planned depth; the C-arm where the needle went in."""
    desk = Desk(made)
    desk("collimate", **SMALL)
    desk.to_the_skin()
    depth = planned(made.rehearsal.recipe.name)[0].trajectory.depth_mm
    desk("push", mm=depth - made.rehearsal.hand.depth_mm)
    desk("stylet", inside=False)


def _in_the_skin(made) -> None:
    """20 mm in, for a page that has declared already."""
    desk = Desk(made)
    placed, name = planned(RFA)
    desk("needle", name=name)
    desk("mark", point_mm=placed.trajectory.entry_mm.tolist())
    desk("insert")
    desk("push", mm=20.0)


def _on_page(made, work) -> None:
    on_local_page(made, work, begun=made.rehearsal.declared is not None)


def test_the_wheel_is_a_millimetre_for_100_px_or_3_lines():
    made = console(RFA)

    async def work(tab: Tab) -> None:
        async def turned(*moves: tuple[float, float, int]) -> list[bool]:
            taken = [await tab.page.evaluate(_WHEEL, list(move)) for move in moves]
            await asyncio.sleep(0.3)
            return taken

        hand = made.rehearsal.hand
        await tab.time_out(RFA, "L4", "right")
        assert await turned((0, -100, 0)) == [False]  # no needle: the page scrolls
        assert await tab.status() == "Declared: Lumbar medial branch RF neurotomy, right L4"
        _in_the_skin(made)
        await tab.press("Shift+ArrowUp")  # the page hears of the needle
        start = hand.depth_mm
        assert await turned(*[(0, -30, 0)] * 4) == [True] * 4
        assert hand.depth_mm == pytest.approx(start + 1.0)  # 120 px, 20 are kept
        await turned((0, -80, 0), (0, -3, 1))
        assert hand.depth_mm == pytest.approx(start + 3.0)
        assert await turned((-300, -10, 0), (300, 0, 0)) == [False, False]  # sideways is nothing
        assert hand.depth_mm == pytest.approx(start + 3.0)
        await turned((0, 300, 0))
        assert hand.depth_mm == pytest.approx(start)
        await tab.page.set_viewport_size({"width": 800, "height": 1000})
        await asyncio.sleep(0.3)
        await tab.page.evaluate("() => document.activeElement.blur()")
        assert await turned((0, -100, 0)) == [False]  # a narrow page scrolls
        await tab.page.focus("[data-fluoroscopy]")
        assert await turned((0, -100, 0)) == [True]  # unless the picture was chosen
        assert hand.depth_mm == pytest.approx(start + 1.0)

    _on_page(made, work)


def test_narrow_and_wide_again_is_as_wide_as_ever_and_labels_are_free():
    made = console(RFA)

    async def work(tab: Tab) -> None:
        page = tab.page
        await tab.time_out(RFA, "L4", "right")
        fresh = await page.evaluate(_BOXES)
        gaps = await page.evaluate(_LABELS)
        assert min(min(gap[:2]) for gap in gaps) >= 4.0  # px between a label and its buttons
        await page.set_viewport_size({"width": 800, "height": 1000})
        await asyncio.sleep(0.4)
        for down in (0, 500, 5000):  # the status line is always in sight
            await page.evaluate("(y) => document.querySelector('.ns').scrollTo(0, y)", down)
            top, below = await page.evaluate(_IN_SIGHT, ".ns-status")
            assert top > 700
            assert 0 <= below < 20
        await page.set_viewport_size({"width": 1500, "height": 940})
        await asyncio.sleep(0.4)
        assert await page.evaluate(_BOXES) == fresh
        await page.set_viewport_size({"width": 1024, "height": 768})
        await asyncio.sleep(0.4)
        gaps = await page.evaluate(_LABELS)
        assert min(min(gap[:2]) for gap in gaps) >= 4.0
        assert min(gap[2] for gap in gaps) >= 8.5  # px a line: letters that can be read

    _on_page(made, work)


def test_what_contrast_shows_is_said_after_its_film():
    made = console(FORAMEN)
    _at_the_target(made)
    said = []

    async def work(tab: Tab) -> None:
        await tab.page.select_option("[data-contrast] [name=mode]", "live")
        asked = await tab.page.inner_text("[data-next]")
        await tab.press("c")
        await tab.page.wait_for_selector(".ns-beam")
        while await tab.page.locator(".ns-beam").count():
            said.append((await tab.status(), await tab.page.inner_text("[data-next]")))
            await asyncio.sleep(0.2)
        assert len(said) > 5
        during = set(said[:-1])  # the film may end between the look and the words
        assert during == {("Injecting …", asked)}
        await tab.until("1 mL contrast, live: ", 5)

    _on_page(made, work)


def test_ultrasound_that_heat_put_off_is_asked_for_again(monkeypatch):
    go_on = threading.Event()

    def slow(attempt, placed, *, watch):
        watch({"time_s": 2.0, "set_c": 80.0, "sensor_c": 60.0, "power_w": 3.0, "impedance_ohm": 99})
        assert go_on.wait(60)
        return None, None, {}

    monkeypatch.setattr(Attempt, "heat", slow)
    made = console(RFA)
    _at_the_target(made)
    label = "() => document.querySelector('[data-sonogram]').getAttribute('aria-label')"

    async def work(tab: Tab) -> None:
        await tab.press("u")
        await tab.press("h")
        await tab.until("The generator heats")
        assert await tab.page.evaluate(label) == "Ultrasound: starting up"
        await asyncio.sleep(1.0)  # a look was due by now
        assert await tab.status() == "The generator heats"
        go_on.set()
        await tab.until("ultrasound machine is ready", 60)
        assert "CRANIAL on the left" in await tab.page.evaluate(label)
        assert "11 cm deep" in await tab.page.evaluate(label)
        await tab.press("o")
        assert await tab.page.evaluate(label) == "Ultrasound: probe off"

    _on_page(made, work)


def test_refused_heat_stays_on_the_status_line():
    made = console(RFA)

    async def work(tab: Tab) -> None:
        await tab.time_out(RFA, "L4", "right")
        await tab.press("h")
        await asyncio.sleep(0.5)
        assert (await tab.status()).startswith("No needle is in the patient")
        assert await tab.page.get_attribute("[data-status]", "data-kind") == "alarm"

    _on_page(made, work)


def test_in_a_narrow_notebook_time_out_and_status_line_are_in_sight(tmp_path):
    async def work(tab: Tab) -> None:
        page = tab.page
        for name in ("dialog.ns-timeout", ".ns-status"):
            top, below = await page.evaluate(_IN_SIGHT, name)
            assert top >= 0
            assert below >= 0
        assert not await page.evaluate(_WHEEL, [0, -100, 0])  # the notebook scrolls

    in_lab(tmp_path, LAB, work, size={"width": 1100, "height": 800})
