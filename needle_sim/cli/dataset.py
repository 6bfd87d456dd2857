"""``needle-sim dataset``: fluoroscopy pictures with masks and landmarks, for learning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from needle_sim.cli.folder import output_folder
from needle_sim.cli.patient import check_patient, patient_of
from needle_sim.errors import InputError

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--out", type=_FILE, help="Where to write; a folder that is new or empty.")
@click.option("--count", default=10, show_default=True, help="Pictures.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same files.")
@click.option("--phantom", help="A shipped phantom.  [default: lumbar_normal]")
@click.option("--ct", type=_FILE, help="Folder or zip of a DICOM CT instead.")
@click.option("--labels", type=_FILE, help="Its label map: NIfTI, .seg.nrrd, DICOM SEG.")
@click.option("--device", default="mobile_flat_panel", show_default=True, help="A shipped C-arm.")
@click.option("--poses", help="Views in words, with ; between.  [default: AP, obliques, laterals]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def dataset(**given: Any) -> None:
    """Write simulated pictures as PNG of 8 and 16 bit, and what they show as COCO JSON.

    Masks of bones, nerves, vessels and the needle, landmarks as keypoints (0 beside the picture,
    1 where no beam comes through, 2 in the field), and the camera of each picture. Nothing is
    written over. Exit code 0: done; 2: bad input.

    \b
    needle-sim dataset --out set --count 100 --seed 7
    needle-sim dataset --out set --device image_intensifier --poses "AP; right oblique 25"
    """
    from needle_sim.exports.coco import SCHEMA
    from needle_sim.imaging.xray.carm import CArm
    from needle_sim.views.dataset import MOST_PICTURES, POSES, write_dataset

    check_patient(given)
    if not 1 <= given["count"] <= MOST_PICTURES:
        raise InputError(f"--count must be 1 to {MOST_PICTURES}, got {given['count']}")
    if given["seed"] < 0:
        raise InputError(f"--seed must be 0 or more, got {given['seed']}")
    CArm.preset(given["device"])
    said = [one.strip() for one in (given["poses"] or "").split(";") if one.strip()]
    name = f"dataset_{given['seed']}"
    with output_folder(given["out"], name, force=False) as folder:
        settings = {name: given[name] for name in ("count", "seed", "device")}
        told = write_dataset(patient_of(given), folder, poses=said or POSES, **settings)
    result = {
        "schema": SCHEMA,
        "anatomy": told["info"]["anatomy"],
        **settings,
        "images": len(told["images"]),
        "annotations": len(told["annotations"]),
        "files": ["coco.json", "images", "images_16"],
    }
    if given["as_json"]:
        click.echo(json.dumps(result, indent=2, ensure_ascii=False))
        return
    click.echo(f"{result['images']} pictures of {result['anatomy']} by {result['device']}")
    click.echo(f"{result['annotations']} annotations in {folder / 'coco.json'}")
    click.echo(told["info"]["description"])
