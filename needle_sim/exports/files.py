"""The files of a run, but for its pictures and report."""

from __future__ import annotations

from pathlib import Path

from needle_sim.exports.dicom_us import save_us
from needle_sim.exports.dose_report import save_dose_report
from needle_sim.exports.nifti import save_nifti
from needle_sim.exports.result import as_json, plan_of, result_of, setting_of
from needle_sim.rehearsal.run import Run
from needle_sim.thermal.lesion import lesion_volumes

_DESCRIPTION = "Simulated ultrasound in the plane of the needle"


def save_run(run: Run, folder: Path, *, seconds: float) -> tuple[Path, ...]:
    """Write ``result.json``, ``plan.json``, ``run.json``, volumes and the sonogram into a folder.

    ``lesion_zones.nii.gz`` holds 1 where tissue reached 50 °C (uncertain) and 2 inside the
    conservative boundary; ``lesion_peak_c.nii.gz`` the highest temperature in °C;
    ``contrast.nii.gz`` iodine, mg/mL, at the end of the last injection of contrast;
    ``dose.dcm`` every exposure and run as a dose report; ``sonogram.dcm`` the needle
    as a probe shows it, with its pose in ``sonogram.json``.
    """
    texts = {
        "result.json": as_json(result_of(run)),
        "plan.json": as_json(plan_of(run)),
        "run.json": as_json(setting_of(run.command, seconds=seconds)),
    }
    written = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    if run.history is not None:
        peak, zones = lesion_volumes(run.history)
        written.append(save_nifti(peak, folder / "lesion_peak_c.nii.gz"))
        written.append(save_nifti(zones, folder / "lesion_zones.nii.gz"))
    if run.shots:
        last = run.shots[-1].spread
        written.append(save_nifti(last.at(last.duration_s), folder / "contrast.nii.gz"))
    report = folder / "dose.dcm"
    report.unlink(missing_ok=True)  # as the other files of a folder that may be written over
    if run.record.tally.events:
        written.append(save_dose_report(run.record.tally, report))
    if run.sonogram is not None:
        path, pose = folder / "sonogram.dcm", folder / "sonogram.json"
        written += [save_us([run.sonogram], path, description=_DESCRIPTION), pose]
    return tuple(written)
