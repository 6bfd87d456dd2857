"""``needle-sim rehearse``: what it refuses, and a page that answers until it is stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from needle_sim.cli import main


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--port", "70000"], "--port must be 0 to 65535"),
        (["--phantom", "a", "--ct", "b"], "two patients"),
        (["--labels", "a"], "--labels goes with a CT"),
        (["--ct", "nowhere"], "needs its label map"),
        (["no-such-procedure"], "Known: facet-injection"),
        (["medial-branch-rfa", "--procedure-file", "x.toml"], "name two procedures"),
        (["--level", "L4-L5"], "is a nerve"),
        (["--side", "up"], "side must be left or right"),
    ],
)
def test_bad_orders_are_one_line(given, said):
    done = CliRunner().invoke(main, ["rehearse", "--no-browser", *given])
    assert done.exit_code == 2
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("error:")
    assert said in last


@pytest.mark.long
def test_it_serves_the_page_under_its_token_until_it_is_stopped(tmp_path):
    command = [sys.executable, "-m", "needle_sim", "rehearse", "--no-browser", "--exam"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--log", "attempt.jsonl"], cwd=tmp_path, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", process.stdout.readline())[
                0
            ]
            purpose = process.stdout.readline()
            page = urllib.request.urlopen(address, timeout=30).read().decode()
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address.rsplit("/", 2)[0] + "/", timeout=30)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
    assert "instrument" in page
    assert "Not for clinical use" in purpose
    assert (tmp_path / "attempt.jsonl").read_text().count("\n") == 1
