"""What can be said of the peers without their packages."""

import ast
import importlib
import re

import pytest

from benchmarks.peers import run

ROW = {
    "peer": "itk-rtk",
    "version": "1.0",
    "task": "a picture",
    "ours_ms": 70.123,
    "theirs_ms": 1086.0,
    "ratio": 0.0646,
    "ours": 0.15685,
    "theirs": 0.15567,
    "what": "% of the largest",
    "remark": "",
}


@pytest.mark.parametrize("where", list(run.PACKAGES))
def test_every_package_of_the_peers_is_pinned(where):
    pins = (run.HERE / run.PINS[where]).read_text(encoding="utf-8").split()
    names = {pin.partition("==")[0] for pin in pins}

    assert all(
        re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", pin.lower().replace("_", "-")) for pin in pins
    )
    assert {*run.PACKAGES[where], *run.OURS, *run.MORE} <= names


def test_a_row_of_widths_has_no_times():
    table = run.table([ROW, {**ROW, "ours_ms": None, "theirs_ms": None, "ratio": None}])

    assert "| itk-rtk 1.0 | a picture | 70.1 | 1086 | 0.0646 | 0.157 | 0.156 |" in table
    assert "| itk-rtk 1.0 | a picture |  |  |  | 0.157 | 0.156 |" in table


@pytest.mark.parametrize("module", run.PEERS.values())
def test_the_names_that_a_peer_takes_from_here_are_there(module):
    """Peers are not run with the tests, so that nothing else tells when a name has moved."""
    for node in ast.walk(ast.parse((run.HERE / f"{module}.py").read_text(encoding="utf-8"))):
        home = getattr(node, "module", None) or ""
        if isinstance(node, ast.ImportFrom) and home.split(".")[0] in ("needle_sim", "tests"):
            found = importlib.import_module(home)
            assert [one.name for one in node.names if not hasattr(found, one.name)] == [], home


def test_an_unknown_peer_is_refused(capsys):
    with pytest.raises(SystemExit):
        run.main(["matlab"])
    assert (
        "no peer matlab; there are rtk, drr, gvxr, must, devito, simpleitk"
        in capsys.readouterr().err
    )
