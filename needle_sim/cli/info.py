"""``needle-sim info PATH``: what is in a folder or zip of DICOM files."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def info(path: Path, as_json: bool) -> None:
    """Say what is in PATH: series, geometry, HU range, and what is wrong with them."""
    from needle_sim.volume.dicom import describe

    rows = [series.to_row() for series in describe(path)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for number, row in enumerate(rows, start=1):
        click.echo(f"Series {number} of {len(rows)}")
        width = max(len(key) for key in row)
        for key, value in row.items():
            if isinstance(value, (list, tuple)):
                value = "; ".join(str(one) for one in value)  # noqa: PLW2901
            click.echo(f"  {key:<{width}}  {'-' if value in (None, '') else value}")
