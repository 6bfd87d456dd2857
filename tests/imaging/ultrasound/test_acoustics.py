from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.tissue import label, tissues
from needle_sim.errors import PresetError
from needle_sim.imaging.ultrasound import acoustics
from needle_sim.imaging.ultrasound.acoustics import acoustic_of, kin, reflection, table_for
from needle_sim.imaging.ultrasound.march import BONE_MIRROR
from needle_sim.imaging.ultrasound.probe import Probe

CURVED = Probe.preset("curved_3p5mhz")


def test_loss_there_and_back_is_twice_alpha_f():
    curved, linear = table_for(CURVED), table_for(Probe.preset("linear_9mhz"))

    assert curved.loss_db_mm[label("muscle")] == pytest.approx(2 * 0.7 * 3.5 / 10)
    np.testing.assert_allclose(linear.loss_db_mm / curved.loss_db_mm, 9 / 3.5)


def test_reflections_are_those_of_the_tables():
    """Fat to muscle 0.14, muscle to bone 0.59 (design values)."""
    z = table_for(CURVED).impedance_mrayl

    assert reflection(z[label("fat")], z[label("muscle")]) == pytest.approx(0.14, abs=0.005)
    bone = reflection(z[label("muscle")], z[label("cortical_bone")])
    assert bone == pytest.approx(BONE_MIRROR, abs=0.005)
    assert reflection(z[label("muscle")], z[label("air")]) == pytest.approx(-1, abs=1e-3)


def test_csf_is_next_to_silent_and_ligament_louder_than_muscle():
    speckle = table_for(CURVED).speckle
    csf, blood, muscle, ligament = (
        20 * np.log10(speckle[label(name)]) for name in ("csf", "blood", "muscle", "ligament")
    )

    assert csf < muscle - 40
    assert csf < blood < muscle < ligament


def test_a_tissue_sounds_as_its_family_unless_it_is_harder_or_softer():
    alike = kin()

    for name, family in (("psoas", "muscle"), ("aorta", "blood"), ("cauda_equina", "csf"),
                         ("bowel_gas", "air"), ("titanium", "cortical_bone"),
                         ("lung", "lung"), ("muscle", "muscle")):  # fmt: skip
        assert alike[label(name)] == label(family), name
    np.testing.assert_array_equal(alike[alike], alike)
    z = table_for(CURVED).impedance_mrayl
    assert abs(reflection(z[label("muscle")], z[label("lung")])) > 0.5


def test_every_tissue_has_a_sound():
    assert all(tissue.acoustic is not None for tissue in tissues())


def test_a_tissue_without_sound_is_named(monkeypatch):
    mute = tuple(replace(tissue, acoustic=None) for tissue in tissues())
    monkeypatch.setattr(acoustics, "tissues", lambda: mute)

    with pytest.raises(PresetError, match=r"tissues\.toml: muscle\.acoustic is missing"):
        acoustic_of(label("muscle"))
