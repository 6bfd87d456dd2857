"""An irradiation event of a dose report (DICOM PS3.16 TID 10003, 10003A, 10003B, 10003C)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from needle_sim.errors import InputError
from needle_sim.exports.dicom_head import DAY
from needle_sim.exports.sr_items import Code, code, container, dcm, moment, num, text, uidref
from needle_sim.exports.xa_acquisition import added_filters
from needle_sim.imaging.xray.angles import positioner_angles
from needle_sim.imaging.xray.collimation import open_share
from needle_sim.imaging.xray.stand import Position
from needle_sim.imaging.xray.tally import DoseEvent

_IN = "CONTAINS"
_KINDS = {
    "fluoroscopy": Code("44491008", "SCT", "Fluoroscopy"),
    "acquisition": dcm(113611, "Stationary Acquisition"),
}
_FILTERS = {
    "copper": Code("66925006", "SCT", "Copper or Copper compound"),
    "molybdenum": Code("71128006", "SCT", "Molybdenum or Molybdenum compound"),
    "tin": Code("12597001", "SCT", "Tin or Tin compound"),
}
_DAY_S = 86400.0


def event_items(event: DoseEvent, event_uid: str, *, position: Position) -> list[Dataset]:
    """The rows of an event; SI units: Gy and Gy m2."""
    return [
        code(dcm(113764, "Acquisition Plane"), dcm(113622, "Single Plane"), "HAS CONCEPT MOD"),
        moment(dcm(111526, "DateTime Started"), _moment(event.start_s)),
        code(dcm(113721, "Irradiation Event Type"), _KINDS[event.kind], _IN),
        code(
            dcm(113780, "Reference Point Definition"),
            dcm(113860, "15cm from Isocenter toward Source"),
            _IN,
        ),
        uidref(dcm(113769, "Irradiation Event UID"), event_uid, _IN),
        num(dcm(122130, "Dose Area Product"), event.kap_ugy_m2 * 1e-6, "Gy.m2"),
        num(dcm(113738, "Dose (RP)"), event.kerma_mgy * 1e-3, "Gy"),
        *_where(event, position),
        *_filters(event),
        *_technique(event),
        code(dcm(123014, "Target Region"), Code("122496007", "SCT", "Lumbar spine"), _IN),
        _device(),
    ]


def _where(event: DoseEvent, position: Position) -> list[Dataset]:
    """Angles, distances, field, and the table as far from the patient's origin."""
    carm = event.carm
    primary, secondary = positioner_angles(carm)
    share = 1.0 if event.collimation is None else open_share(carm, event.collimation)
    area_m2 = share * carm.shape[0] * carm.shape[1] * (carm.pixel_mm * 1e-3) ** 2
    left, back, head = carm.isocentre_mm
    up = back if position == "prone" else -back
    table = {
        dcm(113751, "Table Longitudinal Position"): -head,
        dcm(113752, "Table Lateral Position"): -left,
        dcm(113753, "Table Height Position"): -up,
    }
    return [
        num(dcm(112011, "Positioner Primary Angle"), primary, "deg"),
        num(dcm(112012, "Positioner Secondary Angle"), secondary, "deg"),
        num(dcm(113790, "Collimated Field Area"), area_m2, "m2"),
        num(dcm(113750, "Distance Source to Detector"), carm.source_detector_mm, "mm"),
        num(dcm(113748, "Distance Source to Isocenter"), carm.source_isocentre_mm, "mm"),
        *(num(concept, moved, "mm") for concept, moved in table.items()),
    ]


def _filters(event: DoseEvent) -> list[Dataset]:
    rows = []
    for name, thick_mm in added_filters(event.pulse).items():
        if name not in _FILTERS:
            raise InputError(
                f"a dose report has no code for a filter of {name}: known are aluminium, "
                f"{', '.join(_FILTERS)}"
            )
        items = [
            code(dcm(113772, "X-Ray Filter Type"), dcm(113650, "Strip filter"), _IN),
            code(dcm(113757, "X-Ray Filter Material"), _FILTERS[name], _IN),
            num(dcm(113758, "X-Ray Filter Thickness Minimum"), thick_mm, "mm"),
            num(dcm(113773, "X-Ray Filter Thickness Maximum"), thick_mm, "mm"),
        ]
        rows.append(container(dcm(113771, "X-Ray Filters"), items, _IN))
    return rows


def _technique(event: DoseEvent) -> list[Dataset]:
    beam = event.pulse
    pulsed = [code(dcm(113732, "Fluoro Mode"), dcm(113631, "Pulsed"), _IN)]
    rate = [num(dcm(113791, "Pulse Rate"), event.pulses_s, "{pulse}/s")]
    return [
        *(pulsed if event.kind == "fluoroscopy" else []),
        *(rate if event.pulses_s > 0 else []),
        num(dcm(113768, "Number of Pulses"), event.pulses, "1"),
        num(dcm(113793, "Pulse Width"), beam.pulse_ms, "ms"),
        num(dcm(113733, "KVP"), beam.kvp, "kV"),
        num(dcm(113734, "X-Ray Tube Current"), event.ma, "mA"),
        num(dcm(113824, "Exposure Time"), event.exposure_s * 1e3, "ms"),
        num(dcm(113736, "Exposure"), beam.mas * event.pulses * 1e3, "uA.s"),
    ]


def _device() -> Dataset:
    role = code(dcm(113876, "Device Role in Procedure"), dcm(113859, "Irradiating Device"), _IN)
    named = ((113878, "Device Manufacturer"), (113879, "Device Model Name"))
    role.ContentSequence = [text(dcm(*one), "needle_sim", "HAS PROPERTIES") for one in named]
    return role


def _moment(seconds: float) -> str:
    """A moment of the simulated day, which begins at midnight."""
    if not 0 <= seconds < _DAY_S:
        raise InputError(f"an event begins within a day, at 0 to {_DAY_S:g} s, got {seconds:g}")
    whole, rest = divmod(round(seconds * 1e6), 1_000_000)
    hours, minutes = divmod(whole // 60, 60)
    return f"{DAY}{hours:02d}{minutes:02d}{whole % 60:02d}.{rest:06d}"
