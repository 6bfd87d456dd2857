#!/usr/bin/env python3
"""Set up, run and test a checkout: standard library only, from any folder, any number of times.

    python3 dev.py run                          the main job: needle-sim run medial-branch-rfa
    python3 dev.py run list phantoms            any other needle-sim command
    python3 dev.py test                         the test suite; further arguments go to pytest
    python3 dev.py check                        format, lint, types and import contract
    python3 dev.py setup                        only make the environment, with development tools

The environment is ``.venv`` in the checkout. It is made on first use with the versions of
constraints.txt and left alone until pyproject.toml or constraints.txt changes; ``run`` leaves the
development tools out. What this script says goes to stderr, so that the output of
``run ... --json`` can be piped.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "needle_sim.stamp"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
MAIN_JOB = ["run", "medial-branch-rfa"]
CHECKS = (
    ["ruff", "format", "--check", "."],
    ["ruff", "check", "."],
    ["mypy"],
    ["lint-imports"],
)


class SetupError(Exception):
    """The environment cannot be made; the message names the way out."""


def main(arguments):
    """Run one command; returns the exit code."""
    if sys.version_info < OLDEST:
        have, want = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
        say(f"Python {have} is too old: needle_sim needs {want} or newer, e.g. python{want} dev.py")
        return 2
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command not in COMMANDS:
        wanted = command in ("help", "-h", "--help")
        sys.stderr.write("" if wanted else f"dev.py: no command {command!r}\n\n")
        (sys.stdout if wanted else sys.stderr).write(__doc__)
        return 0 if wanted else 2
    try:
        return COMMANDS[command](rest)
    except SetupError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def run(rest):
    """`needle-sim` with the arguments, in the folder of the caller."""
    make_environment("run")
    return become([str(BIN / "needle-sim"), *(rest or MAIN_JOB)])


def test(rest):
    """`pytest` with the arguments, in the checkout."""
    make_environment("dev")
    os.chdir(ROOT)
    return become([str(PYTHON), "-m", "pytest", *rest])


def check(rest):
    """Every quality gate, even after one has failed."""
    make_environment("dev")
    failed = []
    for gate in CHECKS:
        say(" ".join(gate))
        if subprocess.call([str(BIN / gate[0]), *gate[1:]], cwd=ROOT):
            failed.append(" ".join(gate))
    if failed:
        say("failed: " + "; ".join(failed))
    return 1 if failed else 0


def setup(rest):
    """Only make the environment."""
    make_environment("dev")
    say(f"ready: {BIN / 'needle-sim'}")
    return 0


COMMANDS = {"run": run, "test": test, "check": check, "setup": setup}


def make_environment(kind):
    """Install what ``kind`` ("run" or "dev") needs, unless it is there already."""
    digest = wanted_digest()
    # the stamp is written last, so an installation that was cut short is done again
    stamp = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.is_file() else []
    old_digest, old_kind, old_root = stamp if len(stamp) == 3 else ("", "", str(ROOT))
    here = old_root == str(ROOT) and has_working_python()  # a moved environment is broken
    if here and old_digest == digest and old_kind in (kind, "dev"):
        return
    if not here:
        make_venv()
    elif old_kind == "dev":
        kind = "dev"  # an update never leaves less than there was
    STAMP.unlink(missing_ok=True)
    say("installing needle_sim" + (" and its development tools" if kind == "dev" else ""))
    install(["-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}{'[dev]' * (kind == 'dev')}"])
    STAMP.write_text(f"{digest}\n{kind}\n{ROOT}\n", encoding="utf-8")


def wanted_digest():
    """Digest of the files that the environment depends on."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def has_working_python():
    """Whether ``.venv`` holds a Python that starts and is new enough."""
    probe = [str(PYTHON), "-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"]
    try:
        return subprocess.call(probe, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv():
    """A fresh ``.venv``; without a pip of its own where the system lacks ensurepip (Debian)."""
    say(f"making {VENV}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if has_module("ensurepip") and subprocess.run(command, check=False, **quiet).returncode == 0:
        return
    if not has_module("pip"):
        raise SetupError(
            f"{sys.executable} has neither pip nor a working ensurepip; "
            "on Debian and Ubuntu: apt-get install python3-pip"
        )
    done = subprocess.run([*command, "--without-pip"], check=False, **quiet)
    if done.returncode:
        raise SetupError(f"no environment in {VENV}: {done.stdout.decode(errors='replace')}")


def has_module(name):
    """Whether this Python could import ``name``."""
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None  # an empty folder is no module


def install(what):
    """``pip install`` into ``.venv``, told in a few lines; the whole text when it fails."""
    own_pip = not subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL)
    if not own_pip and not has_module("pip"):
        raise SetupError(
            f"{VENV} has no pip, nor has {sys.executable}: remove {VENV} and try again"
        )
    pip = [str(PYTHON), "-m", "pip"]
    if not own_pip:  # Debian without python3-venv: the system's pip works on our environment
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    settings = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0"}
    lines = []
    with subprocess.Popen(
        [*pip, "install", "--progress-bar", "off", *what],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=settings,
        cwd=ROOT,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout:
            lines.append(line.rstrip())
            show(lines[-1])
    clear_line()
    if child.returncode:
        raise SetupError("\n".join([*lines[-20:], reason("\n".join(lines))]))


def reason(text):
    """What a failed installation most likely lacks."""
    offline = ("NewConnectionError", "NameResolutionError", "name resolution", "timed out")
    if any(word in text for word in offline):
        return "the packages could not be fetched: is this machine online, or behind a proxy?"
    if "No space left" in text:
        return "the disk is full: the environment takes 0.7 GB, with development tools 1.4 GB"
    return "pip could not install needle_sim; its last lines are above"


def show(line):
    """One changing line on a terminal; elsewhere only large downloads, so that logs stay short."""
    words = line.split()
    if words[:1] == ["Downloading"] and words[-1] in ("MB)", "GB)"):
        text = f"downloading {words[1].rpartition('/')[2].split('-')[0]} {words[-2]} {words[-1]}"
    elif words[:2] == ["Installing", "collected"]:
        text = f"unpacking {len(words) - 3} packages"
    elif words[:1] == ["Collecting"] and sys.stderr.isatty():
        text = f"looking for {words[1]}"
    else:
        return
    sys.stderr.write(f"\r\033[K  {text[:76]}" if sys.stderr.isatty() else f"  {text}\n")
    sys.stderr.flush()


def clear_line():
    """Wipe the changing line."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")


def become(command):
    """Hand this process over to the command; its exit code and signals are then ours."""
    if not Path(command[0]).exists():
        raise SetupError(f"{command[0]} is missing: remove {VENV} and try again")
    say(" ".join([Path(command[0]).name, *command[1:]]))
    sys.stdout.flush()
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)
    return 0


def say(text):
    """One line to the person at the terminal."""
    sys.stderr.write(f"dev.py: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
