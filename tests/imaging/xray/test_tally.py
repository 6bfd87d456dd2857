"""A tally is the sum of its events, and events hold what pictures and runs say."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.cine import take_cine
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally, event_of, events_of

BEAM = Beam(80.0, 0.5, 16.0, {"aluminium": 3.0, "copper": 0.2})
CARM = CArm((0, 0, 0), pixel_mm=8.0, shape=(32, 32))
FLUOROSCOPY = RunMode.preset("fluoroscopy")


def paths(carm=CARM):
    return PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)})


def test_a_picture_is_one_event_of_one_pulse():
    shot = expose(paths(), BEAM)
    event = event_of(shot, start_s=12.0)
    assert (event.kind, event.pulses, event.start_s) == ("acquisition", 1, 12.0)
    assert (event.kap_ugy_m2, event.kerma_mgy) == (shot.kap_ugy_m2, shot.kerma_mgy)
    assert event.beam_s == event.exposure_s == pytest.approx(0.016)
    assert event.ma == pytest.approx(0.5 / 0.016)


def test_a_run_is_one_event_of_all_its_pulses_and_another_pose_another():
    still = take_cine(paths(), BEAM, FLUOROSCOPY, duration_s=2.0)
    (event,) = events_of(still)
    assert (event.kind, event.pulses, event.pulses_s) == ("fluoroscopy", 30, 15.0)
    assert event.kap_ugy_m2 == pytest.approx(still.kap_ugy_m2)
    assert event.beam_s == pytest.approx(still.beam_s) == pytest.approx(2.0)
    assert event.exposure_s == pytest.approx(30 * 0.016)
    turned = paths(replace(CARM, orbital_deg=30.0))
    both = take_cine(lambda t: paths() if t < 0.99 else turned, BEAM, FLUOROSCOPY, duration_s=2.0)
    first, second = events_of(both)
    assert (first.pulses, second.pulses, second.carm.orbital_deg) == (15, 15, 30.0)
    assert DoseTally((first, second)).kerma_mgy == pytest.approx(both.kerma_mgy)


def test_recorded_runs_are_no_fluoroscopy_time():
    cine = take_cine(paths(), BEAM, RunMode.preset("cine"), duration_s=1.0)
    (event,) = events_of(cine)
    assert event.kind == "acquisition"
    tally = DoseTally().plus(event, *events_of(take_cine(paths(), BEAM, FLUOROSCOPY, duration_s=3)))
    assert tally.fluoroscopy_s == pytest.approx(3.0)
    assert tally.beam_s == pytest.approx(4.0)
    row = tally.to_row()
    assert row["dose_events"] == 2
    assert row["dose_kap_ugy_m2"] == pytest.approx(sum(e.kap_ugy_m2 for e in tally.events))
    assert tally.of("acquisition").kerma_mgy == pytest.approx(cine.kerma_mgy)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "cine"}, "an event is one of"),
        ({"pulses": 0}, "1 pulse or more"),
        ({"kerma_mgy": -1.0}, "not negative"),
        ({"kap_ugy_m2": float("nan")}, "finite"),
        ({"pulses_s": 0.0, "pulses": 2}, "need pulses_s over 0"),
    ],
)
def test_an_event_that_cannot_be_is_refused(change, said):
    fields = {"kind": "fluoroscopy", "carm": CARM, "pulse": BEAM, "pulses": 2, "pulses_s": 8.0,
              "kap_ugy_m2": 1.0, "kerma_mgy": 0.1, **change}  # fmt: skip
    with pytest.raises(InputError, match=said):
        DoseEvent(**fields)
