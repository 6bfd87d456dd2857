"""A page in Chromium, driven by mouse and keyboard alone, and JupyterLab beside it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.async_api import Page, async_playwright

from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.local_page import LocalPage

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
_GREY = "document.querySelector('[data-fluoroscopy]').toDataURL('image/png')"


class Tab:
    """A page with the instrument, and the console behind it where it is in this process."""

    def __init__(self, page: Page, console: Console | None = None) -> None:
        self.page, self.console = page, console
        self.faults: list[str] = []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))

    async def press(self, key: str, times: int = 1) -> str:
        """A key, and what the status line says then."""
        for _ in range(times):
            await self.page.keyboard.press(key)
            await asyncio.sleep(0.03)
        await asyncio.sleep(0.15)
        return await self.status()

    async def status(self) -> str:
        """What is announced."""
        return await self.page.inner_text(".ns [role=status]")

    async def until(self, words: str, seconds: float = 30.0) -> None:
        """Until the status line holds some words."""
        await self.page.wait_for_function(
            "(words) => document.querySelector('.ns [role=status]').textContent.includes(words)",
            arg=words, timeout=1000 * seconds,
        )  # fmt: skip

    async def time_out(self, procedure: str, level: str, side: str) -> None:
        """Declare by keyboard and mouse."""
        for value in (procedure, level, side):
            await self.page.check(f"dialog input[value='{value}']", force=True)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("dialog.ns-timeout[open]", state="hidden")

    async def grey(self) -> np.ndarray:
        """What the fluoroscopy monitor shows, (R, C) uint8."""
        data = (await self.page.evaluate(_GREY)).partition(",")[2]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))[..., 0]

    async def field(self) -> tuple[int, int, int]:
        """Left, top and side of the whole picture on the canvas, pixels."""
        box = await self.page.evaluate(
            """() => { const c = document.querySelector("[data-fluoroscopy]");
                const { clientHeight: h, clientWidth: w } = c;
                const r = c.width / w, s = Math.min(h - 16, w - 132);
                return [8 * r, (h - s) / 2 * r, s * r]; }"""
        )
        left, top, side = box
        return round(left), round(top), round(side)


WIDE = {"width": 1500, "height": 940}


@asynccontextmanager
async def chromium(size: dict[str, int]) -> AsyncIterator[Page]:
    """A fresh profile of the system's browser."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield await browser.new_page(viewport=size)
        finally:
            await browser.close()


def on_local_page(
    console: Console, work: Callable[[Tab], Awaitable[Any]], *, begun: bool = False
) -> Any:
    """Serve a console, open it, and work on it; a fault of the page's script ends the test.

    Of one that has ``begun`` the time-out is over.
    """

    async def run() -> Any:
        server = LocalPage(console)
        await server.start()
        try:
            async with chromium(WIDE) as page:
                tab = Tab(page, console)
                await page.goto(server.address)
                if begun:
                    await tab.until("Ready.")
                else:
                    await page.wait_for_selector("dialog.ns-timeout[open]")
                found = await work(tab)
                assert tab.faults == []
                return found
        finally:
            await server.stop()
            await asyncio.sleep(0.1)

    return asyncio.run(run())


def in_lab(
    folder: Path,
    source: str,
    work: Callable[[Tab], Awaitable[Any]],
    *,
    size: dict[str, int] = WIDE,
) -> Any:
    """Run a cell in JupyterLab and work on the widget below it."""
    cell = {
        "cell_type": "code", "id": "one", "execution_count": None, "metadata": {}, "outputs": [],
        "source": source,
    }  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "rehearsal.ipynb").write_text(json.dumps(book), encoding="utf-8")
    token, port = secrets.token_hex(12), _free_port()
    homes = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.token={token}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ]  # fmt: skip
    root = str(Path(__file__).resolve().parents[3])
    env = {**os.environ, **homes, "PYTHONPATH": root, "PYTHONWARNINGS": ""}
    with (folder / "lab.log").open("w") as log:
        lab = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}/lab/tree/rehearsal.ipynb?token={token}"
            return asyncio.run(_in_lab(address, port, work, size))
        finally:
            lab.terminate()
            lab.wait(timeout=30)


async def _in_lab(
    address: str, port: int, work: Callable[[Tab], Awaitable[Any]], size: dict[str, int]
) -> Any:
    for _ in range(150):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        await asyncio.sleep(0.2)
    async with chromium(size) as page:
        await page.goto(address)
        await page.wait_for_selector(
            ".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000
        )
        prompt = "[ ]:"
        while prompt.strip() == "[ ]:":  # a key before the kernel listens is lost
            if await page.locator("dialog.jp-Dialog").count():  # Lab asks something of its own
                await page.keyboard.press("Enter")
                await asyncio.sleep(0.5)
            await page.click(".jp-CodeCell .cm-content", timeout=10_000)
            await page.keyboard.press("Control+Enter")
            await asyncio.sleep(1.5)
            prompt = await page.inner_text(".jp-CodeCell .jp-InputPrompt")
        await page.wait_for_selector("dialog.ns-timeout[open]", timeout=90_000)
        tab = Tab(page)
        found = await work(tab)
        assert tab.faults == []
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
