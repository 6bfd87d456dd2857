import numpy as np
import pytest

from needle_sim import presets
from needle_sim.errors import InputError, PresetError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimator
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.dose import set_exposure
from needle_sim.imaging.xray.modes import (
    WHOLE,
    FieldMode,
    Modes,
    RunMode,
    magnified,
    metered,
    pulse_of,
)
from needle_sim.imaging.xray.projector import PathLengths

DEVICES = presets.names("carms")
PANEL = Modes.preset("mobile_flat_panel")


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_has_modes_a_collimator_and_fields_that_shrink(device):
    modes, carm = Modes.preset(device), CArm.preset(device)
    whole = carm.pixel_mm * min(carm.shape)
    assert modes.least_source_detector_mm <= carm.source_detector_mm
    assert carm.source_detector_mm <= modes.most_source_detector_mm
    sides = [whole, *(field.field_mm for field in modes.fields.values())]
    doses = [1.0, *(field.dose for field in modes.fields.values())]
    assert len(sides) >= 3
    assert (np.diff(sides) < 0).all()
    assert (np.diff(doses) > 0).all()  # a magnified field costs more
    assert modes.run("fluoroscopy").weight < 1
    assert Collimator.preset(device).blades_mm < carm.source_isocentre_mm


def test_an_intensifiers_dose_goes_with_the_inverse_area_and_a_panels_with_the_inverse_side():
    trimode = Modes.preset("image_intensifier").fields
    assert trimode["magnified_1"].dose == pytest.approx((0.45 * 512 / 150) ** 2)
    assert trimode["magnified_2"].dose == pytest.approx((0.45 * 512 / 110) ** 2)
    assert PANEL.fields["magnified_2"].dose == pytest.approx(256 / 150)


def test_pixel_size_and_charge_follow_the_field():
    carm = CArm.preset("mobile_flat_panel")
    near = magnified(carm, PANEL, "magnified_2")
    assert near.pixel_mm == pytest.approx(150.0 / 512)
    assert near.shape == carm.shape
    assert magnified(carm, PANEL, WHOLE) == carm
    detector = Detector.preset("mobile_flat_panel")
    set_to = {}
    for name in (WHOLE, "magnified_2"):
        small = CArm((0, 0, 0), shape=(16, 16), pixel_mm=4.0)
        paths = PathLengths(small, {"soft": np.full(small.shape, 20.0, np.float32)})
        used = metered(detector, PANEL, name)
        set_to[name] = set_exposure(paths, Beam.preset("lumbar_ap"), detector=used).mas
    assert set_to["magnified_2"] / set_to[WHOLE] == pytest.approx(256 / 150)


def test_an_intensifiers_round_field_fills_the_picture_and_its_screen_bends_as_before():
    """The bend at a radius is that of the screen: pincushion (r / R)^2 stays at the same r."""
    whole, modes = Detector.preset("image_intensifier"), Modes.preset("image_intensifier")
    near = metered(whole, modes, "magnified_2")
    carm = CArm.preset("image_intensifier")
    fills = whole.intensifier.field_mm / (carm.pixel_mm * 512)
    there = magnified(carm, modes, "magnified_2")
    assert near.intensifier.field_mm / (there.pixel_mm * 512) == pytest.approx(fills)
    rates = [one.intensifier.pincushion / one.intensifier.field_mm**2 for one in (whole, near)]
    assert rates[0] == pytest.approx(rates[1])


def test_a_pulse_is_its_share_of_a_still_picture():
    beam = Beam.preset("lumbar_ap")
    run = PANEL.run("fluoroscopy")
    assert pulse_of(beam, run).mas == pytest.approx(0.25 * beam.mas)
    assert pulse_of(beam, run).pulse_ms == 16.0
    assert pulse_of(beam, PANEL.run("spot")).mas > beam.mas


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PANEL.run("dsaa"), "mobile_flat_panel has no run 'dsaa'; did you mean 'dsa'"),
        (lambda: Modes.preset("image_intensifier").run("dsa"), "has no run 'dsa'"),
        (lambda: PANEL.field("magnified_9"), "has no field 'magnified_9'; did you mean"),
        (lambda: FieldMode(0.0, 1.0), "10 to 600 mm"),
        (lambda: RunMode(30.0, 50.0, 1.0, 1.0), "does not fit 30 times into a second"),
        (lambda: RunMode(90.0, 5.0, 1.0, 1.0), "0.1 to 60, got 90"),
        (lambda: RunMode(15.0, 5.0, 1.0, 0.0), "weight over 0"),
        (
            lambda: magnified(CArm((0, 0, 0), shape=(64, 64)), PANEL, "magnified_1"),
            "magnify from the whole detector",
        ),
    ],
)
def test_a_mode_that_the_device_lacks_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_an_unknown_device_is_refused():
    with pytest.raises(PresetError, match="did you mean 'image_intensifier'"):
        Modes.preset("image_intensifierr")
