"""``needle-sim anatomy CT``: a labelled CT as a patient with targets, looked at and written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from needle_sim.cli.folder import output_folder

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("ct", type=_FILE)
@click.option("--labels", type=_FILE, required=True, help="NIfTI, .seg.nrrd or DICOM SEG.")
@click.option("--scheme", help="totalsegmentator or verse.  [default: recognised]")
@click.option("--vertebra", "vertebrae", multiple=True, help="Fit this one; may be repeated.")
@click.option("--name", help="What the patient is called in what is written.  [default: ct]")
@click.option("--out", type=_FILE, help="Where to write.")
@click.option("--meshes/--no-meshes", default=True, help="STL of bones, nerves and vessels.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print what is known as JSON, nothing else.")
def anatomy(ct: Path, **given: Any) -> None:
    """Fit a spine to the labelled CT and write what is known of it.

    CT is a folder or zip of DICOM files, or a NIfTI file. Pictures with the fitted surfaces,
    nerves and landmarks; tables of landmarks, structures and levels; volumes and meshes. Exit code
    0: done; 2: bad input.

    \b
    needle-sim anatomy DIR --labels labels.nii.gz
    needle-sim anatomy DIR --labels seg.dcm --vertebra L4 --vertebra L5 --out my_patient
    needle-sim anatomy ct.nii.gz --labels verse_seg.nii.gz --scheme verse --no-meshes
    """
    from needle_sim.anatomy.load import load_anatomy
    from needle_sim.cli.anatomy_out import check_meshes, say, write_anatomy

    check_meshes(meshes=given["meshes"])
    name = given["name"] or "ct"
    with output_folder(given["out"], f"anatomy_{name}", force=given["force"]) as folder:
        found = load_anatomy(
            ct,
            given["labels"],
            scheme=given["scheme"],
            vertebrae=given["vertebrae"] or None,
            name=name,
        )
        made = write_anatomy(found, folder, meshes=given["meshes"])
    say(found, folder, made, as_json=given["as_json"])
