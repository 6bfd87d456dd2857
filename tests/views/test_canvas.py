"""Sheets of a known size, PNGs without metadata, and no trace of a user's own style."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib

import matplotlib as mpl
import pytest

from needle_sim.views import canvas


def chunks(png: bytes) -> dict[str, bytes]:
    """The chunks of a PNG by type, each with a right checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert zlib.crc32(kind + data) == check
        found[kind.decode()] = data
        at += 12 + size
    return found


def drawing() -> bytes:
    """Something with lettering, a curve and a legend."""
    figure = canvas.sheet(320, 200)
    ax = canvas.plain_axes(canvas.panel(figure, (0.1, 0.2, 0.8, 0.7)), size=8)
    ax.plot([0, 1], [0, 2], color="black", linewidth=1.5)
    canvas.name_axes(ax, "Time, s", "Power, W", size=8)
    canvas.write(ax, 0.5, 0.5, "10 $ a_b", ha="center")
    canvas.scale_bar(ax, 0.2, colour="black")
    return canvas.png(figure)


def test_a_png_has_the_size_of_its_sheet_and_no_metadata():
    found = chunks(drawing())
    assert struct.unpack(">II", found["IHDR"][:8]) == (320, 200)
    assert not set(found) & {"tEXt", "iTXt", "zTXt", "tIME", "eXIf"}


def test_a_picture_without_colour_is_stored_as_grey():
    kinds = {}
    for colour in ("#000000", "#102030"):
        header = chunks(canvas.png(canvas.sheet(20, 10, colour=colour)))["IHDR"]
        kinds[colour] = header[9]  # colour type
    assert kinds == {"#000000": 0, "#102030": 2}


@pytest.mark.parametrize(
    "style",
    [
        {"font.size": 30, "font.family": "serif", "savefig.dpi": 33, "lines.linewidth": 9},
        {"text.color": "red", "axes.edgecolor": "red", "xtick.color": "red", "grid.alpha": 0.1},
        {"figure.facecolor": "red", "savefig.facecolor": "red", "axes.facecolor": "red"},
        {"savefig.bbox": "tight", "savefig.transparent": True, "figure.autolayout": True},
    ],
)
def test_a_users_own_style_changes_nothing(style):
    plain = drawing()
    with mpl.rc_context(style):
        assert drawing() == plain


def test_lettering_scales_with_the_panel():
    small = canvas.panel(canvas.sheet(200, 200), (0, 0, 1, 1))
    large = canvas.panel(canvas.sheet(400, 400), (0, 0, 1, 1))
    narrow = canvas.panel(canvas.sheet(100, 400), (0, 0, 1, 1))
    assert canvas.points_high(small, 0.1) == pytest.approx(0.1 * 200 * 72 / canvas.DPI)
    assert canvas.points_high(large, 0.1) == pytest.approx(2 * canvas.points_high(small, 0.1))
    assert canvas.points_high(narrow, 0.1) < canvas.points_high(small, 0.1)


def test_drawing_needs_no_pyplot():
    code = (
        "import sys; from needle_sim.views import figures, pictures, report;"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
