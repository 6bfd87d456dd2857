"""What `needle-sim fluoro` says of dose, and writes as DICOM: pictures (XA) and the dose report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from needle_sim.cli.folder import output_folder
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.cli.fluoro_shot import Taken
    from needle_sim.imaging.xray.tally import DoseTally

DICOM = ".dcm"


def check_out(given: Mapping[str, Any]) -> None:
    """Refuse what would be written over, or is no file's name, before anything is worked out."""
    report: Path | None = given["dose_report"]
    if report is not None and report.suffix.lower() != DICOM:
        raise InputError(f"--dose-report is a file that ends with {DICOM}, got {report}")
    for path in (*_pictures(given).values(), *([] if report is None else [report])):
        if path.exists():
            raise InputError(f"{path} is there already and is kept: give another name")
        if not path.parent.is_dir():
            raise InputError(f"there is no folder {path.parent} for {path.name}")


@contextmanager
def place(given: Mapping[str, Any], name: str) -> Iterator[Path]:
    """The folder to write into: of ``--out x.dcm`` the one that the file lies in."""
    if _is_file(given):
        yield Path(given["out"]).parent
    else:
        with output_folder(given["out"], name, force=given["force"]) as folder:
            yield folder


def write_dicom(taken: Taken, given: Mapping[str, Any]) -> list[str]:
    """``--out x.dcm``, its runs beside it, and the dose report; one study, nothing written over."""
    from needle_sim.exports.dicom_xa import save_xa
    from needle_sim.exports.dose_report import save_dose_report

    study = hashlib.sha256(taken.shot.array.tobytes()).hexdigest()
    how = {"position": given["position"], "study": study}
    written = []
    for series, (part, path) in enumerate(_pictures(given).items(), start=1):
        shots = {"shot": taken.shot, "cine": taken.cine, "dsa": taken.injection}[part]
        if shots is not None:
            save_xa(shots, path, series=series, description=_described(part, given), **how)
            written.append(path.name)
    if given["dose_report"] is not None:
        path = Path(given["dose_report"])
        save_dose_report(tally_of(taken), path, device=given["device"], **how)
    return written


def tally_of(taken: Taken) -> DoseTally:
    """Everything that was irradiated, in order."""
    from needle_sim.imaging.xray.tally import DoseTally, event_of, event_of_contrast, events_of

    events = [event_of(taken.shot)]
    if taken.injection is not None:
        events.append(event_of_contrast(taken.injection))
    if taken.cine is not None:
        events += events_of(taken.cine)
    return DoseTally(tuple(events))


def dose_row(anatomy: Anatomy, taken: Taken, given: Mapping[str, Any]) -> dict[str, Any]:
    """Technique and dose, flat; None where it is not known."""
    from needle_sim.imaging.xray.skin_dose import skin_dose, skin_of

    tally, technique = tally_of(taken), taken.technique
    rate = technique.kerma_mgy_min(taken.shot.carm)
    automatic = given["kvp"] is None and given["mas"] is None
    try:
        peak = skin_dose(skin_of(anatomy.ct), tally, position=given["position"]).peak_mgy
    except InputError:  # no trunk in this volume whose skin could be found
        peak = None
    return {
        "technique": "automatic" if automatic else "by hand",
        **{key: _rounded(value) for key, value in technique.to_row().items() if automatic},
        "fluoroscopy_kerma_mgy_min": _rounded(rate) if automatic else None,
        "dose_events": len(tally.events),
        "fluoroscopy_s": _rounded(tally.fluoroscopy_s),
        "kap_ugy_m2": _rounded(tally.kap_ugy_m2),
        "kerma_mgy": _rounded(tally.kerma_mgy),
        "peak_skin_mgy": None if peak is None else _rounded(peak),
    }


def dose_words(result: Mapping[str, Any]) -> list[str]:
    """Beam and dose in words."""
    beam = f"{result['kvp']:.3g} kV, {result['mas']:.3g} mAs, {result['device']}"
    lines = [f"Beam      {beam}, {result['technique']}"]
    if result["technique"] == "automatic":
        pulses = (
            f"{result['technique_ma']:.3g} mA, {result['technique_pulse_ms']:g} ms, "
            f"{result['technique_pulses_s']:g}/s"
        )
        rate = f"{result['fluoroscopy_kerma_mgy_min']:.3g} mGy/min at the reference point"
        lines.append(f"Rate      {rate} in fluoroscopy: {pulses}")
    lines.append(
        f"Dose      {result['kerma_mgy']:.3g} mGy at the reference point, "
        f"{result['kap_ugy_m2']:.3g} µGy m2 ({result['kap_ugy_m2'] / 100:.3g} Gy cm2)"
    )
    if result["peak_skin_mgy"] is not None:
        lines.append(f"Skin      {result['peak_skin_mgy']:.3g} mGy at most")
    return lines


def _rounded(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, float) else value


def _described(part: str, given: Mapping[str, Any]) -> str:
    kind = {"shot": "picture", "cine": "run", "dsa": "injection"}[part]
    return f"Simulated {kind}, {given['level']} {given['view']}"


def _is_file(given: Mapping[str, Any]) -> bool:
    return given["out"] is not None and Path(given["out"]).suffix.lower() == DICOM


def _pictures(given: Mapping[str, Any]) -> dict[str, Path]:
    """Of ``--out x.dcm`` the picture, and runs as ``x_cine.dcm`` and ``x_dsa.dcm``."""
    if not _is_file(given):
        return {}
    path = Path(given["out"])
    asked = {"": True, "_cine": bool(given["cine"]), "_dsa": bool(given["dsa"])}
    parts = {"": "shot", "_cine": "cine", "_dsa": "dsa"}
    return {
        parts[end]: path.with_name(f"{path.stem}{end}{path.suffix}")
        for end, there in asked.items()
        if there
    }
