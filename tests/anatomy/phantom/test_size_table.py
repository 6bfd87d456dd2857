"""The numbers of a phantom in one row, and their rules."""

import numpy as np
import pytest

from needle_sim import presets
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.errors import PresetError


@pytest.fixture(scope="module")
def table():
    return size_table("lumbar_normal")


def test_places_are_found_by_field_level_and_part(table):
    widths = [table.names[n] for n in table.places("pedicle_width_mm")]

    assert widths == [f"{level}_pedicle_width_mm" for level in table.levels]
    for name in ("L4_pedicle_width_mm", "sacrum_slope_deg", "trunk_skin_mm"):
        assert [table.names[n] for n in table.places(name)] == [name]
    assert table.places("L4.pedicle_width_mm") == table.places("L4_pedicle_width_mm")
    with pytest.raises(KeyError):
        table.places("pedicle_girth_mm")


def test_values_come_apart_as_they_were_named(table):
    row = np.arange(len(table.names), dtype=float)[None]
    sizes, sacrum = table.of_vertebrae(row), table.beside("sacrum", row)

    for name in ("L4_pedicle_width_mm", "S1_flavum_mm"):
        level, field = name.split("_", 1)
        assert sizes[field][0, table.levels.index(level)] == table.places(name)[0]
    assert sacrum["slope_deg"][0] == table.places("sacrum_slope_deg")[0]


def test_every_mean_lies_in_its_range(table):
    assert (table.low <= table.mean).all()
    assert (table.mean <= table.high).all()
    lengths = np.array(
        [name.endswith("_mm") and not name.startswith(("cord", "kidney")) for name in table.names]
    )  # conus and kidneys may lie above or behind what they are measured from
    assert (table.low[lengths & (table.mean > 0)] >= -10.0).all()


def test_sexes_differ_as_ct_found_at_l5(table):
    # COOK21, Int J Spine Surg 2021;15:1072, table 6: men over women
    for name, men, women in (
        ("upper_depth_mm", 37.1, 33.3),
        ("pedicle_width_mm", 16.6, 15.1),
        ("canal_width_mm", 28.5, 27.6),
        ("posterior_height_mm", 26.8, 25.5),
    ):
        assert table.sex_ratio[table.places(f"L5_{name}")[0]] == pytest.approx(
            men / women, abs=2e-3
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lengths = { value = 1.08", "lengths = { value = 1.8", "differs by .* between the sexes"),
        ("[80.0, 0.88]", "[50.0, 0.88]", "needs pairs .age, number. that rise in age"),
        ("[40.0, 1.0], [60.0, 0.98]", "[40.0, 1.1], [60.0, 0.98]", "pass 1 at 40"),
        (
            "trunk_front_mm = { value = [[",
            "trunk_back_mm = { value = [[",
            "trunk_back_mm is no size",
        ),
        ("[bmi.add]", "[bmi.plus]", "plus is not known; use reference, times and add"),
    ],
)
def test_a_faulty_rule_is_named(tmp_path, monkeypatch, old, new, message):
    text = (presets.folder("phantoms") / "lumbar_normal.toml").read_text()
    assert old in text
    (tmp_path / "odd.toml").write_text(text.replace(old, new, 1))
    monkeypatch.setattr(presets, "folder", lambda name: tmp_path)

    with pytest.raises(PresetError, match=message):
        size_table("odd")
