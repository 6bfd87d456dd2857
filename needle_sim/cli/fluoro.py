"""``needle-sim fluoro``: a fluoroscopy picture, or a run, of a phantom or a CT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.cli.patient import check_patient, patient_of
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy
    from needle_sim.cli.fluoro_shot import Taken
    from needle_sim.instruments.needle import Needle

SCHEMA = "needle_sim.fluoro/1"
NOT_CLINICAL = "Simulated, not a patient's picture. Not for clinical use."
_FILE = click.Path(path_type=Path)
_MOST_CINE_S = 60.0
_MOST_ML = 20.0


@click.command()
@click.option("--phantom", help="A shipped phantom.  [default: lumbar_normal]")
@click.option("--ct", type=_FILE, help="Folder or zip of a DICOM CT instead.")
@click.option("--labels", type=_FILE, help="Its label map: NIfTI, .seg.nrrd, DICOM SEG.")
@click.option("--level", default="L4", show_default=True, help="Vertebra, or interspace.")
@click.option("--side", default="right", show_default=True, help="Treated side: left or right.")
@click.option(
    "--view",
    default="AP",
    show_default=True,
    help='This, lateral, oblique, contralateral-oblique, end-on, or words: "RAO 25 CAU 10".',
)
@click.option("--position", default="prone", show_default=True, help="prone or supine.")
@click.option("--device", default="mobile_flat_panel", show_default=True, help="A shipped C-arm.")
@click.option("--kvp", type=float, help="Tube voltage, kV.  [default: automatic]")
@click.option("--mas", type=float, help="Charge of a picture, mAs.  [default: automatic]")
@click.option("--collimate", help="Open field at the isocentre, mm, such as 120x160.")
@click.option("--magnify", help="A magnified field of the device, such as magnified_1.")
@click.option("--lead-letter", is_flag=True, help="The side's letter as lead in the beam.")
@click.option("--needle", default="none", show_default=True, help="none or plan.")
@click.option("--target", help='For --needle plan.  [default: the level\'s "medial branch"]')
@click.option("--contrast", type=float, help="mL of iohexol 240 through the needle.")
@click.option("--cine", type=float, help="Seconds of pulsed fluoroscopy beside the picture.")
@click.option("--film", default="gif", show_default=True, help="gif, webp or mp4 (with ffmpeg).")
@click.option("--dsa", is_flag=True, help="The injection as a subtraction.")
@click.option("--refine-bone", is_flag=True, help="Sharp fitted cortices about the level.")
@click.option("--seed", default=0, show_default=True, help="Of the noise.")
@click.option("--out", type=_FILE, help="Folder to write into, or a new .dcm for DICOM (XA).")
@click.option("--dose-report", type=_FILE, help="A new .dcm for the dose report (DICOM RDSR).")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def fluoro(**given: Any) -> None:
    """Take a fluoroscopy picture, say its angles and dose, and write it.

    Obliques are towards the treated side unless said otherwise. Exit code 0: done; 2: bad input.

    \b
    needle-sim fluoro --view oblique --level L4 --needle plan
    needle-sim fluoro --view "right oblique 25, caudal 10" --device image_intensifier
    needle-sim fluoro --needle plan --target "L3-L4 right foramen" --contrast 1 --dsa
    needle-sim fluoro --ct DIR --labels FILE --view lateral --cine 2 --film webp
    needle-sim fluoro --view lateral --cine 2 --out l4.dcm --dose-report dose.dcm
    """
    from needle_sim.anatomy.refining.refine import refine_level
    from needle_sim.cli.fluoro_out import place, write_dicom
    from needle_sim.cli.fluoro_shot import take

    _check(given)
    name = "fluoro_" + "_".join(
        f"{given['level']} {given['view']}".lower().replace(",", "").split()
    )
    with place(given, name) as folder:
        anatomy = patient_of(given)
        if given["refine_bone"]:
            anatomy = refine_level(anatomy, given["level"])
        taken = take(anatomy, given)
        dicom = given["out"] is not None and given["out"].suffix.lower() == ".dcm"
        files = [] if dicom else _write(taken, folder, given)
        files += write_dicom(taken, given)
        result = _result(anatomy, taken, given, files)
    if given["as_json"]:
        click.echo(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo("\n".join(_in_words(result, folder)))


def _check(given: dict[str, Any]) -> None:
    """Everything that can be refused before an anatomy is read."""
    from needle_sim.cli.fluoro_out import check_out
    from needle_sim.cli.fluoro_shot import field_of
    from needle_sim.imaging.xray.modes import Modes
    from needle_sim.imaging.xray.stand import checked_position
    from needle_sim.views.film import check_film

    check_patient(given)
    checked_position(given["position"])
    modes = Modes.preset(given["device"])
    if given["magnify"] is not None:
        modes.field(given["magnify"])
    if given["side"] not in ("left", "right"):
        raise InputError(f"--side must be left or right, got {given['side']!r}")
    if given["needle"] not in ("none", "plan"):
        raise InputError(f"--needle must be none or plan, got {given['needle']!r}")
    field_of(given)
    check_film(given["film"])
    check_out(given)
    for name, most, unit in (("cine", _MOST_CINE_S, "s"), ("contrast", _MOST_ML, "mL")):
        if given[name] is not None and not 0 < given[name] <= most:
            raise InputError(f"--{name} must be over 0 to {most:g} {unit}, got {given[name]:g}")
    if given["mas"] is not None and not given["mas"] > 0:
        raise InputError(f"--mas must be over 0, got {given['mas']:g}")
    if given["lead_letter"] and given["collimate"] is not None:
        raise InputError("--lead-letter lies in a corner that --collimate shuts: leave one out")
    if given["contrast"] is not None and given["needle"] == "none":
        raise InputError("--contrast goes through a needle: add --needle plan")
    if given["dsa"] and given["contrast"] is None:
        raise InputError("--dsa subtracts an injection: add --contrast ML and --needle plan")


def _write(taken: Taken, folder: Path, given: dict[str, Any]) -> list[str]:
    from needle_sim.imaging.xray.angles import said
    from needle_sim.views import canvas
    from needle_sim.views.cine import cine_bytes
    from needle_sim.views.contrast import contrast_figure
    from needle_sim.views.film import save_film
    from needle_sim.views.fluoroscopy import radiograph_figure

    title = f"{given['level']}  {said(taken.shot.carm, position=given['position'])}"
    written = not given["lead_letter"]
    pictures = {"fluoro.png": radiograph_figure(taken.shot, title=title, letter=written)}
    if taken.injection is not None:
        pictures["dsa.png"] = contrast_figure(taken.injection, title=given["level"])
    for name, figure in pictures.items():
        (folder / name).write_bytes(canvas.png(figure))
    if taken.cine is None:
        return list(pictures)
    film = f"cine.{given['film']}"
    save_film(cine_bytes(taken.cine), folder / film, rate_hz=taken.cine.run.pulses_s)
    return [*pictures, film]


def _result(
    anatomy: Anatomy, taken: Taken, given: dict[str, Any], files: list[str]
) -> dict[str, Any]:
    """What was taken, flat; None where unknown."""
    from needle_sim.cli.fluoro_out import dose_row
    from needle_sim.imaging.xray.angles import dicom_words, positioner_angles, said
    from needle_sim.imaging.xray.exposure import cut_share

    shot, carm = taken.shot, taken.shot.carm
    primary, secondary = positioner_angles(carm)
    tip = None if taken.placed is None else [float(x) for x in taken.placed.trajectory.tip_mm]
    tip_px = None if tip is None else [float(x) for x in shot.truth["needles"][0][-1]]
    return {
        "schema": SCHEMA,
        "disclaimer": NOT_CLINICAL,
        "anatomy": anatomy.name,
        **{name: given[name] for name in ("level", "side", "view", "position", "device")},
        "angles": said(carm, position=given["position"]),
        "angles_dicom": dicom_words(carm, digits=1),
        "positioner_primary_deg": round(primary, 3),
        "positioner_secondary_deg": round(secondary, 3),
        "kvp": round(shot.beam.kvp, 3),
        "mas": round(shot.beam.mas, 5),
        **dose_row(anatomy, taken, given),
        "beam_s": None if taken.cine is None else taken.cine.beam_s,
        "needle": None if taken.placed is None else _needle_words(taken.placed.needle),
        "tip_mm": tip,
        "tip_row_column": tip_px,
        "contrast_seen": None if taken.injection is None else taken.injection.seen,
        "cut_share": cut_share(shot),
        "pictures": files,
        "dose_report": None if given["dose_report"] is None else str(given["dose_report"]),
        "picture_notes": [str(note) for note in shot.notes],
        "notes": [str(note) for note in anatomy.notes],
    }


def _needle_words(needle: Needle) -> str:
    return f"{needle.gauge:g} G, {needle.length_mm:g} mm"


def _in_words(result: dict[str, Any], folder: Path) -> list[str]:
    from needle_sim.cli.fluoro_out import dose_words

    lines = [
        f"{result['anatomy']}, {result['level']}: {result['angles']} ({result['angles_dicom']})",
        *dose_words(result),
    ]
    if result["beam_s"] is not None:
        lines.append(f"Beam on   {result['beam_s']:.3g} s of pulsed fluoroscopy")
    if result["needle"] is not None:
        row, column = result["tip_row_column"]
        lines.append(f"Needle    {result['needle']}, tip at row {row:.1f}, column {column:.1f}")
    if result["contrast_seen"] is not None:
        lines.append(f"Contrast  {result['contrast_seen']}")
    if result["cut_share"] > 0:
        share = 100 * result["cut_share"]
        lines.append(f"Note      {share:.0f} % of the field lies beyond the end of the volume")
    lines += [f"Note      {note}" for note in result["picture_notes"]]
    lines += [f"Picture   {folder / name}" for name in result["pictures"]]
    if result["dose_report"] is not None:
        lines.append(f"Report    {result['dose_report']}")
    return [*lines, result["disclaimer"]]
