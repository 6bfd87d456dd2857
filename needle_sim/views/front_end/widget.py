"""`Instrument`: the instrument as a notebook widget, over the messages of anywidget."""

from __future__ import annotations

import asyncio
from typing import Any

import anywidget

from needle_sim.rehearsal.rehearsal import Rehearsal
from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.local_page import answer, asset
from needle_sim.views.front_end.reply import Reply


class Instrument(anywidget.AnyWidget):
    """One console in a notebook.

    Parameters
    ----------
    console : Console
    """

    _esm = asset("instrument.js")
    _css = asset("instrument.css")

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._kernel_loop = _running()
        console.listener = self._pushed
        self.on_msg(self._received)

    @property
    def rehearsal(self) -> Rehearsal:
        """The attempt behind the widget."""
        return self._console.rehearsal

    def _received(self, widget: Any, content: Any, buffers: Any) -> None:
        answer(self._console, content, self._answer_with)

    def _pushed(self, reply: Reply) -> None:
        """From the thread that heats, in the kernel's own loop where there is one."""
        if self._kernel_loop is None or self._kernel_loop.is_closed():
            self._answer_with(reply)
        else:
            self._kernel_loop.call_soon_threadsafe(self._answer_with, reply)

    def _answer_with(self, reply: Reply) -> None:
        self.send(reply.message(), reply.buffers())


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
