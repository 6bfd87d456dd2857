"""A small part of ``python -m validation scatter``: the Monte Carlo, and ours beside it."""

import numpy as np
import pytest

import needle_sim as ns
from needle_sim.imaging.xray.materials import prepare
from validation.scatter.cases import Slab, of_patient, of_slab, report_195
from validation.scatter.table import LIMIT


@pytest.mark.long
def test_the_monte_carlo_agrees_with_report_195():
    """Body to 1 %; the cubes of 3 cm hold fewer photons here: five standard errors at most."""
    over = report_195(histories=400_000)
    assert over.pop("body") == pytest.approx(1.0, abs=0.01)
    assert list(over.values()) == pytest.approx(np.ones(6), abs=0.1)
    assert np.mean(list(over.values())) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    "case",
    [Slab("80", 15, 10), Slab("80", 22.5, 18), Slab("80", 30, 25), Slab("110", 20, 15)],
    ids=str,
)
def test_scatter_behind_water_is_that_of_the_monte_carlo(case):
    for one in of_slab(case, histories=40_000):
        assert one.error < 0.07 * one.simulated
        assert one.over == pytest.approx(1.0, abs=LIMIT)


@pytest.mark.long
@pytest.mark.parametrize(("orbital", "beam"), [(0.0, "lumbar_ap"), (90.0, "lumbar_lateral")])
def test_scatter_of_the_lumbar_phantom_is_that_of_the_monte_carlo(orbital, beam):
    spine = ns.build_phantom("lumbar_normal")
    at_mm = spine.target("L4 right medial branch").centre_mm * [0.0, 1.0, 1.0]
    for one in of_patient(prepare(spine.ct), at_mm, orbital, beam, histories=200_000):
        assert one.over == pytest.approx(1.0, abs=LIMIT)
