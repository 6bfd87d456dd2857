"""The instrument on a page of this computer: 127.0.0.1 alone, a token in the address, a websocket.

Nobody else's page can reach it: the token is random, Host and Origin must be our own, and nothing
is loaded from elsewhere.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from needle_sim.errors import InputError, NeedleSimError
from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.reply import Reply

HOST = "127.0.0.1"
_MOST_MESSAGE = 64_000
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "instrument.js": ("instrument.js", "text/javascript; charset=utf-8"),
    "instrument.css": ("instrument.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_OURS = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REPORT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


_log = logging.getLogger(__name__)


def asset(name: str) -> str:
    """Text of a file that is served beside this module."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def answer(console: Console, message: Any, form: Callable[[Reply], Any]) -> Any:
    """What `Console.handle` says, in a carrier's form.

    A fault of ours is logged and said: the page, which waits for an answer, goes on.
    """
    try:
        return form(console.handle(message))
    except Exception as error:
        _log.exception("a message from the page failed")
        number = message.get("n") if isinstance(message, dict) else None
        said = f"this failed by a fault of ours, {type(error).__name__}: the log has the details"
        return form(Reply({"n": number if isinstance(number, int) else None, "error": said}))


def _listening(port: int) -> socket.socket:
    """A socket of this computer alone."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.bind((HOST, port))
        made.listen(16)
    except OSError as error:
        made.close()
        raise InputError(
            f"port {port} of {HOST} cannot be used: {error.strerror}; give another with --port, "
            "or 0 for any"
        ) from error
    return made


class LocalPage:
    """A server for one console.

    Parameters
    ----------
    console : Console
    port : int
        0 takes any free one.

    Raises
    ------
    InputError
        The port is taken.
    """

    def __init__(self, console: Console, *, port: int = 0) -> None:
        self.console = console
        self.token = secrets.token_urlsafe(24)
        self.work = ThreadPoolExecutor(1, thread_name_prefix="console")
        self.socket: _Socket | None = None
        self._asked = port
        self.port = 0
        self._server: HTTPServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> str:
        """Where the page is, token included."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    async def start(self) -> None:
        """Listen; `address` is known afterwards."""
        listening = _listening(self._asked)
        self.port = listening.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self.console.listener = self._pushed
        routes: list[Any] = [
            (r"/([^/]+)/socket", _Socket, {"page": self}),
            (r"/([^/]+)/report", _Report, {"page": self}),
            (r"/([^/]+)/((?:instrument|page)\.(?:js|css)|)", _File, {"page": self}),
        ]
        web = Application(routes, websocket_max_message_size=_MOST_MESSAGE)
        self._server = HTTPServer(web)
        self._server.add_sockets([listening])

    async def stop(self) -> None:
        """Close what is open."""
        if self.socket is not None:
            self.socket.close(1001, "the server stops")
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
        self.work.shutdown(wait=True)

    def ours(self, host: str | None, token: str) -> bool:
        """Whether a request came to our own name with the token."""
        names = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        return host in names and hmac.compare_digest(token.encode(), self.token.encode())

    def origin_is_ours(self, origin: str) -> bool:
        """Whether a page of ours opens the socket."""
        return origin in {f"http://{HOST}:{self.port}", f"http://localhost:{self.port}"}

    async def in_turn(self, do: Callable[..., Any], *given: Any) -> Any:
        """Run in the thread of the console: one thing after the other, the page stays awake."""
        return await asyncio.get_running_loop().run_in_executor(self.work, do, *given)

    def _pushed(self, reply: Reply) -> None:
        """From any thread: to the page that is open."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._send, reply.packed())

    def _send(self, data: bytes) -> None:
        if self.socket is not None:
            self.socket.send(data)


class _Tokened(RequestHandler):
    """Answers nobody without the token."""

    page: LocalPage

    def initialize(self, page: LocalPage) -> None:
        self.page = page

    def prepare(self) -> None:
        token = self.path_args[0] if self.path_args else ""
        if not self.page.ours(self.request.headers.get("Host"), token):
            raise HTTPError(404)


class _Guarded(_Tokened):
    """A file or report that nobody else may keep or show."""

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.clear_header("Server")


class _File(_Guarded):
    def get(self, token: str, name: str) -> None:
        if name not in _FILES:
            raise HTTPError(404)
        file, kind = _FILES[name]
        self.set_header("Content-Type", kind)
        self.set_header("Content-Security-Policy", _OURS)
        self.finish(asset(file))


class _Report(_Guarded):
    async def get(self, token: str) -> None:
        try:
            text = await self.page.in_turn(self.page.console.report)
        except NeedleSimError as error:
            raise HTTPError(409, str(error)) from error
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", _REPORT)
        self.finish(text)


class _Socket(_Tokened, WebSocketHandler):
    def check_origin(self, origin: str) -> bool:
        return self.page.origin_is_ours(origin)

    def open(self, *args: str, **kwargs: str) -> None:
        """The newest page has the instrument; an older one is told so."""
        older, self.page.socket = self.page.socket, self
        if older is not None:
            older.close(4001, "opened in another page")
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        reply = await self.page.in_turn(self._answer, message)
        self.send(reply)

    def _answer(self, message: str | bytes) -> bytes:
        try:
            given = json.loads(message)
        except (ValueError, RecursionError):
            given = None
        packed: bytes = answer(self.page.console, given, Reply.packed)
        return packed

    def send(self, data: bytes) -> None:
        """One binary message; a page that went away gets it when it comes back."""
        try:
            sent = self.write_message(data, binary=True)
        except WebSocketClosedError:
            return
        sent.add_done_callback(lambda done: done.exception())

    def on_close(self) -> None:
        if self.page.socket is self:
            self.page.socket = None
