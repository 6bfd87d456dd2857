"""The result of a run as plain data: ``result.json``, ``plan.json`` and ``run.json``.

``result.json`` and ``plan.json`` hold no wall time, date, path, host or thread count, so the same
seed gives the same bytes; those go to ``run.json``. The fields are described in
``docs/result_json.md``.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from needle_sim import jit, presets
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.rehearsal.metric import Metric
from needle_sim.rehearsal.record import Event, Shot
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.scoring import Score
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.lesion import Extent

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

RESULT_SCHEMA = "needle_sim.result/2"
PLAN_SCHEMA = "needle_sim.plan/1"
NOT_CLINICAL = "Simulation for rehearsal and research. Not for clinical use."
_REPORTED = ("50c", "60c", "cem240", "arrhenius_muscle", "conservative")


def result_of(run: Run) -> dict[str, Any]:
    """The content of ``result.json``: flat where it can be, None where unknown, mm and °C."""
    lesion = run.lesion
    return {
        "schema": RESULT_SCHEMA,
        "version": metadata.version("needle_sim"),
        "disclaimer": NOT_CLINICAL,
        "procedure": run.procedure.name,
        "variant": run.procedure.variant,
        "because": run.procedure.because,
        "needle": run.needle,
        "anatomy": run.anatomy.name,
        "posture": None if run.anatomy.posture is None else run.anatomy.posture.name,
        "in_words": run.in_words,
        "level": run.level or None,
        "vertebra": run.vertebra or None,
        "side": run.side,
        "seed": run.seed,
        **_needle(run),
        "blocked": run.blocked,
        "attempt": _attempt(run),
        "views": [_view(view) for view in run.views],
        "events": [_event(event) for event in run.record.events],
        "contrast": [_shot(shot, number) for number, shot in enumerate(run.shots, start=1)],
        "sonogram": None if run.sonogram is None else _sonogram(run.sonogram),
        "lesion": {} if lesion is None else {n: _extent(lesion.extents[n]) for n in _REPORTED},
        "temperature_max_c": _numbers(run.temperature_max_c),
        "fit_rms_mm": _numbers(run.anatomy.fit_rms_mm),
        "provenance": {name: one.provenance for name, one in run.anatomy.structures.items()},
        "score": _score(run.score),
        "unverified": list(run.unverified),
        "notes": list(run.notes),
    }


def _needle(run: Run) -> dict[str, Any]:
    """Where the needle was to go, where it came to lie, and what it kept away from."""
    plan, placed = run.plan, run.placed
    found: dict[str, Any] = dict.fromkeys(("entry_mm", "tip_mm", "depth_mm", "target_error_mm"))
    if placed is not None:
        error = float(np.linalg.norm(placed.trajectory.tip_mm - run.target.centre_mm))
        found = {**_path(placed), "target_error_mm": _number(error)}
    gaps = run.record.clearance_mm or ({} if plan is None else plan.clearance_mm)
    return {
        "target_mm": _point(run.target.centre_mm),
        **found,
        "axis_to_nerve_deg": None if plan is None else _number(plan.axis_to_nerve_deg),
        "window_share": None if plan is None else _number(plan.window_share),
        "tip_in_bone_mm": _number(run.tip_in_bone_mm),
        "clearance_mm": _numbers(gaps),
    }


def _attempt(run: Run) -> dict[str, Any]:
    record = run.record
    return {
        "passes": record.passes,
        "seconds": _number(record.seconds),
        "kap_ugy_m2": _number(record.kap_ugy_m2),
        "extra_kap_ugy_m2": _number(record.extra_kap_ugy_m2),
        "kerma_mgy": _number(record.tally.kerma_mgy),
        "fluoroscopy_s": _number(record.tally.fluoroscopy_s),
        "danger_mm": _number(record.danger_mm),
        "abort": record.abort,
        "justified": record.justified if record.abort is not None else None,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "total": _number(score.total),
        "outcome": score.outcome,
        "said": score.said or None,
        "gates": [_metric(one) for one in score.gates],
        "quality": [_metric(one) for one in score.quality],
        "economy": [_metric(one) for one in score.economy],
    }


def plan_of(run: Run) -> dict[str, Any]:
    """The content of ``plan.json``: the candidates that were kept, best first, and what was not."""
    plan = run.plan
    return {
        "schema": PLAN_SCHEMA,
        "disclaimer": NOT_CLINICAL,
        "coordinate_system": "LPS",
        "target": run.target.name,
        "needle": run.needle,
        "tried": run.tried,
        "rejected": dict(run.rejected),
        "blocked": run.blocked,
        "paths": [] if plan is None else [_path(one) for one in plan],
    }


def setting_of(command: str, *, seconds: float) -> dict[str, Any]:
    """The content of ``run.json``: what ran where, with versions and preset digests."""
    packages = ("needle_sim", "numpy", "scipy", "numba", "pydicom", "nibabel", "matplotlib")
    return {
        "schema": "needle_sim.run/1",
        "command": command,
        "seconds": round(seconds, 2),
        "threads": jit.threads(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpu_features": jit.cpu_features(),
        "versions": {name: metadata.version(name) for name in packages},
        "presets_sha256": presets.digests(),
    }


def as_json(content: Mapping[str, Any]) -> str:
    """Indented JSON that refuses values that are not finite."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _number(value: float | None) -> float | None:
    """Rounded to what is printed: a thousandth."""
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), 3) + 0.0


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _point(point: ArrayLike) -> list[float]:
    return [round(float(value), 3) + 0.0 for value in np.asarray(point)]


def _view(view: View) -> dict[str, Any]:
    shot = view.radiograph
    return {
        "name": view.name,
        "title": view.title,
        "orbital_deg": _number(view.orbital_deg),
        "tilt_deg": _number(view.tilt_deg),
        "kvp": _number(shot.beam.kvp),
        "mas": _number(shot.beam.mas),
        "kap_ugy_m2": _number(shot.kap_ugy_m2),
        "kerma_mgy": _number(shot.kerma_mgy),
        "depth_mm": _number(view.depth_mm),
        "note": view.note,
        "picture": f"view_{view.name}.png",
    }


def _event(event: Event) -> dict[str, Any]:
    detail = {k: _number(v) if isinstance(v, float) else v for k, v in event.detail.items()}
    return {
        "t_s": _number(event.t_s),
        "do": event.do,
        "depth_mm": _number(event.depth_mm),
        "pass": event.needle_pass,
        "required": event.required,
        "said": event.said,
        "kap_ugy_m2": _number(event.kap_ugy_m2),
        **detail,
    }


def _shot(shot: Shot, number: int) -> dict[str, Any]:
    found = shot.spread
    return {
        "title": shot.title,
        "mode": shot.mode,
        "agent": found.agent.name,
        "pattern": found.pattern,
        "compartment": found.compartment.name,
        "seen": shot.seen,
        "volume_ml": _number(found.volume_ml),
        "iodine_mg": _number(found.iodine_mg),
        "cranial_mm": _number(found.reach_mm[0]),
        "caudal_mm": _number(found.reach_mm[1]),
        "leaving_s": _number(found.leaving_s),
        "notes": list(found.notes),
        "picture": None if shot.run is None else f"contrast_{number}.png",
    }


def _sonogram(shot: Sonogram) -> dict[str, Any]:
    needle: Mapping[str, Any] = next(iter(shot.truth["needles"]), {})
    return {
        "probe": shot.probe.name,
        "depth_mm": _number(shot.depth_mm),
        "needle_in_plane": needle.get("in_plane"),
        "tip_out_of_plane_mm": _number(needle.get("tip_out_of_plane_mm")),
        "picture": "sonogram.png",
        "dicom": "sonogram.dcm",
    }


def _extent(extent: Extent) -> dict[str, float | None]:
    return {
        "volume_mm3": _number(extent.volume_mm3),
        "width_mm": _number(extent.width_mm),
        "length_mm": _number(extent.length_mm),
        "nerve_mm": _number(extent.nerve_mm),
        "nerve_share": _number(extent.nerve_share),
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "value": _number(metric.value),
        "unit": metric.unit,
        "limit": metric.limit,
        "passed": metric.passed,
        "reason": metric.reason,
        "t_s": _number(metric.time_s),
    }


def _path(placed: PlacedNeedle) -> dict[str, Any]:
    return {
        "entry_mm": _point(placed.trajectory.entry_mm),
        "tip_mm": _point(placed.trajectory.tip_mm),
        "depth_mm": _number(placed.trajectory.depth_mm),
    }
