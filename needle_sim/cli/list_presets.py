"""``needle-sim list KIND``: what is shipped, by name."""

from __future__ import annotations

import json

import click

from needle_sim import presets

KINDS = (
    "procedures",
    "phantoms",
    "postures",
    "needles",
    "tools",
    "carms",
    "probes",
    "protocols",
    "agents",
)


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
def list_presets(kind: str, as_json: bool) -> None:
    """List what is shipped: procedures, phantoms, postures, needles, C-arms and so on."""
    found = _summaries(kind)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    width = max((len(name) for name in found), default=0)
    for name, summary in found.items():
        click.echo(f"{name:<{width}}  {summary}".rstrip())


def _summaries(kind: str) -> dict[str, str]:
    if kind in ("procedures", "phantoms", "postures"):
        inside = presets.folder("phantoms")
        if kind != "phantoms":
            inside = presets.folder("presets") / kind
        files = sorted(inside.glob("*.toml"))
        return {path.stem: str(presets.read_toml(path).get("summary", "")) for path in files}
    if kind == "agents":
        agents = presets.table("contrast", "agents")
        return {name: str(agents[name].get("summary", "")) for name in sorted(agents)}
    names = presets.names(kind)
    return {name: str(presets.table(kind, name).get("summary", "")) for name in names}
