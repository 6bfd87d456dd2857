"""The phantom file and the population drawn from it."""

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.anatomy.phantom.spec import phantom_names, spine_spec
from needle_sim.errors import PresetError

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

    assert len(numbers) >= 60
    assert all(number.source for number in numbers.values())
    assert all("sd" in entry for entry in file["vertebra"].values())


@pytest.mark.parametrize("name", COOK21_L5)
def test_the_mean_l5_is_that_of_a_ct_series(name):
    mean, sd = COOK21_L5[name]

    assert getattr(spine_spec().vertebrae["L5"], name) == pytest.approx(mean, abs=0.02 * sd)


def test_facet_angles_are_those_of_620_cts():
    # HIN13, doi:10.1155/2013/693971: L2-3, L3-4, L4-5, L5-S1 from the sagittal plane
    angles = [spine_spec().vertebrae[level].facet_angle_deg for level in LEVELS[2:]]

    assert angles == [30.4, 38.7, 47.0, 47.3]


def test_a_seed_gives_one_spine_and_another_seed_another():
    first, again, other = (spine_spec(rng=np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.vertebrae["L4"] != other.vertebrae["L4"]


def test_the_population_has_the_means_and_spreads_of_the_file():
    rng = np.random.default_rng(0)
    people = [spine_spec(rng=rng).vertebrae["L5"] for _ in range(300)]
    drawn = np.array([[getattr(person, name) for name in COOK21_L5] for person in people])
    mean = np.array([getattr(spine_spec().vertebrae["L5"], name) for name in COOK21_L5])

    # a standard error of the mean is 5 % of an SD; draws beyond 2 SD are refused, which takes 12 %
    assert np.abs(drawn.mean(axis=0) - mean).max() < 0.5
    spread = drawn.std(axis=0)
    assert (spread > 0.7).all()
    assert (spread < 2.3).all()


def test_body_sizes_of_a_person_go_together():
    rng = np.random.default_rng(0)
    people = [spine_spec(rng=rng).vertebrae for _ in range(300)]
    width = [person["L3"].upper_width_mm for person in people]
    depth = [person["L4"].upper_depth_mm for person in people]

    # one size factor with share 0.6 in each: the correlation is about 0.36
    assert 0.2 < np.corrcoef(width, depth)[0, 1] < 0.55


def test_an_unknown_phantom_names_the_known_ones():
    with pytest.raises(PresetError, match="did you mean 'lumbar_normal'"):
        spine_spec("lumbar_norml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("waist_mm", "waste_mm", "waste_mm is not a known key; did you mean 'waist_mm'"),
        ("slope_deg = {", "tilt_deg = {", "tilt_deg is not a known key"),
        ("value = [41.2, ", "value = [", "needs 6 numbers"),
    ],
)
def test_a_faulty_file_is_named(tmp_path, monkeypatch, old, new, message):
    text = (presets.folder("phantoms") / "lumbar_normal.toml").read_text()
    (tmp_path / "odd.toml").write_text(text.replace(old, new, 1))
    monkeypatch.setattr(presets, "folder", lambda name: tmp_path)

    with pytest.raises(PresetError, match=message):
        spine_spec("odd")
