"""The pictures of a run have fixed names, and the same run gives the same bytes."""

from __future__ import annotations

import hashlib
import struct
import threading

import pytest

from needle_sim.errors import InputError
from needle_sim.views.pictures import (
    heat_figure,
    lesion_figure,
    pictures,
    save_pictures,
    steps_figure,
    view_figure,
)

NAMES = {
    "view_ap.png",
    "view_oblique.png",
    "view_lateral.png",
    "view_barrel.png",
    "ct_axial.png",
    "ct_along_needle.png",
    "lesion.png",
    "heat.png",
    "steps.png",
    "overview.png",
}


def digests(drawn: dict[str, bytes]) -> dict[str, str]:
    """One hash a picture, so that a failure names it."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in drawn.items()}


def test_a_run_that_reached_its_end_has_all_pictures(drawn):
    assert set(drawn) == NAMES
    (size,) = {struct.unpack(">II", drawn["overview.png"][16:24])}
    assert size == (2400, 600)


def test_two_threads_at_once_draw_the_same_bytes(run, drawn):
    found: dict[int, dict[str, bytes]] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: pictures(run)})) for n in range(2)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert digests(found[0]) == digests(found[1]) == digests(drawn)


def test_a_blocked_run_has_views_slice_and_overview_only(blocked, tmp_path):
    paths = save_pictures(blocked, tmp_path)
    names = {path.name for path in paths}
    assert names == {"view_ap.png", "view_lateral.png", "ct_axial.png", "overview.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    for make in (lesion_figure, heat_figure):
        with pytest.raises(InputError, match="this run"):
            make(blocked)


def test_an_injection_has_contrast_and_sonogram_and_nothing_of_heat(injected):
    names = set(pictures(injected))
    assert {"contrast_1.png", "sonogram.png", "steps.png", "ct_along_needle.png"} <= names
    assert {"view_clo.png", "view_clo_2.png"} <= names
    assert not {"lesion.png", "heat.png"} & names


def test_a_view_says_how_deep_the_needle_was(injected):
    words = [text.get_text() for ax in view_figure(injected.views[1]).axes for text in ax.texts]
    assert "Contralateral oblique at 56 mm" in words


def test_the_steps_name_the_view_that_the_danger_asks_for(injected):
    words = [text.get_text() for ax in steps_figure(injected).axes for text in ax.texts]
    assert "56 mm: from here on only after the contralateral oblique view" in words


def test_the_lesion_picture_says_that_its_band_is_uncertain(run):
    words = [text.get_text() for ax in lesion_figure(run).axes for text in ax.texts]
    assert any("50 °C" in one and "uncertain" in one for one in words)
    assert any("conservative boundary" in one for one in words)
