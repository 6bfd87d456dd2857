import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.thermal.protocol import Continuous, Protocol


def test_every_shipped_protocol_loads_with_its_sources():
    for name in presets.names("protocols"):
        protocol = Protocol.preset(name)
        assert protocol.steps
        assert presets.table("protocols", name)["summary"]


def test_the_conventional_lesion():
    protocol = Protocol.preset("continuous_80c_90s")
    assert protocol.steps == (Continuous(80.0, 90.0, 15.0, 30.0, 100.0),)
    assert protocol.total_s == 105.0
    assert Protocol.preset("continuous_80c_120s").steps[0].duration_s == 120.0


def test_an_unknown_protocol_names_the_nearest():
    with pytest.raises(PresetError, match="continuous_80c_90s"):
        Protocol.preset("continuous_80c_90")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[x]\nsensor_mm = 1.0\n[[x.steps]]\nkind = 'pulse'", "steps\\[0\\].kind 'pulse'"),
        ("[x]\nsensor_mm = 1.0\nsensors_mm = 2.0", "sensors_mm is not a known key.*sensor_mm"),
        (
            "[x]\nsensor_mm = 1.0\n[[x.steps]]\nkind = 'continuous'\nset_c = 80.0\n"
            "duration_s = -90.0",
            "protocols.toml: x.steps\\[0\\].*duration_s must be positive, got -90",
        ),
        (
            "[x]\nsensor_mm = 1.0\n[[x.steps]]\nkind = 'continuous'\nduration_s = 90.0\n"
            "set_c = { value = 80.0, source = '', mark = 'read' }",
            "set_c needs a source",
        ),
    ],
)
def test_a_fault_names_file_table_and_key(tmp_path, monkeypatch, text, says):
    (tmp_path / "protocols.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(presets, "folder", lambda name: tmp_path)
    with pytest.raises(PresetError, match=says):
        Protocol.preset("x")


@pytest.mark.parametrize(
    "changes", [{"set_c": 120.0}, {"duration_s": 0.0}, {"ramp_s": -1.0}, {"limit_w": 0.0}]
)
def test_settings_beyond_a_generator_are_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        Continuous(**{"set_c": 80.0, "duration_s": 90.0, **changes})


def test_a_protocol_has_steps_and_a_sensor():
    with pytest.raises(InputError, match="at least one step"):
        Protocol(())
    with pytest.raises(InputError, match="sensor_mm"):
        Protocol((Continuous(80.0, 90.0),), sensor_mm=0.0)
