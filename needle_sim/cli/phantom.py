"""``needle-sim phantom NAME``: a parametric spine as files: CT, labels, landmarks, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from needle_sim.anatomy.phantom.person import Sex
from needle_sim.cli.folder import output_folder
from needle_sim.errors import InputError

_FILE = click.Path(path_type=Path)
_VOXEL_MM = (0.3, 4.0)


@click.command()
@click.argument("name", default="lumbar_normal")
@click.option("--seed", type=int, help="Draw a patient of the population.  [default: the mean]")
@click.option("--sex", type=click.Choice(get_args(Sex)), help="Sizes of women or of men.")
@click.option("--age", type=float, help="Years, 18 to 100: spongy bone, discs, fat in muscle.")
@click.option("--bmi", type=float, help="kg/m2, 15 to 60: depth of skin and fat.")
@click.option(
    "--set",
    "sizes",
    multiple=True,
    metavar="NAME=VALUE",
    help="A size, of a level or of all: L4_pedicle_width_mm=12, pedicle_width_mm=12.",
)
@click.option("--voxel-mm", default=1.0, show_default=True, help="Edge of the voxels, 0.3 to 4.")
@click.option("--out", type=_FILE, help="Where to write.")
@click.option("--dicom", is_flag=True, help="The CT as a DICOM series as well, in dicom/.")
@click.option("--meshes/--no-meshes", default=True, help="STL of bones, nerves and vessels.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print what is known as JSON, nothing else.")
def phantom(name: str, **given: Any) -> None:
    """Build the phantom NAME and write it: CT, labels, landmarks, structures, sizes, pictures.

    ``labels.nii.gz`` is what a segmentation of it would be, in the numbers of TotalSegmentator, so
    that the phantom can be taken for a patient; ``parameters.toml`` holds the sizes that were
    drawn. Exit code 0: done; 2: bad input.

    \b
    needle-sim phantom lumbar_normal --seed 7 --out p7 --dicom
    needle-sim phantom --sex female --age 70 --bmi 32 --set sacrum_slope_deg=38
    needle-sim anatomy p7/dicom --labels p7/labels.nii.gz
    """
    from needle_sim.anatomy.phantom.build import anatomy_of
    from needle_sim.anatomy.phantom.person import Person
    from needle_sim.anatomy.phantom.spec import generator, spine_spec
    from needle_sim.cli.anatomy_out import check_meshes, say, write_anatomy

    voxel_mm, seed = given["voxel_mm"], given["seed"]
    if not _VOXEL_MM[0] <= voxel_mm <= _VOXEL_MM[1]:
        raise InputError(f"--voxel-mm must be {_VOXEL_MM[0]} to {_VOXEL_MM[1]}, got {voxel_mm}")
    if seed is not None and seed < 0:
        raise InputError(f"--seed must be 0 or more, got {seed}")
    check_meshes(meshes=given["meshes"])
    spine = spine_spec(
        name,
        rng=None if seed is None else generator(seed),
        person=Person(given["sex"], given["age"], given["bmi"]),
        overrides=_sizes(given["sizes"]),
    )
    drawn = "mean" if seed is None else f"seed{seed}"
    with output_folder(given["out"], f"{spine.name}_{drawn}", force=given["force"]) as folder:
        found = anatomy_of(spine, voxel_mm=voxel_mm, noise_seed=seed)
        made = write_anatomy(found, folder, meshes=given["meshes"])
        made += _more(found, spine, folder, dicom=given["dicom"])
    say(found, folder, made, as_json=given["as_json"])


def _sizes(given: Sequence[str]) -> dict[str, float]:
    """``NAME=VALUE`` by name; a name that is given twice keeps its last value."""
    found = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--set needs NAME=VALUE with a number, got {one!r}") from None
    return found


def _more(found: Any, spine: Any, folder: Path, *, dicom: bool) -> list[Path]:
    """Labels as of a segmentation, the drawn sizes, and the CT as DICOM."""
    from needle_sim.anatomy.relabelled import label_map
    from needle_sim.exports.anatomy_tables import save_csv
    from needle_sim.exports.dicom_ct import save_ct
    from needle_sim.exports.nifti import save_nifti
    from needle_sim.exports.parameters import save_parameters
    from needle_sim.volume.label_names import LABEL_NAMES
    from needle_sim.volume.segments import counted

    labels = label_map(found)
    rows = [{"number": n, "name": LABEL_NAMES[n]} for n in counted(labels.array) if n]
    made = [
        save_nifti(labels, folder / "labels.nii.gz"),
        save_csv(rows, folder / "labels.csv"),
        save_parameters(spine, folder / "parameters.toml"),
    ]
    if dicom:
        (folder / "dicom").mkdir(exist_ok=True)
        made += save_ct(found.ct, folder / "dicom", name=f"needle_sim phantom {found.name}")
    return made
