"""Tissues carry their numbers with sources."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.anatomy.tissue import (
    MOST_LABELS,
    Acoustic,
    bone_labels,
    families,
    family_labels,
    family_of,
    label,
    tissues,
    tissues_of,
)
from needle_sim.errors import InputError, PresetError

PLAIN = (  # labels that files and pictures hold already: their numbers stay
    "air", "skin", "fat", "muscle", "cortical_bone", "trabecular_bone", "annulus", "nucleus",
    "cartilage", "ligament", "epidural_fat", "csf", "nerve", "blood", "viscera",
)  # fmt: skip
NO_BODY = ("titanium", "cement")


def test_air_is_label_zero_and_every_tissue_of_a_body_conducts_heat_and_current():
    air, *rest = tissues()
    assert (air.name, air.thermal, air.electrical) == ("air", None, None)
    for tissue in rest:
        if tissue.family == "air" or tissue.name in NO_BODY:
            continue
        assert tissue.thermal is not None
        assert 0.15 < tissue.thermal.conductivity_w_mk < 0.65, tissue.name
        assert tissue.electrical is not None
        assert 0.01 <= tissue.electrical.conductivity_s_m <= 2.1, tissue.name


def test_bone_and_fat_conduct_less_current_than_muscle_and_csf_most():
    """The order that makes a lesion beside bone no ball (Gabriel 1996)."""
    sigma = {t.name: t.electrical.conductivity_s_m for t in tissues() if t.electrical}
    assert sigma["cortical_bone"] < sigma["fat"] < sigma["lung"] < sigma["muscle"] < sigma["csf"]


def test_labels_are_the_order_of_the_file():
    for index, tissue in enumerate(tissues()):
        assert label(tissue.name) == index
    with pytest.raises(InputError, match="did you mean 'muscle'"):
        label("muscel")


def test_every_number_has_a_source_and_a_mark():
    file = presets.read_toml(presets.folder("presets") / "tissues.toml")
    for name, entries in file.items():
        if isinstance(entries, dict):
            if "family" not in entries:
                assert len(presets.numbers(entries)) >= 3, name
            assert entries["source"], name


def test_the_plain_tissues_are_families_and_keep_their_numbers():
    assert tuple(tissue.name for tissue in tissues()[: len(PLAIN)]) == PLAIN
    np.testing.assert_array_equal(families()[: len(PLAIN)], np.arange(len(PLAIN)))
    assert {tissue.family for tissue in tissues()} <= set(PLAIN)


@pytest.mark.parametrize("tissue", tissues(), ids=lambda one: one.name)
def test_every_property_that_a_family_has_its_members_have(tissue):
    family = tissues()[label(tissue.family)]
    for name in ("thermal", "electrical", "acoustic", "xray"):
        assert (getattr(tissue, name) is None) <= (getattr(family, name) is None), name
    assert tissue.acoustic is not None
    assert np.isfinite([tissue.density_kg_m3, tissue.hu, tissue.hu_sd]).all()


def test_families_part_all_labels():
    """Each label is in the one family that its own entry in the table of families says."""
    labels = np.arange(len(tissues()))
    assert len(tissues()) <= MOST_LABELS
    found = [n for name in PLAIN for n in family_labels(name)]
    assert sorted(found) == labels.tolist()
    np.testing.assert_array_equal(families()[families()], families())
    assert {tissues()[n].name for n in family_labels("muscle")} >= {"muscle", "psoas", "multifidus"}
    assert set(bone_labels()) == {
        label(name) for name in ("cortical_bone", "trabecular_bone", *NO_BODY)
    }
    assert (family_of("kidney"), family_of("L4 right root")) == ("viscera", None)


def test_a_member_is_no_family():
    with pytest.raises(InputError, match="psoas is no family, it belongs to muscle"):
        family_labels("psoas")


def number(value: float) -> dict:
    return {"value": value, "source": "a test", "mark": "proposed"}


MUSCLE = {
    "source": "a test",
    "density_kg_m3": number(1000.0),
    "hu": number(50.0),
    "hu_sd": number(5.0),
    "acoustic": {
        "speed_m_s": number(1500.0),
        "attenuation_db_cm_mhz": number(0.7),
        "level_db": number(0.0),
    },
}


def test_what_a_tissue_lacks_comes_from_its_family_number_by_number():
    psoas = {"family": "muscle", "source": "this", "hu": number(40.0)}
    psoas["acoustic"] = {"level_db": number(-3.0)}

    muscle, found = tissues_of({"revision": 1, "muscle": MUSCLE, "psoas": psoas})

    assert (muscle.family, found.family, found.source) == ("muscle", "muscle", "this")
    assert (found.hu, found.hu_sd, found.density_kg_m3) == (40.0, 5.0, 1000.0)
    assert found.acoustic == Acoustic(1500.0, 0.7, -3.0)
    assert muscle.acoustic.level_db == 0.0


def test_a_family_that_is_none_is_refused():
    with pytest.raises(PresetError, match=r"psoas.family .*'muscel'.*did you mean 'muscle'"):
        tissues_of({"muscle": MUSCLE, "psoas": {"family": "muscel", "source": "x"}})


def test_a_family_with_a_family_is_refused():
    psoas = {"family": "muscle", "source": "x"}
    with pytest.raises(PresetError, match="a tissue that has none itself, got 'psoas'"):
        tissues_of({"muscle": MUSCLE, "psoas": psoas, "slip": {"family": "psoas", "source": "x"}})


def test_a_known_ct_number_of_each_organ():
    """Bands of plain CT (Prokop 2003): kidney 20 to 40, liver 45 to 65, lung -910 to -850."""
    hu = {tissue.name: tissue.hu for tissue in tissues()}
    assert 20 <= hu["kidney"] <= 40
    assert 45 <= hu["liver"] <= 65
    assert -910 <= hu["lung"] <= -850
    assert hu["titanium"] >= 3000


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
    gassy = (*family_labels("air"), label("lung"))
    speed = [9e9 if n in gassy else one.acoustic.speed_m_s for n, one in enumerate(tissues())]
    assert tissues()[int(np.argmin(speed))].family in ("fat", "epidural_fat")
    solid = np.where(np.array(speed) < 9e9, speed, 0.0)
    assert set(np.flatnonzero(solid == solid.max())) == set(bone_labels())
