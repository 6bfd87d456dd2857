"""`save_dose_report`: a tally as DICOM X-Ray Radiation Dose SR (TID 10001, 10002, 10003)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import XRayRadiationDoseSRStorage

from needle_sim.errors import InputError
from needle_sim.exports.dicom_head import SIMULATED, STATEMENT, headed, save_new, study_key, uid
from needle_sim.exports.dose_event import event_items
from needle_sim.exports.sr_items import Code, code, container, dcm, num, text, uidref
from needle_sim.imaging.xray.stand import checked_position
from needle_sim.imaging.xray.tally import DoseTally

_REFERENCE = dcm(113860, "15cm from Isocenter toward Source")
_TOTALS = {
    "": (113722, "Dose Area Product Total", 113725, "Dose (RP) Total"),
    "fluoroscopy": (113726, "Fluoro Dose Area Product Total", 113728, "Fluoro Dose (RP) Total"),
    "acquisition": (
        113727, "Acquisition Dose Area Product Total", 113729, "Acquisition Dose (RP) Total",
    ),
}  # fmt: skip


def save_dose_report(
    tally: DoseTally,
    path: Path,
    *,
    position: str = "prone",
    study: str | None = None,
    series: int = 99,
    device: str = "needle_sim",
) -> Path:
    """Write a tally into a new file, one irradiation event an exposure or run.

    Parameters
    ----------
    tally : DoseTally
        At least one event.
    path : Path
        A file that is not there yet.
    position : "prone" or "supine"
    study : str or None
        As for `save_xa`: the same word, the same study and patient.
    series : int
    device : str
        Name of the C-arm.

    Returns
    -------
    Path
        ``path``. Totals are the sums of what the events say, digit for digit as written.

    References
    ----------
    DICOM PS3.3 A.35.8 (X-Ray Radiation Dose SR IOD), PS3.16 TID 10001, 10002, 10003.
    """
    lying = checked_position(position)
    if not tally.events:
        raise InputError("a dose report needs at least one event, this tally has none")
    content = hashlib.sha256(f"{tally!r}{position}{device}".encode()).digest()
    key = study_key(study, content)
    data = headed(
        XRayRadiationDoseSRStorage, content=content, study=key, modality="SR", series=series
    )
    for name in ("AcquisitionDate", "AcquisitionTime", "PatientComments"):
        delattr(data, name)
    data.SeriesDescription = STATEMENT
    data.ReferencedPerformedProcedureStepSequence = Items([])
    data.PerformedProcedureCodeSequence = Items([])
    data.CompletionFlag, data.VerificationFlag, data.PreliminaryFlag = (
        "COMPLETE", "UNVERIFIED", "FINAL",
    )  # fmt: skip
    events = [
        event_items(event, uid(content, f"event {n}"), position=lying)
        for n, event in enumerate(tally.events)
    ]
    parts = [*_observed(data, device), _accumulated(tally, events)]
    title = dcm(113706, "Irradiation Event X-Ray Data")
    parts += [container(title, one, "CONTAINS") for one in events]
    source = dcm(113854, "Source of Dose Information"), dcm(113940, "System Calculated")
    parts += [text(dcm(121106, "Comment"), STATEMENT, "CONTAINS"), code(*source, "CONTAINS")]
    root = container(dcm(113701, "X-Ray Radiation Dose Report"), parts, None, template="10001")
    data.update(root)
    return save_new(data, path)


def _observed(data: Dataset, device: str) -> list[Dataset]:
    """Procedure, observer and scope: the rows of TID 10001 before the doses."""
    procedure = code(
        dcm(121058, "Procedure reported"), dcm(113704, "Projection X-Ray"), "HAS CONCEPT MOD"
    )
    intent = Code("363703001", "SCT", "Has Intent"), Code("363675004", "SCT", "Guidance Intent")
    procedure.ContentSequence = Items([code(*intent, "HAS CONCEPT MOD")])
    scope = code(dcm(113705, "Scope of Accumulation"), dcm(113014, "Study"), "HAS OBS CONTEXT")
    study = uidref(dcm(110180, "Study Instance UID"), data.StudyInstanceUID, "HAS PROPERTIES")
    scope.ContentSequence = Items([study])
    name, made = dcm(121013, "Device Observer Name"), dcm(121014, "Device Observer Manufacturer")
    model = dcm(121015, "Device Observer Model Name")
    serial = dcm(121016, "Device Observer Serial Number")
    context = "HAS OBS CONTEXT"
    return [
        procedure,
        code(dcm(121005, "Observer Type"), dcm(121007, "Device"), context),
        uidref(dcm(121012, "Device Observer UID"), uid(b"", f"device {device}"), context),
        text(name, device, context),
        text(made, "needle_sim", context),
        text(model, "needle_sim", context),
        text(serial, SIMULATED, context),
        scope,
    ]


def _accumulated(tally: DoseTally, events: Sequence[Sequence[Dataset]]) -> Dataset:
    """Totals (TID 10002, 10004) as sums of the numbers that the events are written with."""
    kinds = [event.kind for event in tally.events]
    items = [code(dcm(113764, "Acquisition Plane"), dcm(113622, "Single Plane"), "HAS CONCEPT MOD")]
    for kind, (area, area_name, dose, dose_name) in _TOTALS.items():
        of_kind = [one for one, its in zip(events, kinds, strict=True) if kind in ("", its)]
        items.append(num(dcm(area, area_name), _sum(of_kind, "122130"), "Gy.m2"))
        items.append(num(dcm(dose, dose_name), _sum(of_kind, "113738"), "Gy"))
    fluoroscopy, recorded = tally.of("fluoroscopy"), tally.of("acquisition")
    items.append(num(dcm(113730, "Total Fluoro Time"), fluoroscopy.beam_s, "s"))
    items.append(num(dcm(113855, "Total Acquisition Time"), recorded.beam_s, "s"))
    frames = sum(event.pulses for event in recorded.events)
    items.append(num(dcm(113731, "Total Number of Radiographic Frames"), frames, "1"))
    items.append(code(dcm(113780, "Reference Point Definition"), _REFERENCE, "CONTAINS"))
    title = dcm(113702, "Accumulated X-Ray Dose Data")
    return container(title, items, "CONTAINS", template="10002")


def _sum(events: Sequence[Sequence[Dataset]], concept: str) -> float:
    return float(
        sum(
            float(item.MeasuredValueSequence[0].NumericValue)
            for event in events
            for item in event
            if item.ConceptNameCodeSequence[0].CodeValue == concept
        )
    )
