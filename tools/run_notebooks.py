"""Pair the notebooks with their scripts, or execute them: ``run_notebooks.py [--pair]``.

A notebook is kept twice, as a script with cells that people edit and review, and as ``.ipynb``
without outputs that Jupyter opens. ``--pair`` writes the second from the first.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"


def paired(script: Path) -> nbformat.NotebookNode:
    """The notebook of a script, the same each time: cells are numbered, outputs are empty."""
    made = jupytext.read(script)
    made.metadata.pop("jupytext", None)
    for number, cell in enumerate(made.cells):
        cell["id"] = f"{script.stem}-{number}"[:64]
    return made


def write(script: Path) -> Path:
    """Write the ``.ipynb`` beside a script."""
    path = script.with_suffix(".ipynb")
    path.write_text(nbformat.writes(paired(script)) + "\n", encoding="utf-8")
    return path


def main(arguments: list[str]) -> int:
    """1 when a cell of a notebook fails; its error is shown."""
    for script in sorted(FOLDER.glob("*.py")):
        if "--pair" in arguments:
            print(write(script).name)
            continue
        start = time.monotonic()
        made = paired(script)
        client = NotebookClient(
            made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
        )
        client.execute()
        drawn = sum(
            "image/png" in output.get("data", {})
            for cell in made.cells
            for output in cell.get("outputs", [])
        )
        print(f"{script.stem}: {drawn} pictures, {time.monotonic() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
