"""Nouns show themselves in a notebook, and text from data stays text."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim.shown import Shown


@dataclass(frozen=True)
class Thing(Shown):
    name: str

    def facts(self) -> dict[str, str]:
        return {"name": self.name}


def test_markup_in_data_is_escaped():
    html = Thing("<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
