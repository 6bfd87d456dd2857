"""needle_sim: needle procedures on the spine, simulated as one chain.

For rehearsal and research. Not for clinical use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "errors": ("NeedleSimError", "InputError", "DicomError", "PlanningError", "SolverError"),
    "geometry.transform": ("Frame", "FrameTree", "Transform"),
    "volume.volume": ("Note", "Volume"),
    "volume.dicom": ("load_series",),
    "volume.labels": ("load_labels",),
    "anatomy.anatomy": ("Anatomy", "Space", "Structure"),
    "anatomy.compartment": ("Compartment", "compartment"),
    "anatomy.target": ("Target",),
    "anatomy.finding": ("Finding", "findings"),
    "anatomy.phantom.build": ("build_phantom",),
    "anatomy.phantom.pathology.kinds": ("pathology",),
    "anatomy.phantom.population": ("Population", "sample_population"),
    "anatomy.phantom.table": ("on_table",),
    "anatomy.posing.posture": ("Posture",),
    "anatomy.posing.lying": ("posed",),
    "anatomy.fit": ("anatomy_from_ct",),
    "anatomy.load": ("load_anatomy",),
    "anatomy.refining.refine": ("refine_bone",),
    "instruments.needle": ("Needle",),
    "instruments.trajectory": ("Trajectory",),
    "instruments.placed": ("PlacedNeedle",),
    "instruments.tool": ("Tool",),
    "instruments.tool_placed": ("PlacedTool", "cement", "place"),
    "instruments.contact": ("Feel", "feel"),
    "injectate.agent": ("Agent",),
    "injectate.aspiration": ("aspirate",),
    "injectate.spread": ("Spread", "spread"),
    "imaging.xray.angles": ("positioner_angles", "said", "turned"),
    "imaging.xray.carm": ("CArm", "project_points"),
    "imaging.xray.cine": ("Cine", "last_image", "take_cine"),
    "imaging.xray.collimation": ("Collimation",),
    "imaging.xray.modes": ("Modes",),
    "imaging.xray.beam": ("Beam",),
    "imaging.xray.detector": ("Detector",),
    "imaging.xray.brightness": ("Technique", "set_brightness"),
    "imaging.xray.exposure": ("Radiograph", "expose", "radiograph"),
    "imaging.xray.materials": ("prepare",),
    "imaging.xray.projector": ("project",),
    "imaging.xray.sequence": ("ContrastRun", "contrast_shots"),
    "imaging.xray.subtraction": ("registered", "roadmap"),
    "imaging.xray.skin_dose": ("skin_dose", "skin_of"),
    "imaging.xray.tally": ("DoseEvent", "DoseTally"),
    "imaging.xray.triangulation": ("triangulate",),
    "imaging.xray.truth": ("Truth", "truth_of"),
    "imaging.ultrasound.probe": ("Probe",),
    "imaging.ultrasound.scan": ("sonogram",),
    "imaging.ultrasound.scene": ("Echoes",),
    "imaging.ultrasound.sonogram": ("Sonogram",),
    "imaging.ultrasound.poses": ("pose",),
    "imaging.ultrasound.in_plane": ("in_plane_pose",),
    "thermal.protocol": ("Protocol",),
    "thermal.bioheat": ("heat",),
    "thermal.lesion": ("Lesion", "measure"),
    "planning.planner": ("Plan", "plan"),
    "planning.hazards": ("HazardMaps",),
    "planning.depth": ("Layer", "layers"),
    "planning.hand": ("HandErrors",),
    "planning.robustness": ("Executions", "executions"),
    "planning.sightline": ("look_along",),
    "procedures.procedure": ("Procedure",),
    "rehearsal.log": ("Log",),
    "rehearsal.record": ("Event", "Record"),
    "rehearsal.rehearsal": ("Rehearsal",),
    "rehearsal.run": ("Run",),
    "rehearsal.runner": ("run_procedure",),
    "rehearsal.scoring": ("Score", "score"),
    "rehearsal.state": ("State",),
    "exports.dicom_xa": ("carm_from_xa", "save_xa"),
    "exports.dose_report": ("save_dose_report",),
    "exports.markups": ("Markups", "load_markups", "save_line", "save_points"),
    "exports.scene": ("save_slicer",),
    "exports.segmentation": ("save_segmentation",),
    "studies.study": ("run_study",),
    "views.dataset": ("write_dataset",),
    "views.front_end.opening": ("rehearse",),
    "studies.result": ("StudyResult",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF), "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
