"""Runs the peers: ``python -m benchmarks.peers.run [--setup] [--out DIR] [peer ...]``.

They live in ``benchmarks/peers/.venv``, those on PyTorch in ``.venv-torch``, made here on first use
or by ``--setup`` with the versions of ``constraints*.txt``; the project's own environment is left
alone. Ours is imported from the checkout, so that both sides of a row run in one process and take
turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import figure

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = {
    "rtk": "projector_rtk",
    "drr": "projector_drr",
    "gvxr": "needle_gvxr",
    "must": "sonogram_must",
    "devito": "heat_devito",
    "simpleitk": "series_simpleitk",
    "pyskindose": "dose_pyskindose",
}
PACKAGES = {
    ".venv": ("itk-rtk", "gvxr", "pymust", "devito", "simpleitk", "pyskindose"),
    ".venv-torch": ("torch", "nanodrr", "diffdrr"),  # large: only what needs it is put beside it
}
PINS = {".venv": "constraints.txt", ".venv-torch": "constraints-torch.txt"}
NEEDS_TORCH = frozenset({"drr"})
OURS = ("numpy", "scipy", "numba", "pydicom")
MORE = ("msgspec", "click", "tqdm", "nibabel", "matplotlib", "pillow", "pylibjpeg", "python-gdcm")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
HEADS = ("peer", "task", "ours, ms", "theirs, ms", "ratio", "ours", "theirs", "what", "remark")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment if need be, run the peers, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.run", description=__doc__)
    parser.add_argument("peer", nargs="*", help=f"of {', '.join(PEERS)}; all by default")
    parser.add_argument("--setup", action="store_true", help="install anew, then run")
    parser.add_argument("--out", type=Path, help="folder for peers.md and peers.json")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.peer) - set(PEERS))
    if unknown:
        parser.error(f"no peer {', '.join(unknown)}; there are {', '.join(PEERS)}")
    names = asked.peer or list(PEERS)
    for where in sorted({environment(name) for name in names}):
        if asked.setup or not interpreter(where).exists():
            set_up(where)
    rows = [row for name in names for row in measured(name)]
    print(table(rows))
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "peers.md").write_text(table(rows) + "\n", encoding="utf-8")
        (asked.out / "peers.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def environment(name: str) -> str:
    """The folder of the environment that a peer lives in."""
    return ".venv-torch" if name in NEEDS_TORCH else ".venv"


def interpreter(where: str) -> Path:
    """The Python of an environment."""
    return HERE / where / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def set_up(where: str) -> None:
    """An environment of peers, from nothing."""
    venv.create(HERE / where, clear=True, with_pip=True)
    pins = str(HERE / PINS[where])
    install = [str(interpreter(where)), "-m", "pip", "install", "-q", "-c", pins]
    subprocess.run([*install, *PACKAGES[where], *OURS, *MORE], check=True)


def measured(name: str) -> list[dict[str, Any]]:
    """The rows of one peer; its process uses one thread."""
    module = PEERS[name]
    print(f"{module} ...", file=sys.stderr, flush=True)
    settings = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(interpreter(environment(name))), "-m", f"benchmarks.peers.{module}"],
        cwd=ROOT,
        env=settings,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [HEADS, ["---"] * len(HEADS), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(row: Mapping[str, Any]) -> list[str]:
    figures = [row[key] for key in ("ours_ms", "theirs_ms", "ratio", "ours", "theirs")]
    told = ["" if one is None else figure(one) for one in figures]
    return [f"{row['peer']} {row['version']}", row["task"], *told, row["what"], row["remark"]]


if __name__ == "__main__":
    sys.exit(main())
