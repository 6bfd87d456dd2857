"""Draws docs/rooms.svg: the rooms of the package, one band a layer of the import contract.

    python tools/draw_rooms.py

Rooms and their order come from the contract in pyproject.toml, what a room is for from its
docstring, its public names from ``needle_sim/__init__.py``: the picture can say nothing that the
code does not, and a test compares it with the committed file. Standard library.
"""

from __future__ import annotations

import ast
import html
import textwrap
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "needle_sim"
OUT = ROOT / "docs" / "rooms.svg"

WIDTH, LEFT, RIGHT = 1120, 176, 24
GAP, PAD, LINE = 10, 11, 18
WIDE, TITLE = 600, 118  # from this width on a room's name stands on the left, in a column
CHARACTER = {"prose": 6.9, "names": 7.3}  # mean advance of a letter at the sizes below, px
# what a group of layers has in common, from its lowest room up to the next group's
GROUPS = {
    "errors": ("ground", "#eceff1", "#546e7a"),
    "geometry": ("what things are", "#e3f2fd", "#1565c0"),
    "imaging": ("physics", "#fff3e0", "#e65100"),
    "planning": ("what a person does", "#e8f5e9", "#2e7d32"),
    "exports": ("what leaves", "#f3e5f5", "#6a1b9a"),
}


def layers() -> list[list[str]]:
    """The rooms that exist, lowest layer first; rooms of one layer are strangers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (declared,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    found = []
    for line in reversed(declared):
        names = [name.strip(" ()").removeprefix("needle_sim.") for name in line.split("|")]
        found.append([name for name in names if exists(name)])
    return [names for names in found if names]


def exists(room: str) -> bool:
    """Whether the room is there, as a file or as a folder of Python."""
    return (PACKAGE / f"{room}.py").is_file() or (PACKAGE / room / "__init__.py").is_file()


def purpose(room: str) -> str:
    """First sentence of the room's docstring."""
    file = PACKAGE / f"{room}.py"
    text = (file if file.is_file() else PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
    documented = ast.get_docstring(ast.parse(text)) or ""
    first = " ".join(documented.split("\n\n")[0].split()).replace("`", "")
    return first if file.is_file() or room != "imaging" else f"{first} {purpose('imaging/xray')}"


def public_names(room: str) -> list[str]:
    """The names that ``import needle_sim`` offers from this room."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (homes,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_HOMES"
    ]
    return [name for home, names in homes.items() if home.split(".")[0] == room for name in names]


def lines_of(name: str, width: float) -> list[tuple[str, str]]:
    """(style, text) of what stands in a room beside its name, wrapped to ``width`` px."""
    texts = {"prose": purpose(name), "names": ", ".join(public_names(name))}
    return [
        (style, line)
        for style, text in texts.items()
        for line in textwrap.wrap(text, max(8, int(width / CHARACTER[style])))
    ]


def room(name: str, x: float, y: float, width: float, height: float, colour: str) -> list[str]:
    """One box: its name on the left of a wide one, at the top of a narrow one."""
    wide = width > WIDE
    indent, drop = (TITLE, 0) if wide else (0, LINE)
    at = y + PAD + 12
    out = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="7" '
        f'fill="#ffffff" stroke="{colour}" stroke-width="1.2"/>',
        f'<text class="title" x="{x + PAD:.0f}" y="{at:.0f}" style="fill:{colour}">{name}</text>',
    ]
    for index, (style, text) in enumerate(lines_of(name, width - 2 * PAD - indent)):
        out.append(
            f'<text class="{style}" x="{x + PAD + indent:.0f}" y="{at + drop + index * LINE:.0f}">'
            f"{html.escape(text)}</text>"
        )
    return out


def height_of(names: list[str], width: float) -> float:
    """Height of a layer: that of its fullest room."""
    wide = width > WIDE
    inner = width - 2 * PAD - (TITLE if wide else 0)
    rows = max(len(lines_of(name, inner)) + (0 if wide else 1) for name in names)
    return rows * LINE + 2 * PAD


def drawing() -> str:
    """The whole picture, highest layer at the top."""
    bands: list[tuple[str, list[list[str]]]] = []
    for names in layers():
        starts = [key for key in GROUPS if key in names]
        if starts:
            bands.append((starts[0], []))
        bands[-1][1].append(names)
    body: list[str] = []
    y = 58.0
    for key, rows in reversed(bands):
        title, fill, colour = GROUPS[key]
        top = y
        inner: list[str] = []
        y += GAP
        for names in reversed(rows):
            width = (WIDTH - LEFT - RIGHT - GAP * (len(names) + 1)) / len(names)
            height = height_of(names, width)
            for index, name in enumerate(names):
                inner += room(name, LEFT + GAP + index * (width + GAP), y, width, height, colour)
            y += height + GAP
        body += [
            f'<rect x="{LEFT}" y="{top:.0f}" width="{WIDTH - LEFT - RIGHT}" '
            f'height="{y - top:.0f}" rx="10" fill="{fill}"/>',
            f'<text class="group" x="{LEFT - 14}" y="{(top + y) / 2 + 4:.0f}" '
            f'style="fill:{colour}">{title}</text>',
            *inner,
        ]
        y += GAP
    return "\n".join([*head(y), *body, "</svg>", ""])


def head(bottom: float) -> list[str]:
    """Size, style, title and the arrow along the left edge."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 8:.0f}" '
        f'viewBox="0 0 {WIDTH} {bottom + 8:.0f}" role="img" '
        'aria-label="The rooms of needle_sim; imports point down">',
        "<style>text{font-family:Helvetica,Arial,sans-serif;fill:#263238}"
        ".title{font-size:15px;font-weight:bold}.prose{font-size:13px}"
        ".names{font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}"
        ".group{font-size:13px;font-weight:bold;text-anchor:end}"
        ".head{font-size:19px;font-weight:bold}.note{font-size:13px}</style>",
        f'<rect width="{WIDTH}" height="{bottom + 8:.0f}" fill="#ffffff"/>',
        f'<text class="head" x="{LEFT}" y="30">The rooms of needle_sim</text>',
        f'<text class="note" x="{LEFT}" y="49">Imports point down; rooms side by side do not know '
        "each other. Under each room: what import needle_sim offers from it.</text>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" fill="#90a4ae"/></marker></defs>',
        f'<path d="M8 74V{bottom - 20:.0f}" stroke="#90a4ae" stroke-width="2" '
        'marker-end="url(#tip)"/>',
    ]


if __name__ == "__main__":
    OUT.write_text(drawing(), encoding="utf-8")
