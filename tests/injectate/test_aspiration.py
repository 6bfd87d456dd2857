import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.injectate.aspiration import aspirate


def share(kind, word, draws=4000, **settings):
    rng = np.random.default_rng(11)
    return np.mean([aspirate(kind, rng=rng, **settings) == word for _ in range(draws)])


def test_blood_comes_back_with_the_published_sensitivity_and_specificity():
    # Furman, Spine 2000;25:2628: 44.7 % and 97.9 %; 4000 draws err by 0.8 points
    assert share("vascular", "blood") == pytest.approx(0.447, abs=0.025)
    for kind in ("epidural", "soft_tissue", "intra_articular"):
        assert share(kind, "clear") == pytest.approx(0.979, abs=0.008)


def test_the_sac_gives_fluid_and_nothing_else_does():
    assert share("intrathecal", "csf") == pytest.approx(0.9, abs=0.02)
    assert share("intrathecal", "blood") == 0
    assert share("epidural", "csf") == 0


def test_chances_can_be_given():
    assert share("vascular", "blood", 50, sensitivity=1.0) == 1
    assert share("vascular", "blood", 50, sensitivity=0.0) == 0
    assert share("epidural", "blood", 50, specificity=1.0) == 0
    with pytest.raises(InputError, match=r"sensitivity of an aspiration must be 0 to 1, got 1\.2"):
        aspirate("vascular", rng=np.random.default_rng(0), sensitivity=1.2)


def test_each_draw_takes_the_same_of_the_generator():
    states = []
    for kind in ("vascular", "intrathecal", "epidural", "bone"):
        rng = np.random.default_rng(5)
        aspirate(kind, rng=rng)
        states.append(rng.random())
    assert len(set(states)) == 1
