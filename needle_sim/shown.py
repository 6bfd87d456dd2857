"""`Shown`, `Pictured`: nouns that can be looked at, and the one sanctioned call upwards."""

from __future__ import annotations

import html
from typing import Any


class Shown:
    """Gives a noun ``.plot()`` and a notebook representation, drawn by `needle_sim.views`."""

    __slots__ = ()

    def plot(self, **settings: Any) -> Any:
        """Draw this object with matplotlib and return the Axes (or Figure) that holds it."""
        from importlib import import_module

        return import_module("needle_sim.views.figures").draw(self, **settings)

    def _repr_html_(self) -> str | None:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td>{html.escape(text)}</td></tr>"
            for name, text in self.facts().items()
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"

    def facts(self) -> dict[str, str]:
        """Name and value of what a reader wants to know first; nouns override this."""
        return {"": repr(self)}


class Pictured(Shown):
    """A noun that is a picture: a notebook shows it as one, not as a table of facts."""

    __slots__ = ()

    def _repr_html_(self) -> None:
        return None  # a notebook would prefer it to the picture

    def _repr_png_(self) -> bytes:
        from importlib import import_module

        found: bytes = import_module("needle_sim.views.figures").picture(self)
        return found
