"""``needle-sim rehearse PROCEDURE``: a procedure by hand, on a page of this computer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.cli.order import check_one_patient, order, ordered_recipe
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.views.front_end.local_page import LocalPage

_MOST_PORT = 65535


@click.command()
@order
@click.option("--seed", default=0, show_default=True, help="Same seed and acts, same result.")
@click.option("--vary", is_flag=True, help="Let the seed vary the phantom's anatomy.")
@click.option("--exam", is_flag=True, help="No target, no path, no next step on the screen.")
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@click.option("--log", type=click.Path(path_type=Path), help="Write every act to a new file.")
def rehearse(**given: Any) -> None:
    """Rehearse PROCEDURE in a dark fluoroscopy suite, in your browser.

    The page is served on 127.0.0.1 alone, under an address with a random token. Ctrl+C ends it.

    \b
    needle-sim rehearse medial-branch-rfa
    needle-sim rehearse transforaminal-epidural --level L4-L5 --side left --exam
    needle-sim rehearse medial-branch-rfa --ct DIR --labels FILE --level L1 --log attempt.jsonl
    """
    from needle_sim.views.front_end.local_page import LocalPage
    from needle_sim.views.front_end.opening import open_console

    if not 0 <= given["port"] <= _MOST_PORT:
        raise InputError(f"--port must be 0 to {_MOST_PORT}, got {given['port']}")
    check_one_patient(given["phantom"], given["ct"])
    ct, labels = _patient(given)
    click.echo("Preparing the suite ...", err=True)
    console = open_console(
        ordered_recipe(given["procedure"], given["procedure_file"]),
        phantom=given["phantom"] or "lumbar_normal", ct=ct, labels=labels, level=given["level"],
        side=given["side"], seed=given["seed"], vary=given["vary"], exam=given["exam"],
        log=given["log"],
    )  # fmt: skip
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(LocalPage(console, port=given["port"]), browser=not given["no_browser"]))


def _patient(given: dict[str, Any]) -> tuple[Any, Any]:
    """CT and labels, where they are asked for."""
    if given["ct"] is None:
        if given["labels"] is not None:
            raise InputError("--labels goes with a CT: give --ct DIR as well")
        return None, None
    from needle_sim.volume.dicom import load_series
    from needle_sim.volume.labels import load_labels

    if given["labels"] is None:
        raise InputError("a rehearsal on a CT needs its label map: give --labels FILE with --ct")
    ct = load_series(given["ct"])
    return ct, load_labels(given["labels"], grid=ct)


async def _serve(page: LocalPage, *, browser: bool) -> None:
    await page.start()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, task.cancel)
    click.echo(f"The instrument is at {page.address}")
    click.echo("For rehearsal and research. Not for clinical use. Ctrl+C ends it.")
    if browser:
        webbrowser.open(page.address)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        click.echo("Closed.")
        raise
    finally:
        await page.stop()
