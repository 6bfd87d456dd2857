import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.injectate.agent import Agent


@pytest.mark.parametrize(
    "name", presets.read_toml(presets.folder("presets") / "contrast.toml")["agents"]
)
def test_every_shipped_agent_is_read_and_takes_a_millilitre(name):
    assert Agent.preset(name).checked_ml(1.0) == 1.0


def test_iodine_is_that_of_the_label():
    # 518 and 647 mg iohexol in a millilitre, 46.36 % of it iodine (Omnipaque label)
    for name, iohexol_mg in (("iohexol_240", 518), ("iohexol_300", 647)):
        assert Agent.preset(name).iodine_mg_ml == pytest.approx(0.4636 * iohexol_mg, rel=2e-3)


@pytest.mark.parametrize("name", ["lidocaine", "saline", "dexamethasone"])
def test_drugs_hold_no_iodine(name):
    assert Agent.preset(name).iodine_mg_ml == 0


@pytest.mark.parametrize("volume", [0.0, 0.049, 20.1, -1.0, float("nan")])
def test_a_volume_out_of_range_names_value_and_limits(volume):
    with pytest.raises(InputError, match=r"must be 0.05 to 20, got .*take one in between"):
        Agent.preset("iohexol_240").checked_ml(volume)


@pytest.mark.parametrize("iodine", [-1.0, 400.5])
def test_a_concentration_out_of_range_names_value_and_limits(iodine):
    with pytest.raises(InputError, match=rf"0 to 400, got {iodine:g}"):
        Agent("strong", iodine)


def test_an_unknown_agent_is_told_the_nearest_name():
    with pytest.raises(PresetError, match="did you mean 'iohexol_240'"):
        Agent.preset("iohexol240")


def test_volumes_and_rate_are_checked():
    with pytest.raises(InputError, match=r"must rise from 0\.05 to 20"):
        Agent("odd", 0.0, least_ml=3.0, most_ml=2.0)
    with pytest.raises(InputError, match="rate_ml_s"):
        Agent("odd", 0.0, rate_ml_s=0.0)


def test_an_agent_without_iodine_is_no_contrast_and_those_with_some_are_named():
    assert Agent.preset("iohexol_240").checked_contrast().iodine_mg_ml == 240
    with pytest.raises(InputError, match=r"saline holds no iodine .* iohexol_240 or iohexol_300"):
        Agent.preset("saline").checked_contrast()
