"""Tissues carry their numbers with sources."""

from __future__ import annotations

import pytest

from needle_sim import presets
from needle_sim.anatomy.tissue import label, tissues
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
