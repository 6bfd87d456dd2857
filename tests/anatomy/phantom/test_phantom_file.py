"""Phantom files: levels, columns, a base, and what is refused."""

import pytest

from needle_sim import presets
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.errors import PresetError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of phantoms that holds the shipped one and takes others."""
    text = (presets.folder("phantoms") / "lumbar_normal.toml").read_text()
    (tmp_path / "lumbar_normal.toml").write_text(text)
    monkeypatch.setattr(presets, "folder", lambda name: tmp_path)
    return tmp_path


def write(folder, text: str) -> None:
    (folder / "odd.toml").write_text('base = "lumbar_normal"\n' + text)


def test_a_file_on_a_base_has_what_it_does_not_change(folder):
    write(
        folder,
        'summary = "narrow"\n[vertebra.L4]\n'
        'canal_depth_mm = { value = 11.0, sd = 1.0, source = "a test", mark = "proposed" }\n',
    )
    odd, usual = size_table("odd"), size_table("lumbar_normal")
    other = [name for name in usual.names if name != "L4_canal_depth_mm"]

    assert phantom_names() == ["lumbar_normal", "odd"]
    assert odd.summary == "narrow"
    assert odd.mean[odd.places("L4_canal_depth_mm")[0]] == 11.0
    for name in other:
        assert odd.mean[odd.places(name)[0]] == usual.mean[usual.places(name)[0]]
    assert len(odd.age) == len(usual.age) > 0


def test_a_sixth_lumbar_vertebra_is_like_the_fifth(folder):
    lumbar = [f"L{n}" for n in range(1, 7)]
    write(folder, f'levels = {[*lumbar, "S1"]}\n[like]\nL6 = "L5"\nL5 = "L4"\n')
    odd, usual = size_table("odd"), size_table("lumbar_normal")

    def mean(table, name):
        return table.mean[table.places(name)[0]]

    assert odd.levels == (*lumbar, "S1")
    assert mean(odd, "L6_pedicle_width_mm") == mean(usual, "L5_pedicle_width_mm")
    assert mean(odd, "L5_pedicle_width_mm") == mean(usual, "L4_pedicle_width_mm")
    assert mean(odd, "L4_pedicle_width_mm") == mean(usual, "L4_pedicle_width_mm")


def test_a_file_of_your_own_is_read_by_its_path(tmp_path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    slope = '[sacrum]\nslope_deg = { value = 36.0, sd = 2.0, source = "a test", mark = "proposed" }'
    first.write_text(f'base = "lumbar_normal"\n{slope}\n')
    second.write_text('base = "first.toml"\nsummary = "on the first"\n')
    table = size_table(str(second))

    assert (table.name, table.summary) == ("second", "on the first")
    assert table.mean[table.places("sacrum_slope_deg")[0]] == 36.0
    with pytest.raises(PresetError, match=r"third\.toml cannot be read"):
        size_table(str(tmp_path / "third.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('levels = ["L2", "L1", "S1"]', "must run from the top"),
        ('levels = ["L1", "L2"]', "must list vertebrae down to S1"),
        ('levels = ["L1", "L9", "S1"]', "no vertebra is called 'L9'"),
        ('levels = ["L1", "L2", "S1"]', "origin must be one of"),
        ('levels = ["L1", "L2", "L3", "L4", "L5", "L6", "S1"]', "has nothing for L6"),
        ("[vertebrae]", "vertebrae is not a known key; did you mean 'vertebra'"),
        (
            "[vertebra.L4]\nwaste_mm = 3.0",
            "L4.waste_mm is not a known key; did you mean 'waist_mm'",
        ),
        ("[vertebra.L4]\nwaist_mm = 3.0", "waist_mm needs value, sd, source and mark"),
        ("[vertebra]\niap_drop_mm = 3.0", "follows from the vertebra below"),
        ("[sacrum]\ntilt_deg = 3.0", "tilt_deg is not a known key"),
        (
            '[trunk]\nskin_mm = { value = 2.0, sd = -1.0, source = "x", mark = "proposed" }',
            "sd -1 must not be negative",
        ),
        (
            '[trunk]\nskin_mm = { value = 2.0, sd = 1, low = 3, source = "x", mark = "proposed" }',
            "the mean 2 must lie from low 3",
        ),
        ("[trunk]\nskin_mm = { value = 2.0, sd = 0.1 }", "needs a source and a mark"),
    ],
)
def test_a_fault_is_named(folder, text, message):
    write(folder, text + "\n")

    with pytest.raises(PresetError, match=message):
        size_table("odd")


def test_a_base_that_leads_back_is_refused(folder):
    (folder / "odd.toml").write_text('base = "even"\n')
    (folder / "even.toml").write_text('base = "odd"\n')

    with pytest.raises(PresetError, match="base leads back to itself"):
        size_table("odd")


def test_a_level_has_at_least_sixty_numbers_of_its_own():
    table = size_table("lumbar_normal")

    assert len(table.fields) >= 60
    assert len(table.names) >= 60 * len(table.levels)
    assert set(table.levels) <= {"T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1"}
