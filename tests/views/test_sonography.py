"""Sonograms drawn as on a machine: which way round, to scale, and what is written."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from needle_sim.errors import InputError
from needle_sim.geometry.transform import rigid, unit
from needle_sim.imaging.ultrasound.probe import PROBE
from needle_sim.views import canvas
from needle_sim.views.figures import draw
from needle_sim.views.sonography import (
    beam_in_words,
    draw_sonogram,
    edges_in_words,
    sonogram_figure,
)
from tests.views.sonograms import HEAD, LEFT, PIXEL_MM, POSTERIOR, a_sonogram


def drawn(sonogram, **settings) -> np.ndarray:
    """The figure as grey or RGB pixels."""
    return np.asarray(Image.open(io.BytesIO(canvas.png(sonogram_figure(sonogram, **settings)))))


def words(ax) -> dict[str, tuple[float, float]]:
    """Lettering and where it stands."""
    return {one.get_text(): one.get_position() for one in ax.texts}


def axes(sonogram, **settings):
    figure = canvas.sheet(600, 400, colour=canvas.SCREEN)
    return draw_sonogram(canvas.panel(figure, (0, 0, 1, 1)), sonogram, **settings)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (HEAD, ("CRANIAL", "CAUDAL")),
        (LEFT, ("LEFT", "RIGHT")),
        (-HEAD, ("CAUDAL", "CRANIAL")),
        (LEFT + 0.3 * HEAD, ("LEFT", "RIGHT")),
        (LEFT + HEAD * 1.1, ("CRANIAL-LEFT", "CAUDAL-RIGHT")),
        (HEAD - 0.8 * POSTERIOR, ("CRANIAL", "CAUDAL")),
    ],
)
def test_the_marker_side_is_named_at_the_left(marker, said):
    turned = np.eye(4)
    turned[:3, 0] = unit(marker)
    turned[:3, 1] = unit(np.cross([0.3, 0.2, 0.9], marker))
    turned[:3, 2] = np.cross(turned[:3, 0], turned[:3, 1])
    pose = rigid(turned[:3, :3], [0.0, 80.0, 0.0], source=PROBE)
    shot = a_sonogram(patient_from_probe=pose)
    assert edges_in_words(pose) == said
    there = words(axes(shot))
    assert there[said[0]][0] < 0 < there[said[1]][0]


def test_what_lies_at_the_marker_is_drawn_at_the_left():
    grey = drawn(a_sonogram()).astype(float)
    middle = grey[grey.shape[0] // 2]
    lit = np.flatnonzero(middle > 40)
    third = len(lit) // 3
    assert middle[lit[:third]].mean() > 1.5 * middle[lit[-third:]].mean()


def test_the_depth_scale_is_true_to_the_picture():
    """Ticks every centimetre from the face down; the axes speak millimetres."""
    shot = a_sonogram()
    ax = axes(shot)
    there = words(ax)
    assert there["0 cm"][1] == pytest.approx(0.0)
    assert there["5"][1] == pytest.approx(50.0)
    (image,) = ax.images
    left, right, low, high = image.get_extent()
    assert low - high == pytest.approx(shot.array.shape[0] * PIXEL_MM)
    assert high == pytest.approx(-(shot.origin_px[0] + 0.5) * PIXEL_MM)
    assert right - left == pytest.approx(shot.array.shape[1] * PIXEL_MM)


def test_settings_and_that_it_is_simulated_are_written():
    there = words(axes(a_sonogram(gain_db=6.0), title="Trident, L3-L4"))
    for said in ("Trident, L3-L4", "3.5 MHz", "D 8 cm", "G +6 dB", "DR 60 dB"):
        assert said in there
    assert any("Simulated. Not for clinical use" in one for one in there)


def test_outside_of_the_sector_and_the_lettering_all_is_black():
    shot = a_sonogram()
    ax = axes(shot)
    (image,) = ax.images
    assert (np.asarray(image.get_array())[~shot.sector] == 0).all()


def test_a_needle_is_drawn_only_when_asked_and_where_it_is():
    course = np.array([[10.0, 90.0], [110.0, 140.0]])
    needle = {"tip_px": course[-1], "polyline_px": course, "in_plane": True}
    shot = a_sonogram(needles=[needle])
    assert drawn(shot).ndim == 2  # no colour
    assert drawn(shot, needles=True).ndim == 3
    yellow = [line for line in axes(shot, needles=True).lines if line.get_color() == canvas.NEEDLE]
    rails = np.array([line.get_xydata() for line in yellow])
    true = (course[:, ::-1] - np.array(shot.origin_px)[::-1]) * PIXEL_MM
    assert rails[:, 0].mean(axis=0) == pytest.approx(true[0])  # as far on one side as on the other
    shaft = (true[1] - true[0]) / np.linalg.norm(true[1] - true[0])
    for rail in rails:
        away = (rail - true[0]) @ [shaft[1], -shaft[0]]
        assert np.abs(away) == pytest.approx(2.5)  # the echo between them is not drawn over
        assert (rail - true[0])[-1] @ shaft < np.linalg.norm(true[1] - true[0])


def test_black_for_want_of_contact_is_named_where_it_is_and_a_thin_edge_is_not():
    lines = 256
    whole, half, edge = np.zeros(lines), np.zeros(lines), np.zeros(lines)
    half[200:], edge[:8] = np.inf, 12.0
    for gaps, said in ((whole, 0), (half, 1), (edge, 0)):
        shot = a_sonogram()
        shot.truth["gap_mm"] = gaps
        there = [one for one in axes(shot).texts if one.get_text() == "no contact"]
        assert len(there) == said
        assert all(one.get_position()[0] > 15.0 for one in there)  # the last lines are at the right


def test_labels_stand_where_the_point_is_and_only_near_the_plane():
    """The marker is cranial: 12 mm to the head is 12 mm to the picture's left."""
    shot = a_sonogram()
    x, y, z = shot.patient_from_probe.matrix[:3, 3]
    places = {
        "lamina": (x, y - 30.0, z + 12.0),
        "far": (x + 20.0, y - 30.0, z),
        "off": (x, y - 300.0, z),
    }
    there = words(axes(shot, labels=places))
    assert there[" lamina"] == pytest.approx((-12.0, 30.0))
    assert not {" far", " off"} & set(there)
    with pytest.raises(InputError, match="'bad' needs a point"):
        axes(shot, labels={"bad": [1.0, 2.0]})


@pytest.mark.parametrize("name", ["curved_3p5mhz", "linear_9mhz"])
def test_the_same_sonogram_gives_the_same_bytes_and_no_words_collide(name):
    shot = a_sonogram(LEFT, name=name, depth_mm=50.0)
    figure = sonogram_figure(shot, title="Transverse interlaminar, L3-L4")
    assert canvas.png(figure) == canvas.png(
        sonogram_figure(shot, title="Transverse interlaminar, L3-L4")
    )
    boxes = [one.get_window_extent() for one in figure.axes[0].texts]
    for n, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[n + 1 :])
        assert one.x0 >= 0
        assert one.x1 <= 900


@pytest.mark.parametrize(
    ("beam", "said"),
    [
        ((0.0, -1.0, 0.0), "straight ventral"),
        ((0.1763, -1.0, 0.0), "10° to the patient's left"),
        ((-0.1763, -1.0, -0.0875), "10° to the patient's right, 5° caudad"),
    ],
)
def test_a_beam_in_words(beam, said):
    assert beam_in_words(beam) == said


def test_a_sonogram_plots_itself_as_it_is_drawn():
    """`draw` finds the picture by the name of the noun."""
    shot = a_sonogram()
    Sonogram = type("Sonogram", (SimpleNamespace,), {})
    ax = draw(Sonogram(**vars(shot)), title="Trident")
    assert {"Trident", "CRANIAL", "CAUDAL"} <= set(words(ax))
    given = canvas.panel(canvas.sheet(300, 200), (0, 0, 1, 1))
    assert draw(Sonogram(**vars(shot)), ax=given) is given
