"""Automatic brightness: the target is met along the device's curve, within law and curve."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.brightness import Brightness, legal, set_brightness
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.presets import names, table

CARM = CArm((0, 0, 0), pixel_mm=2.0, shape=(128, 128))
DEVICES = list(names("carms"))


def trunk(soft=20.0, bone=1.0, carm=CARM):
    parts = {"soft": soft, "bone": bone}
    return PathLengths(
        carm, {name: np.full(carm.shape, mass, np.float32) for name, mass in parts.items()}
    )


def middle(shot):
    rows, columns = shot.array.shape
    quarter = shot.array[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return float(np.median(quarter)) / shot.carm.pixel_mm**2


@pytest.mark.parametrize("soft", [10.0, 20.0, 30.0])
def test_the_measuring_field_gets_its_signal_scatter_included(soft):
    paths, panel = trunk(soft), Detector.preset("mobile_flat_panel")
    technique = set_brightness(paths)
    still = middle(expose(paths, technique.still))
    assert still == pytest.approx(panel.target_kev_mm2, rel=0.01)
    run = RunMode.preset("fluoroscopy")
    pulse = middle(expose(paths, technique.pulse))
    assert pulse == pytest.approx(run.dose * panel.target_kev_mm2, rel=0.01)
    assert technique.reached == pytest.approx(1.0, abs=2e-3)
    assert technique.limit == "none"


@pytest.mark.parametrize("device", DEVICES)
def test_the_technique_lies_on_the_curve_of_the_device(device):
    curve = Brightness.preset(device)
    technique = set_brightness(trunk(22.0), device=device)
    again = np.interp(technique.pulse.kvp, curve.kvp, curve.ma)
    run = RunMode.preset("fluoroscopy")
    assert technique.ma * run.pulse_ms == pytest.approx(again * curve.pulse_ms, rel=1e-9)
    assert technique.pulse.filters_mm == curve.filters_mm


def test_more_patient_takes_more_voltage_current_and_dose():
    found = [set_brightness(trunk(soft)) for soft in (12.0, 18.0, 24.0, 30.0)]
    for values in (
        [one.pulse.kvp for one in found],
        [one.ma for one in found],
        [one.kerma_mgy_min(CARM) for one in found],
    ):
        assert (np.diff(values) > 0).all()


def test_at_the_end_of_the_curve_the_picture_is_dark_and_says_so():
    technique = set_brightness(trunk(45.0))
    curve = Brightness.preset("mobile_flat_panel")
    assert (technique.pulse.kvp, technique.ma) == pytest.approx((curve.kvp[-1], curve.ma[-1]))
    assert technique.limit == "curve"
    got = middle(expose(trunk(45.0), technique.still))
    wanted = Detector.preset("mobile_flat_panel").target_kev_mm2
    assert technique.reached == pytest.approx(got / wanted, rel=0.01)
    (note,) = technique.notes()
    assert "end of the device's curve" in str(note)


def test_before_next_to_nothing_the_current_falls_and_at_a_tenth_it_ends():
    curve = Brightness.preset("mobile_flat_panel")
    content = replace(Detector.preset("mobile_flat_panel"), target_kev_mm2=1e4)
    thin = set_brightness(trunk(0.0, 0.0), detector=content)
    assert thin.pulse.kvp == curve.kvp[0]
    assert 0.1 * curve.ma[0] < thin.ma < curve.ma[0]
    assert thin.reached == pytest.approx(1.0, abs=2e-3)
    keen = replace(Detector.preset("mobile_flat_panel"), target_kev_mm2=1e3)
    least = set_brightness(trunk(0.0, 0.0), detector=keen)
    assert least.ma == pytest.approx(0.1 * curve.ma[0])
    assert (least.reached > 1, least.limit) == (True, "curve")


@pytest.mark.parametrize(("high", "name"), [(False, "normal_mgy_min"), (True, "high_mgy_min")])
def test_the_law_holds_30_cm_before_the_receptor(high, name):
    """30 pulses a second of thrice the charge would go over 21 CFR 1020.32's 88 and 176 mGy/min."""
    run = RunMode(30.0, 16.0, 0.75, 1.0)
    technique = set_brightness(trunk(40.0), run=run, high_level=high)
    nearer = (CARM.source_isocentre_mm - 150.0) / (CARM.source_detector_mm - 300.0)
    rate = technique.kerma_mgy_min(CARM) * nearer**2
    assert technique.limit == "kerma"
    assert rate == pytest.approx(legal()[name], rel=1e-3)
    assert legal()[name] == {"normal_mgy_min": 88.0, "high_mgy_min": 176.0}[name]
    assert technique.reached < 0.9


def test_a_run_of_longer_or_stronger_pulses_keeps_voltage_and_takes_its_charge():
    usual = set_brightness(trunk())
    other = set_brightness(trunk(), run=RunMode(4.0, 8.0, 0.5, 1.0))
    assert other.pulse.kvp == usual.pulse.kvp
    assert other.pulse.mas == pytest.approx(2 * usual.pulse.mas)
    assert other.ma == pytest.approx(4 * usual.ma)
    assert other.still.mas == usual.still.mas
    assert other.pulses_s == 4.0


def test_what_the_blades_shut_off_is_not_measured():
    """The open part is as bright as before: without scatter nothing changes."""
    paths = trunk()
    field = Collimation(40.0, 40.0)
    dim = replace(Detector.preset("mobile_flat_panel"), scatter=False)
    wide = set_brightness(paths, detector=dim)
    narrow = set_brightness(paths, detector=dim, collimation=field)
    assert narrow.pulse.kvp == pytest.approx(wide.pulse.kvp, rel=0.01)


def test_rays_that_the_end_of_the_volume_cuts_are_left_out():
    beyond = np.zeros(CARM.shape, np.float32)
    soft = np.full(CARM.shape, 20.0, np.float32)
    soft[64:], beyond[64:] = 5.0, 25.0
    cut = PathLengths(CARM, {"soft": soft}, beyond)
    whole = PathLengths(CARM, {"soft": np.full(CARM.shape, 20.0, np.float32)})
    assert set_brightness(cut).pulse.kvp == pytest.approx(set_brightness(whole).pulse.kvp, rel=0.02)


def test_it_is_the_same_again_and_says_itself_as_a_row():
    one, two = set_brightness(trunk()), set_brightness(trunk())
    assert one == two
    row = one.to_row()
    assert row["technique_pulses_s"] == 15.0
    assert row["technique_limit"] == "none"
    assert one.notes() == ()


def test_a_curve_that_falls_and_a_c_arm_too_short_are_refused():
    with pytest.raises(InputError, match="along a curve kvp and ma rise"):
        Brightness((60.0, 80.0), (5.0, 4.0), 16.0, 0.25, {"aluminium": 3.0})
    with pytest.raises(InputError, match="as many kvp as ma"):
        Brightness((60.0,), (5.0,), 16.0, 0.25, {"aluminium": 3.0})
    with pytest.raises(InputError, match="pulse_ms is over 0"):
        Brightness((60.0, 70.0), (5.0, 6.0), 0.0, 0.25, {"aluminium": 3.0})
    short = replace(CARM, source_isocentre_mm=200.0, source_detector_mm=290.0)
    with pytest.raises(InputError, match="source_detector_mm must be over that, got 290"):
        set_brightness(trunk(carm=short))


@pytest.mark.parametrize("device", DEVICES)
def test_every_number_of_a_curve_has_its_source(device):
    for key, value in table("carms", device)["brightness"].items():
        assert key == "filters_mm" or {"value", "source", "mark"} <= set(value)
