"""Each notebook is what its script says, holds no output, and says what it is for."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = {"first_radiograph", "your_own_ct", "first_rehearsal", "a_lesion", "a_study"}


def test_all_five_are_there_twice():
    assert {path.stem for path in FOLDER.glob("*.py")} == NAMES
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_notebook_is_its_script_without_outputs(name):
    """`tools/run_notebooks.py --pair` writes it; `.ci/run` executes it."""
    script = jupytext.read(FOLDER / f"{name}.py")
    note = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(note)
    assert [(one.cell_type, one.source) for one in note.cells] == [
        (one.cell_type, one.source) for one in script.cells
    ]
    assert all(one.get("outputs", []) == [] for one in note.cells)
    assert "Not for clinical use" in note.cells[0].source
