"""The server: our own page with the token gets the instrument, nobody else gets anything."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from needle_sim.errors import InputError
from needle_sim.views.front_end.local_page import LocalPage, asset
from tests.rehearsal.driving import RFA
from tests.views.front_end.desk import console


def served(work, *, port: int = 0):
    """Run a coroutine beside a page that is served."""

    async def run():
        page = LocalPage(console(RFA), port=port)
        await page.start()
        try:
            return await work(page)
        finally:
            for link in _links:
                link.close()
            _links.clear()
            await page.stop()
            await asyncio.sleep(0.1)  # both ends of each socket close

    return asyncio.run(run())


_links: list = []


async def linked(request: HTTPRequest):
    """A socket that is closed at the end."""
    _links.append(await websocket_connect(request))
    return _links[-1]


def read(packed: bytes) -> dict:
    size = int.from_bytes(packed[:4], "little")
    return json.loads(packed[4 : 4 + size])


async def fetched(address: str, **headers: str):
    return await AsyncHTTPClient().fetch(HTTPRequest(address, headers=headers))


async def code_of(address: str, **headers: str) -> int:
    try:
        return (await fetched(address, **headers)).code
    except HTTPClientError as error:
        return error.code


def socket_of(page: LocalPage, *, token: str | None = None, **headers: str) -> HTTPRequest:
    address = f"ws://127.0.0.1:{page.port}/{page.token if token is None else token}/socket"
    return HTTPRequest(address, headers={"Origin": f"http://127.0.0.1:{page.port}", **headers})


def test_the_page_and_its_module_come_from_us_alone():
    async def work(page):
        index = await fetched(page.address)
        module = await fetched(f"{page.address}instrument.js")
        return index, module

    index, module = served(work)
    assert module.body.decode() == asset("instrument.js")
    rule = index.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rule
    assert "connect-src 'self'" in rule
    assert index.headers["Referrer-Policy"] == "no-referrer"
    for text in (asset("page.html"), asset("instrument.js"), asset("instrument.css")):
        assert "http://" not in text
        assert "https://" not in text


def test_without_token_or_under_another_name_there_is_nothing():
    async def work(page):
        root = f"http://127.0.0.1:{page.port}"
        return [
            await code_of(f"{root}/"),
            await code_of(f"{root}/{page.token[:-1]}x/"),
            await code_of(f"{page.address}instrument.js", Host="evil.example"),
            await code_of(f"{page.address}page.css"),
            await code_of(f"{page.address}../console.py"),
            await code_of(page.address),
        ]

    assert served(work) == [404, 404, 404, 404, 404, 200]


@pytest.mark.parametrize("wrong", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_another_origin_gets_no_socket(wrong):
    async def work(page):
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(socket_of(page, **wrong))
        return refused.value.code

    assert served(work) in (403, 404)


def test_a_socket_needs_the_token():
    async def work(page):
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(socket_of(page, token="x"))
        return refused.value.code

    assert served(work) == 404


def test_messages_are_answered_in_order_and_nonsense_too():
    async def work(page):
        link = await linked(socket_of(page))
        for text in ('{"n": 1, "ask": "hello"}', "not JSON", "[" * 5000, '{"n": 2, "do": "shot"}'):
            await link.write_message(text)
        return [read(await link.read_message()) for _ in range(4)]

    hello, word, deep, shot = served(work)
    assert hello["setup"]["procedure"] == RFA
    assert "must be an object" in word["error"]
    assert "must be an object" in deep["error"]
    assert [one["kind"] for one in shot["pictures"]] == ["fluoroscopy"]


def test_a_fault_of_ours_is_logged_and_said_and_the_socket_stays(monkeypatch, caplog):
    async def work(page):
        link = await linked(socket_of(page))
        monkeypatch.setattr(page.console, "_look", lambda *given, **how: 1 / 0)
        await link.write_message('{"n": 4, "ask": "log"}')
        broken = read(await link.read_message())
        monkeypatch.undo()
        await link.write_message('{"n": 5, "ask": "log"}')
        return broken, read(await link.read_message())

    broken, after = served(work)
    assert broken["n"] == 4
    assert "ZeroDivisionError" in broken["error"]
    assert "ZeroDivisionError" in caplog.text
    assert (after["n"], after["error"]) == (5, None)


def test_a_lost_connection_goes_on_where_it_was():
    async def work(page):
        first = await linked(socket_of(page))
        await first.write_message('{"n": 1, "do": "shot"}')
        shot = await first.read_message()
        first.close()
        await asyncio.sleep(0.05)
        second = await linked(socket_of(page))
        await second.write_message('{"n": 1, "ask": "hello"}')
        return shot, await second.read_message()

    shot, again = served(work)
    pixels = 512 * 512
    assert read(again)["state"]["exposures"] == 1
    assert again[-pixels:] == shot[-pixels:]  # the last picture, byte for byte


def test_the_newest_page_has_the_instrument():
    async def work(page):
        first = await linked(socket_of(page))
        second = await linked(socket_of(page))
        gone = await first.read_message()
        await second.write_message('{"n": 1, "ask": "log"}')
        return gone, first.close_code, read(await second.read_message())["n"]

    assert served(work) == (None, 4001, 1)


def test_the_report_waits_for_the_end():
    async def work(page):
        early = await code_of(f"{page.address}report")
        page.console.handle({"do": "abort", "why": "enough"})
        report = await fetched(f"{page.address}report")
        return early, report

    early, report = served(work)
    assert early == 409
    assert "enough" in report.body.decode()
    assert "style-src 'unsafe-inline'" in report.headers["Content-Security-Policy"]


def test_a_taken_port_is_named():
    async def work(page):
        other = LocalPage(page.console, port=page.port)
        with pytest.raises(InputError, match=f"port {page.port} of 127.0.0.1 cannot be used"):
            await other.start()
        return page.address.startswith("http://127.0.0.1:")

    assert served(work)
