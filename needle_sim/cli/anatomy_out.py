"""What ``needle-sim anatomy`` and ``needle-sim phantom`` write and say: one writer for both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.errors import MissingExtraError

if TYPE_CHECKING:
    from needle_sim.anatomy.anatomy import Anatomy


def check_meshes(*, meshes: bool) -> None:
    """Refuse meshes that cannot be made before any work, with both ways out."""
    if not meshes:
        return
    from needle_sim.exports.mesh import check_can_contour

    try:
        check_can_contour()
    except MissingExtraError as error:
        raise MissingExtraError(f"{error}; or add --no-meshes") from error


def write_anatomy(anatomy: Anatomy, folder: Path, *, meshes: bool) -> list[Path]:
    """Pictures, tables, volumes and meshes into a folder; what was written."""
    from needle_sim.exports.anatomy_files import save_anatomy
    from needle_sim.views.anatomy_overview import anatomy_pictures

    made = save_anatomy(anatomy, folder, meshes=meshes)
    for name, data in anatomy_pictures(anatomy).items():
        (folder / name).write_bytes(data)
        made.append(folder / name)
    return made


def say(anatomy: Anatomy, folder: Path, made: list[Path], *, as_json: bool) -> None:
    """Print what is known and what was written, in words or as JSON."""
    from needle_sim.exports.anatomy_tables import anatomy_of_rows
    from needle_sim.exports.result import as_json as to_text

    if as_json:
        files = sorted(path.relative_to(folder).as_posix() for path in made)
        content: dict[str, Any] = {**anatomy_of_rows(anatomy), "files": files}
        click.echo(to_text(content), nl=False)
        return
    click.echo("\n".join(in_words(anatomy, folder, made)))


def in_words(anatomy: Anatomy, folder: Path, made: list[Path]) -> list[str]:
    """What is known, in a few lines."""
    from needle_sim.anatomy.finding import findings
    from needle_sim.views.wording import NOT_CLINICAL, weighed_notes

    lines = [f"{anatomy.name}: {', '.join(anatomy.bodies) or 'no vertebra with a surface'}"]
    if anatomy.fit_rms_mm:
        rms = ", ".join(f"{name} {value:.1f}" for name, value in anatomy.fit_rms_mm.items())
        lines.append(f"Surface RMS   {rms} mm")
    sources = Counter(one.provenance for one in anatomy.structures.values())
    counted = ", ".join(f"{count} {name}" for name, count in sorted(sources.items()))
    lines.append(f"Landmarks     {len(anatomy.landmarks_mm)}")
    lines.append(f"Structures    {counted or 'none'}; {len(anatomy.spaces)} spaces")
    lines += [f"Finding       {one}" for one in findings(anatomy)]
    notes, left = weighed_notes(str(note) for note in anatomy.notes)
    lines += [f"Note          {note}" for note in notes]
    lines += [f"              and {left} more in anatomy.json"] if left else []
    meshes = sum(path.suffix == ".stl" for path in made)
    lines.append(f"Written       {len(made)} files, {meshes} of them meshes: {folder}")
    lines.append(NOT_CLINICAL)
    return lines
