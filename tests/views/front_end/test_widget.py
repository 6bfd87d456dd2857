"""The widget carries messages to its console, and replies with their pixels back."""

from __future__ import annotations

import numpy as np

from needle_sim.views.front_end.reply import Reply
from needle_sim.views.front_end.widget import Instrument
from tests.views.front_end.desk import console


def _heard(widget: Instrument) -> list[tuple[dict, list[bytes]]]:
    """What the widget sends from now on."""
    heard: list[tuple[dict, list[bytes]]] = []
    widget.send = lambda content, buffers=None: heard.append((content, buffers))
    return heard


def test_a_message_is_answered_with_state_and_pixels():
    made = console()
    widget = Instrument(made)
    heard = _heard(widget)

    widget._received(widget, {"n": 1, "ask": "hello"}, [])
    widget._received(widget, {"n": 2, "do": "shot"}, [])

    (hello, none), (shot, pixels) = heard
    assert hello["n"] == 1
    assert hello["setup"]["procedure"] == made.rehearsal.recipe.name
    assert none == []
    (entry,) = shot["pictures"]
    assert len(pixels[0]) == entry["rows"] * entry["columns"]
    assert np.frombuffer(pixels[0], np.uint8).std() > 10
    assert widget.rehearsal.exposures == 1


def test_what_the_generator_says_is_passed_on_without_being_asked():
    made = console()
    heard = _heard(Instrument(made))

    made.listener(Reply({"push": "heat", "row": {"sensor_c": 60.0}}))

    assert heard == [({"push": "heat", "row": {"sensor_c": 60.0}, "pictures": []}, [])]


def test_module_and_style_are_those_of_the_local_page():
    from needle_sim.views.front_end.local_page import asset

    assert asset("instrument.js") == Instrument._esm
    assert "export default" in Instrument._esm
    assert asset("instrument.css") == Instrument._css
