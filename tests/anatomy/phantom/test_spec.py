"""The phantom file and the population drawn from it."""

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.spec import generator, phantom_names, spine_spec, spreads
from needle_sim.errors import InputError, PresetError

LEVELS = spine_spec().levels

COOK21_L5 = {  # CT of 196 adults, Int J Spine Surg 2021;15:1072
    "anterior_height_mm": (30.3, 1.9),
    "posterior_height_mm": (26.3, 1.6),
    "pedicle_height_mm": (12.9, 1.9),
    "pedicle_width_mm": (16.1, 2.3),
    "canal_width_mm": (28.2, 3.1),
    "canal_depth_mm": (15.6, 2.1),
    "upper_depth_mm": (35.7, 3.5),
    "lower_depth_mm": (35.3, 3.6),
}


def test_the_shipped_phantom_is_found():
    assert "lumbar_normal" in phantom_names()


def test_every_number_has_a_source_and_a_spread():
    file = presets.read_toml(presets.folder("phantoms") / "lumbar_normal.toml")
    numbers = presets.numbers({k: v for k, v in file.items() if isinstance(v, dict)})

    assert len(numbers) >= 100
    assert all(number.source for number in numbers.values())
    assert all("sd" in entry for entry in file["vertebra"].values())


@pytest.mark.parametrize("name", COOK21_L5)
def test_the_mean_l5_is_that_of_a_ct_series(name):
    mean, sd = COOK21_L5[name]

    assert getattr(spine_spec().vertebrae["L5"], name) == pytest.approx(mean, abs=0.02 * sd)


def test_facet_angles_are_those_of_620_cts():
    # HIN13, doi:10.1155/2013/693971: L2-3, L3-4, L4-5, L5-S1 from the sagittal plane
    angles = [spine_spec().vertebrae[level].facet_angle_deg for level in LEVELS[-4:]]

    assert angles == [30.4, 38.7, 47.0, 47.3]


def test_a_seed_gives_one_spine_and_another_seed_another():
    first, again, other = (spine_spec(rng=np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.vertebrae["L4"] != other.vertebrae["L4"]


def test_body_sizes_of_a_person_go_together():
    people = sample_population(1000, 0)
    width, depth = (people.column(name) for name in ("L3_upper_width_mm", "L4_upper_depth_mm"))

    # body size explains 0.6 squared within a sex, and men's are 8 and 11 % larger
    assert 0.5 < np.corrcoef(width, depth)[0, 1] < 0.7


def test_a_sex_an_age_and_a_build_are_kept_with_the_spine():
    spine = spine_spec(person=Person("male", 70, 32))
    other = spine_spec(person=Person("female", 70, 32))

    assert spine.person == Person("male", 70, 32)
    assert spine.vertebrae["L5"].upper_depth_mm > other.vertebrae["L5"].upper_depth_mm
    assert spine.vertebrae["L1"].trabecular_hu == other.vertebrae["L1"].trabecular_hu
    assert spine.trunk["behind_spinous_mm"] == other.trunk["behind_spinous_mm"]
    assert spine_spec(rng=np.random.default_rng(1)).person.sex in ("female", "male")


def test_spreads_are_those_of_the_file():
    assert spreads("lumbar_normal", "L5")["pedicle_width_mm"] == 2.0
    with pytest.raises(InputError, match="lumbar_normal has no C4"):
        spreads("lumbar_normal", "C4")


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed must be a whole number of 0 or more"):
        generator(seed)


def test_an_unknown_phantom_names_the_known_ones():
    with pytest.raises(PresetError, match="did you mean 'lumbar_normal'"):
        spine_spec("lumbar_norml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("waist_mm", "waste_mm", "waste_mm is not a known key; did you mean 'waist_mm'"),
        ("slope_deg = {", "tilt_deg = {", "tilt_deg is not a known key"),
        ("41.2, 42.6, ", "41.2, ", "needs 9 numbers"),
    ],
)
def test_a_faulty_file_is_named(tmp_path, monkeypatch, old, new, message):
    text = (presets.folder("phantoms") / "lumbar_normal.toml").read_text()
    (tmp_path / "odd.toml").write_text(text.replace(old, new, 1))
    monkeypatch.setattr(presets, "folder", lambda name: tmp_path)

    with pytest.raises(PresetError, match=message):
        spine_spec("odd")
