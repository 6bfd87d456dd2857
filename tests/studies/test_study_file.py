"""Study files say what they ask for; a fault names file, table and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from needle_sim.errors import InputError
from needle_sim.presets import MOST_BYTES
from needle_sim.studies import tasks
from needle_sim.studies.study_file import read_study

DOCS = Path(__file__).resolve().parents[2] / "docs" / "study_file.md"
HEAD = '[study]\ntask = "coverage"\nseeds = 5\n'


def read(tmp_path, text):
    path = tmp_path / "angles.toml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def test_lists_single_values_and_ranges(tmp_path):
    made = read(
        tmp_path,
        HEAD + "seed = 7\n[parameters]\nangle_deg = { from = 0, to = 90, count = 4 }\n"
        'error_mm = [0, 2.5]\nlevel = "L3"\n[settings]\nside = "left"\n',
    )

    assert (made.task, made.seeds, made.seed) == ("coverage", 5, 7)
    assert made.parameters["angle_deg"] == [0.0, 30.0, 60.0, 90.0]
    assert made.parameters["level"] == ["L3"]
    assert dict(made.settings) == {"side": "left"}
    assert len(made.design) == 4 * 2 * 1 * 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"\[study\] lacks task"),
        ('[study]\ntask = "coverage"\n', r"\[study\] lacks seeds"),
        ('[study]\ntask = "covrage"\nseeds = 1\n', "did you mean 'coverage'"),
        (HEAD + "sede = 1\n", "study.sede is not known; did you mean 'seed'"),
        (HEAD + "[parametres]\n", "parametres is not known; did you mean 'parameters'"),
        (HEAD + "[parameters]\nangel_deg = [0]\n", "parameters.angel_deg .* 'angle_deg'"),
        (HEAD + "[settings]\nangel_deg = 0\n", "settings.angel_deg .* 'angle_deg'"),
        (HEAD + "[parameters]\nangle_deg = [0, 91]\n", "angle_deg must be 0 to 90, got 91"),
        (HEAD + "[parameters]\nangle_deg = []\n", "angle_deg needs 1 to"),
        (HEAD + "[parameters]\nangle_deg = [nan]\n", "must be finite"),
        (HEAD + "[parameters]\nangle_deg = { from = 0, to = 9 }\n", "angle_deg lacks count"),
        (HEAD + "[parameters]\nangle_deg = { from = 0, to = 9, count = 1 }\n", "a count from 2"),
        (HEAD + '[parameters]\nangle_deg = { from = "a", to = 9, count = 3 }\n', "two numbers"),
        (HEAD + "[parameters]\nangle_deg = { form = 0 }\n", "did you mean 'from'"),
        (HEAD + "parameters = 3\n", "study.parameters is not known"),
        ("parameters = 3\n" + HEAD, "parameters must be a table"),
        (HEAD.replace("5", '"5"'), "seeds must be a whole number"),
        (HEAD.replace("5", "99999999"), "seeds must be a whole number from 1"),
        (HEAD + 'x = """', "cannot be read as TOML"),
        (HEAD + "[parameters]\nangle_deg = [" + "9" * 5000 + "]\n", "cannot be read as TOML"),
        (HEAD + "[parameters]\nangle_deg = [" + "9" * 400 + "]\n", "must be"),
        (
            HEAD + f"[parameters]\nangle_deg = {{ from = 0, to = {10**400}, count = 3 }}\n",
            "two num",
        ),
        (HEAD + "[parameters]\nangle_deg = " + "[" * 5000 + "\n", "cannot be read as TOML"),
        (HEAD + "[parameters]\nangle_deg = 1979-05-27\n", "angle_deg must be"),
        ("a" * (MOST_BYTES + 1), "is too long"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, text)
    assert "angles.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml"):
        read_study(tmp_path / "no.toml")


def test_the_page_names_every_input_of_every_task():
    text = DOCS.read_text(encoding="utf-8")
    for task in tasks.all_named().values():
        assert f"`{task.name}`" in text
        missing = [name for name in task.inputs if f"`{name}`" not in text]
        assert missing == []


def test_the_examples_of_the_page_can_be_read(tmp_path):
    examples = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)

    assert len(examples) >= 2
    for text in examples:
        assert read(tmp_path, text).design is not None
