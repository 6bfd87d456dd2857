"""``needle-sim us``: a named ultrasound view of a phantom or a CT."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from needle_sim.cli.us_notes import picture_notes
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.geometry.transform import Transform
    from needle_sim.imaging.ultrasound.probe import Probe
    from needle_sim.imaging.ultrasound.sonogram import Sonogram

SCHEMA = "needle_sim.us/1"
_MOST_FRAMES = 500
_DEPTH_CM = (2.0, 30.0)
_MOST_DB = 60.0
_SEED = 0
_SKIN_MM = 20.0  # of scene above the skin and below the picture


@click.command()
@click.option("--phantom", help="A shipped phantom.  [default: lumbar_normal]")
@click.option("--ct", type=click.Path(path_type=Path), help="Folder or zip of a DICOM CT instead.")
@click.option(
    "--labels", type=click.Path(path_type=Path), help="Its label map: NIfTI, .seg.nrrd, DICOM SEG."
)
@click.option(
    "--view",
    default="paramedian_sagittal_oblique",
    show_default=True,
    help="This, transverse_interlaminar, transverse_process or transverse_sap_tp.",
)
@click.option("--level", default="L3-L4", show_default=True, help="Interspace, or vertebra.")
@click.option("--side", default="right", show_default=True, help="left or right.")
@click.option("--probe", default="curved_3p5mhz", show_default=True, help="A shipped probe.")
@click.option(
    "--depth-cm", type=float, help="Depth of the picture, 2 to 30.  [default: the probe's]"
)
@click.option("--gain", "gain_db", default=0.0, show_default=True, help="Brighter or darker, dB.")
@click.option("--frames", default=1, show_default=True, help="Pictures of a sweep.")
@click.option("--sweep-mm", default=0.0, show_default=True, help="Slide across the plane.")
@click.option("--sweep-deg", default=0.0, show_default=True, help="Fan across the plane.")
@click.option("--pixel-spacing", is_flag=True, help="Scale for viewers that know no regions.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def us(**given: Any) -> None:
    """Show an ultrasound view with the probe on the skin, and write it as PNG and DICOM.

    Exit code 0: done; 2: bad input.

    \b
    needle-sim us --view transverse_interlaminar --level L4-L5
    needle-sim us --ct DIR --labels FILE --view transverse_process --level L2-L3
    needle-sim us --frames 25 --sweep-mm 40
    needle-sim us --view transverse_process --level L4 --probe linear_9mhz --depth-cm 7
    """
    from needle_sim.cli.folder import output_folder
    from needle_sim.imaging.ultrasound.probe import Probe

    _check(given)
    probe = Probe.preset(given["probe"])
    name = f"us_{given['view']}_{given['level']}_{given['side']}"
    with output_folder(given["out"], name, force=given["force"]) as folder:
        anatomy = _anatomy(given)
        poses, frames = _scan(anatomy, probe, given)
        result = _result(anatomy, poses, frames, given)
        _write(frames, result["title"], folder, pixel_spacing=given["pixel_spacing"])
    if given["as_json"]:
        click.echo(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo("\n".join(_in_words(result, anatomy, folder)))


def _check(given: dict[str, Any]) -> None:
    """Everything that can be refused before an anatomy is read."""
    from needle_sim.imaging.ultrasound.poses import check_view
    from needle_sim.imaging.ultrasound.seating import check_sweep

    check_view(given["view"], given["level"], given["side"])
    check_sweep(given["sweep_mm"], given["sweep_deg"])
    if given["phantom"] is not None and given["ct"] is not None:
        raise InputError("--phantom and --ct name two patients: give one of them")
    if given["labels"] is not None and given["ct"] is None:
        raise InputError("--labels goes with a CT: give --ct DIR as well")
    if given["ct"] is not None and given["labels"] is None:
        raise InputError("a view is found by its vertebrae: give --labels FILE with --ct")
    if given["depth_cm"] is not None and not _DEPTH_CM[0] <= given["depth_cm"] <= _DEPTH_CM[1]:
        low, high = _DEPTH_CM
        raise InputError(f"--depth-cm must be {low:g} to {high:g}, got {given['depth_cm']:g}")
    if not abs(given["gain_db"]) <= _MOST_DB:
        raise InputError(
            f"--gain must be {-_MOST_DB:g} to {_MOST_DB:g} dB, got {given['gain_db']:g}"
        )
    if not 1 <= given["frames"] <= _MOST_FRAMES:
        raise InputError(f"--frames must be 1 to {_MOST_FRAMES}, got {given['frames']}")
    sweeps = given["sweep_mm"] or given["sweep_deg"]
    if given["frames"] > 1 and not sweeps:
        raise InputError(
            f"--frames {given['frames']} makes a sweep: say how far with --sweep-mm or --sweep-deg"
        )
    if sweeps and given["frames"] == 1:
        raise InputError("a sweep needs more than one picture: add --frames N")


def _anatomy(given: dict[str, Any]) -> Anatomy:
    if given["ct"] is None:
        from needle_sim.anatomy.phantom.build import build_phantom

        return build_phantom(given["phantom"] or "lumbar_normal")
    from needle_sim.anatomy.fit import anatomy_from_ct
    from needle_sim.imaging.ultrasound.poses import VIEWS, vertebrae_of
    from needle_sim.volume.dicom import load_series
    from needle_sim.volume.labels import load_labels

    ct = load_series(given["ct"])
    labels = load_labels(given["labels"], grid=ct)
    wanted = vertebrae_of(given["level"], VIEWS[given["view"]].takes)
    return anatomy_from_ct(ct, labels, vertebrae=wanted)


def _scan(
    anatomy: Anatomy, probe: Probe, given: dict[str, Any]
) -> tuple[tuple[Transform, ...], tuple[Sonogram, ...]]:
    from needle_sim.imaging.ultrasound.poses import pose
    from needle_sim.imaging.ultrasound.scan import sonogram
    from needle_sim.imaging.ultrasound.scene import prepare
    from needle_sim.imaging.ultrasound.seating import sweep

    where = {"level": given["level"], "side": given["side"]}
    middle = pose(anatomy, given["view"], **where, probe=probe)
    far = {"mm": given["sweep_mm"], "deg": given["sweep_deg"], "probe": probe}
    poses = sweep(anatomy, middle, given["frames"], **far)
    depth_mm = probe.depth_mm if given["depth_cm"] is None else 10.0 * given["depth_cm"]
    reach_mm = _reach_mm(probe, depth_mm) + abs(given["sweep_mm"]) / 2
    echoes = prepare(anatomy, middle.apply([0.0, 0.0, depth_mm / 2]), reach_mm=reach_mm)
    settings = {"depth_mm": depth_mm, "gain_db": given["gain_db"]}
    rng = np.random.default_rng(_SEED)  # of the receiver's noise
    frames = tuple(sonogram(echoes, probe, one, **settings, rng=rng) for one in poses)
    return poses, frames


def _reach_mm(probe: Probe, depth_mm: float) -> float:
    """Half the side of a cube about the middle depth that holds the picture and the skin."""
    half = math.radians(probe.field_deg / 2)
    wide = (
        (probe.radius_mm + depth_mm) * math.sin(half) if probe.radius_mm else probe.footprint_mm / 2
    )
    return float(max(wide, depth_mm / 2 + _SKIN_MM))


def _write(frames: Sequence[Sonogram], title: str, folder: Path, *, pixel_spacing: bool) -> None:
    from needle_sim.exports.dicom_us import save_us
    from needle_sim.views import canvas
    from needle_sim.views.sonography import sonogram_figure

    middle = frames[len(frames) // 2]
    (folder / "sonogram.png").write_bytes(canvas.png(sonogram_figure(middle, title=title)))
    to: dict[str, Any] = {"pose_path": folder / "pose.json", "pixel_spacing": pixel_spacing}
    save_us(frames, folder / "us.dcm", description=title, **to)


def _result(
    anatomy: Anatomy,
    poses: Sequence[Transform],
    frames: Sequence[Sonogram],
    given: dict[str, Any],
) -> dict[str, Any]:
    """What was scanned, flat, mm and degrees; None where unknown."""
    from needle_sim.exports.dicom_us import NOT_CLINICAL
    from needle_sim.imaging.ultrasound.poses import VIEWS, named_after
    from needle_sim.imaging.ultrasound.reach import depths_mm
    from needle_sim.imaging.ultrasound.windows import first_met_mm

    middle, first = poses[len(poses) // 2], frames[0]
    view = VIEWS[given["view"]]
    side = "" if view.midline else f", {given['side']}"
    met = first_met_mm(anatomy, middle, reach_mm=first.depth_mm)
    named = named_after(anatomy, given["view"], level=given["level"], side=given["side"])
    depths = depths_mm(first.probe, middle, named)
    seen = picture_notes(frames[len(frames) // 2], view, depths, met)
    return {
        "schema": SCHEMA,
        "disclaimer": NOT_CLINICAL,
        "anatomy": anatomy.name,
        "view": given["view"],
        "title": f"{view.title}, {given['level']}{side}",
        **{name: given[name] for name in ("level", "side", "probe")},
        "frequency_mhz": first.probe.frequency_mhz,
        "depth_mm": round(first.depth_mm, 3),
        "gain_db": given["gain_db"],
        "frames": len(frames),
        **{name: given[name] for name in ("sweep_mm", "sweep_deg")},
        **_placed(middle),
        "first_bone_mm": met["bone"],
        "first_dura_mm": met["dura"],
        "target": " and ".join(depths),
        "target_depth_mm": round(max(depths.values()), 2),
        "pictures": ["sonogram.png", "us.dcm", "pose.json"],
        "picture_notes": seen,
        "notes": [str(note) for note in anatomy.notes],
    }


def _placed(patient_from_probe: Transform) -> dict[str, list[float]]:
    """Middle of the face, mm, and directions of beam and marker, patient LPS."""
    columns = {"face_mm": (3, 2), "beam": (2, 4), "marker": (0, 4)}
    return {
        name: [round(value, digits) + 0.0 for value in patient_from_probe.matrix[:3, at].tolist()]
        for name, (at, digits) in columns.items()
    }


def _in_words(result: dict[str, Any], anatomy: Anatomy, folder: Path) -> list[str]:
    from needle_sim.views.sonography import beam_in_words
    from needle_sim.views.wording import weighed_notes

    face = ", ".join(f"{value:.1f}" for value in result["face_mm"])
    said = (
        f"{result['probe']}, {result['frequency_mhz']:g} MHz, {result['depth_mm'] / 10:g} cm deep"
    )
    met = [
        f"{name} {result[key]:.0f} mm deep"
        for key, name in (("first_dura_mm", "dura"), ("first_bone_mm", "bone"))
        if result[key] is not None
    ]
    lines = [
        f"{result['title']}: {result['anatomy']}",
        f"Probe         {said}, on the skin at {face} (mm LPS)",
        f"Beam          {beam_in_words(result['beam'])}",
        f"On its way    {', '.join(met) or 'neither dura nor bone'} (middle line)",
        f"Aimed at      {result['target']}, {result['target_depth_mm']:.0f} mm deep",
    ]
    lines += [f"Picture note  {note}" for note in result["picture_notes"]]
    if result["frames"] > 1:
        far = " and ".join(
            f"{abs(result[key]):g}{unit}"
            for key, unit in (("sweep_mm", " mm"), ("sweep_deg", "°"))
            if result[key]
        )
        lines.append(f"Sweep         {result['frames']} pictures over {far}")
    shown, left = weighed_notes(result["notes"])
    lines += [f"Note          {note}" for note in shown]
    lines += [f"              and {left} more with --json"] if left else []
    lines += [f"Picture       {folder / 'sonogram.png'}", f"DICOM         {folder / 'us.dcm'}"]
    return [*lines, result["disclaimer"]]
