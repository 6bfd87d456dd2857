"""The sizes of a drawn spine as TOML: what a phantom was built from, to the last number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from needle_sim.anatomy.phantom.spec import SpineSpec
from needle_sim.exports.anatomy_tables import SAYS

SCHEMA = "needle_sim.parameters/1"


def save_parameters(spine: SpineSpec, path: Path) -> Path:
    """Write each size of each vertebra, of the sacrum and of the trunk under its name and unit."""
    lines = [f"# {SAYS}", "# the sizes of one drawn spine; units end the names", ""]
    lines += [f'schema = "{SCHEMA}"', f'phantom = "{spine.name}"', ""]
    for level, spec in spine.vertebrae.items():
        sizes = {field.name: getattr(spec, field.name) for field in fields(spec)}
        lines += _table(f"vertebrae.{level}", sizes)
    lines += _table("sacrum", spine.sacrum)
    lines += _table("trunk", spine.trunk)
    for one in spine.pathology:
        given = {field.name: getattr(one, field.name) for field in fields(one)}
        lines += _table("[pathology]", {"kind": one.kind, **given})
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _table(name: str, sizes: Mapping[str, object]) -> Iterator[str]:
    yield f"[{name}]"
    for key, value in sizes.items():
        if isinstance(value, bool):
            yield f"{key} = {'true' if value else 'false'}"
        elif isinstance(value, tuple):
            yield f"{key} = {json.dumps(value)}"
        elif isinstance(value, int | float):
            yield f"{key} = {float(value)!r}"
        else:
            yield f'{key} = "{value}"'
    yield ""
