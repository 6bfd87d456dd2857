"""Commands that take an order ask for it in the same words, and refuse two of a kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from needle_sim.cli.order import check_one_patient, ordered_recipe
from needle_sim.cli.rehearse import rehearse
from needle_sim.cli.run import run
from needle_sim.errors import InputError

WORDS = ["procedure", "procedure_file", "phantom", "ct", "labels", "level", "side"]


def test_run_and_rehearse_take_the_same_order_first():
    for command in (run, rehearse):
        assert [one.name for one in command.params][: len(WORDS)] == WORDS
    helps = [
        [getattr(one, "help", "") for one in command.params[:7]] for command in (run, rehearse)
    ]
    assert helps[0] == helps[1]


def test_a_name_a_file_or_the_default(tmp_path):
    assert ordered_recipe(None, None).name == "medial-branch-rfa"
    assert ordered_recipe("facet-injection", None).name == "facet-injection"
    with pytest.raises(InputError, match="two procedures"):
        ordered_recipe("facet-injection", Path("mine.toml"))
    with pytest.raises(InputError, match=r"mine\.toml"):
        ordered_recipe(None, tmp_path / "mine.toml")


def test_two_patients_are_refused():
    check_one_patient(None, Path("ct"))
    check_one_patient("lumbar_normal", None)
    with pytest.raises(InputError, match="two patients"):
        check_one_patient("lumbar_normal", Path("ct"))
