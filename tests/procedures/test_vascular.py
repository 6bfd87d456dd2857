"""Chances are 0 to 1, and an aspiration goes by those of the recipe."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.injectate.aspiration import aspirate
from needle_sim.procedures.vascular import Vascular


@pytest.mark.parametrize("name", ["rate", "sensitivity", "specificity"])
def test_a_chance_out_of_range_is_named(name):
    with pytest.raises(InputError, match=f"{name} must be 0 to 1, got 1.5"):
        Vascular(**{"rate": 0.1, "sensitivity": 0.4, "specificity": 0.9, name: 1.5})


@pytest.mark.parametrize(("chance", "word"), [(1.0, "blood"), (0.0, "clear")])
def test_an_aspiration_goes_by_the_chances(chance, word):
    chances = Vascular(rate=0.1, sensitivity=chance, specificity=1.0).chances
    assert aspirate("vascular", rng=np.random.default_rng(0), **chances) == word
