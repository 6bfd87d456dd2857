"""The set-up script: does nothing twice, never leaves half an environment, says the way out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "dev.py"


@pytest.fixture
def dev(tmp_path, monkeypatch):
    """The script as a module on a checkout of its own, with what it installs written down."""
    spec = importlib.util.spec_from_file_location("dev", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("one", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("numpy==1", encoding="utf-8")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "STAMP", venv / "needle_sim.stamp")
    module.installed, module.made = [], []
    monkeypatch.setattr(module, "install", lambda what: module.installed.append(what[-1]))
    monkeypatch.setattr(module, "has_working_python", lambda: bool(module.made))

    def make_venv() -> None:
        venv.mkdir(exist_ok=True)
        module.made.append(True)

    monkeypatch.setattr(module, "make_venv", make_venv)
    return module


def test_the_second_time_nothing_is_done(dev):
    for _ in range(3):
        dev.make_environment("dev")
        dev.make_environment("run")

    assert dev.installed == [f"{dev.ROOT}[dev]"]
    assert len(dev.made) == 1


def test_running_needs_no_development_tools_and_testing_adds_them(dev):
    dev.make_environment("run")
    dev.make_environment("dev")
    dev.make_environment("run")

    assert dev.installed == [str(dev.ROOT), f"{dev.ROOT}[dev]"]


def test_other_pins_are_installed_and_keep_the_development_tools(dev):
    dev.make_environment("dev")
    (dev.ROOT / "constraints.txt").write_text("numpy==2", encoding="utf-8")
    dev.make_environment("run")

    assert dev.installed == [f"{dev.ROOT}[dev]"] * 2


def test_an_installation_that_was_cut_short_is_done_again(dev, monkeypatch):
    def fail(what: list[str]) -> None:
        raise dev.SetupError("no network")

    with monkeypatch.context() as offline:
        offline.setattr(dev, "install", fail)
        with pytest.raises(dev.SetupError):
            dev.make_environment("run")
    assert not dev.STAMP.exists()
    dev.make_environment("run")

    assert dev.installed == [str(dev.ROOT)]


def test_a_checkout_that_was_moved_gets_a_new_environment(dev):
    dev.make_environment("run")
    digest, kind, _ = dev.STAMP.read_text(encoding="utf-8").splitlines()
    dev.STAMP.write_text(f"{digest}\n{kind}\nelsewhere\n", encoding="utf-8")
    dev.make_environment("run")

    assert len(dev.made) == 2


def test_an_old_python_is_told_which_one_is_needed(dev, monkeypatch, capsys):
    monkeypatch.setattr(dev, "OLDEST", (99, 1))

    assert dev.main(["run"]) == 2
    assert "needs 99.1 or newer" in capsys.readouterr().err


def test_an_unknown_command_shows_what_there_is(dev, capsys):
    assert dev.main(["rum"]) == 2
    said = capsys.readouterr()
    assert said.out == ""  # stdout belongs to the program that is run
    assert "no command 'rum'" in said.err
    assert "dev.py run" in said.err


def test_without_a_network_the_last_words_name_it(dev):
    pip = "WARNING: Retrying ... NewConnectionError: Temporary failure in name resolution"

    assert "online" in dev.reason(pip)
    assert "disk is full" in dev.reason("OSError: [Errno 28] No space left on device")
