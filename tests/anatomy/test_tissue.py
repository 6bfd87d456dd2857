"""Tissues carry their numbers with sources."""

from __future__ import annotations

import pytest

from needle_sim import presets
from needle_sim.anatomy.tissue import Acoustic, label, tissues
from needle_sim.errors import InputError


def test_air_is_label_zero_and_every_other_tissue_conducts_heat_and_current():
    air, *rest = tissues()
    assert (air.name, air.thermal, air.electrical) == ("air", None, None)
    for tissue in rest:
        assert tissue.thermal is not None
        assert 0.15 < tissue.thermal.conductivity_w_mk < 0.65, tissue.name
        assert tissue.electrical is not None
        assert 0.01 <= tissue.electrical.conductivity_s_m <= 2.1, tissue.name


def test_bone_and_fat_conduct_less_current_than_muscle_and_csf_most():
    """The order that makes a lesion beside bone no ball (Gabriel 1996)."""
    sigma = {t.name: t.electrical.conductivity_s_m for t in tissues() if t.electrical}
    assert sigma["cortical_bone"] < sigma["fat"] < sigma["muscle"] < sigma["csf"]


def test_labels_are_the_order_of_the_file():
    for index, tissue in enumerate(tissues()):
        assert label(tissue.name) == index
    with pytest.raises(InputError, match="did you mean 'muscle'"):
        label("muscel")


def test_every_number_has_a_source_and_a_mark():
    file = presets.read_toml(presets.folder("presets") / "tissues.toml")
    for name, entries in file.items():
        if isinstance(entries, dict):
            assert len(presets.numbers(entries)) >= 3, name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((0.0, 0.5, 0.0), "speed_m_s over 0"),
        ((1540.0, -0.1, 0.0), "attenuation_db_cm_mhz of 0 or more, got 1540.0 and -0.1"),
        ((1540.0, 0.5, 0.0, "fine", 1.5), "wall must be 0 to 1"),
    ],
)
def test_sound_that_cannot_be_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Acoustic(*given)


def test_sound_runs_fastest_in_bone_and_slowest_of_tissues_in_fat():
    speed = {t.name: t.acoustic.speed_m_s for t in tissues() if t.acoustic and t.name != "air"}
    assert min(speed, key=lambda name: speed[name]) in ("fat", "epidural_fat")
    assert max(speed, key=lambda name: speed[name]) in ("cortical_bone", "trabecular_bone")
