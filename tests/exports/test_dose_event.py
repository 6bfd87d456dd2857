"""An irradiation event holds what the tally's event holds, in the units of the template."""

from dataclasses import replace

import pytest

from needle_sim.errors import InputError
from needle_sim.exports.dose_event import event_items
from needle_sim.exports.sr_items import found
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.tally import DoseEvent

BEAM = Beam(80.0, 0.128, 16.0, {"aluminium": 3.0, "copper": 0.2})
CARM = CArm((1.0, 20.0, 300.0), 25.0, -10.0)
EVENT = DoseEvent("fluoroscopy", CARM, BEAM, 120, 8.0, 31.25, 1.5, 3725.25)


def numbers(event=EVENT, position="prone"):
    items = event_items(event, "2.25.7", position=position)
    return {
        one.ConceptNameCodeSequence[0].CodeMeaning: float(one.MeasuredValueSequence[0].NumericValue)
        for one in items
        if one.ValueType == "NUM"
    }


def test_numbers_are_in_the_units_of_the_template():
    found_here = numbers()
    assert found_here == pytest.approx({
        "Dose Area Product": 31.25e-6,  # Gy m2
        "Dose (RP)": 1.5e-3,  # Gy
        "Positioner Primary Angle": 155.0,
        "Positioner Secondary Angle": -10.0,
        "Collimated Field Area": 0.256**2,
        "Distance Source to Detector": 1000.0,
        "Distance Source to Isocenter": 600.0,
        "Table Longitudinal Position": -300.0,
        "Table Lateral Position": -1.0,
        "Table Height Position": -20.0,
        "Pulse Rate": 8.0,
        "Number of Pulses": 120.0,
        "Pulse Width": 16.0,
        "KVP": 80.0,
        "X-Ray Tube Current": 8.0,
        "Exposure Time": 1920.0,
        "Exposure": 15360.0,
    })  # fmt: skip


def test_blades_and_position_count():
    carm = replace(CARM, pixel_mm=1.0, shape=(256, 256))
    blades = Collimation(60.0, 30.0)
    narrow = numbers(replace(EVENT, carm=carm, collimation=blades))["Collimated Field Area"]
    assert narrow == pytest.approx(0.1 * 0.05, rel=0.01)  # at the receptor
    assert numbers(position="supine")["Table Height Position"] == 20.0


def test_time_filter_and_kind_are_coded():
    items = event_items(EVENT, "2.25.7", position="prone")
    (started,) = found(items, "111526")
    assert started.DateTime == "20000101010205.250000"
    (kind,) = found(items, "113721")
    assert kind.ConceptCodeSequence[0].CodeValue == "44491008"
    (filters,) = found(items, "113771")
    (material,) = found(filters.ContentSequence, "113757")
    assert material.ConceptCodeSequence[0].CodeValue == "66925006"  # copper; no aluminium
    still = replace(EVENT, kind="acquisition", pulses=1, pulses_s=0.0)
    items = event_items(still, "2.25.7", position="prone")
    assert found(items, "113732") == found(items, "113791") == []
    assert found(items, "113721")[0].ConceptCodeSequence[0].CodeValue == "113611"


def test_what_the_template_cannot_hold_is_refused():
    with pytest.raises(InputError, match="within a day"):
        event_items(replace(EVENT, start_s=86400.0), "2.25.7", position="prone")
    odd = replace(BEAM, filters_mm={"iodine": 0.1})
    with pytest.raises(InputError, match="no code for a filter of iodine"):
        event_items(replace(EVENT, pulse=odd), "2.25.7", position="prone")
