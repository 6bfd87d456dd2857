"""The files of a run, but for its pictures and report."""

from __future__ import annotations

from pathlib import Path

from needle_sim.exports.nifti import save_nifti
from needle_sim.exports.result import as_json, plan_of, result_of, setting_of
from needle_sim.rehearsal.run import Run
from needle_sim.thermal.lesion import lesion_volumes


def save_run(run: Run, folder: Path, *, seconds: float) -> tuple[Path, ...]:
    """Write ``result.json``, ``plan.json``, ``run.json`` and the lesion as NIfTI into a folder.

    ``lesion_zones.nii.gz`` holds 1 where tissue reached 50 °C (uncertain) and 2 inside the
    conservative boundary; ``lesion_peak_c.nii.gz`` the highest temperature in °C.
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
    return tuple(written)
