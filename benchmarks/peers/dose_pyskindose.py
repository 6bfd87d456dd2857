"""Our dose report as pyskindose's parser reads it: doses, angles and technique of every event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom
from pyskindose.rdsr_parser import rdsr_parser

from benchmarks.peers.row import Row, say
from needle_sim.exports.dose_report import save_dose_report
from needle_sim.imaging.xray.angles import positioner_angles
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.tally import DoseEvent, DoseTally

EVENTS = 24


def tally() -> DoseTally:
    """Fluoroscopy and pictures in turn, about the patient."""
    beam = Beam(80.0, 0.128, 16.0, {"aluminium": 3.0, "copper": 0.2})
    carm = CArm((1.0, -20.0, 5.0))
    events = []
    for n in range(EVENTS):
        pose = replace(carm, orbital_deg=15.0 * n - 170.0, tilt_deg=n - 12.0)
        dose = 31.0 / (n + 3), 1.7 / (n + 7)
        kind, pulses, rate = ("fluoroscopy", 40 + n, 8.0) if n % 2 else ("acquisition", 1, 0.0)
        used = replace(beam, kvp=70.0 + n)
        events.append(DoseEvent(kind, pose, used, pulses, rate, *dose, 10.0 * n))  # type: ignore[arg-type]
    return DoseTally(tuple(events))


def rows() -> Iterator[Row]:
    given = tally()
    with TemporaryDirectory() as folder:
        path = save_dose_report(given, Path(folder) / "dose.dcm")
        read = rdsr_parser(pydicom.dcmread(path))
    angles = [positioner_angles(event.carm) for event in given.events]
    wanted = {
        "DoseAreaProduct_Gym2": [event.kap_ugy_m2 * 1e-6 for event in given.events],
        "DoseRP_Gy": [event.kerma_mgy * 1e-3 for event in given.events],
        "PositionerPrimaryAngle_deg": [one[0] for one in angles],
        "PositionerSecondaryAngle_deg": [one[1] for one in angles],
        "KVP_kV": [event.pulse.kvp for event in given.events],
        "NumberofPulses_1": [event.pulses for event in given.events],
        "XRayFilterThicknessMaximum_mm": [0.2] * EVENTS,
    }
    if len(read) != EVENTS:
        raise ValueError(f"pyskindose finds {len(read)} events of {EVENTS}")
    for name, values in wanted.items():
        pairs = zip(read[name], values, strict=True)
        off = max(abs(float(a) - b) / max(abs(b), 1e-9) for a, b in pairs)
        said = f"{name} of {EVENTS} events"
        version = metadata.version("pyskindose")
        yield Row("pyskindose", version, said, None, None, None, 0.0, off, "largest relative error")


if __name__ == "__main__":
    say(rows())
