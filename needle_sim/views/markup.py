"""HTML that is safe by construction: text is escaped unless it is already `Html`."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


_VOID = frozenset({"img", "meta", "hr", "br"})


def tag(name: str, /, *inner: str, **attributes: str) -> Html:
    """``<name ...>inner</name>``; ``class_`` stands for ``class``, ``aria_label`` for its dash."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{join(inner)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Pieces side by side, plain text escaped."""
    return Html("".join(one if isinstance(one, Html) else html.escape(one) for one in parts))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> Html:
    """A table whose first column names the row; numbers follow to the right."""
    head = tag("tr", *(tag("th", one, scope="col") for one in heads))
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    ]
    parts = [tag("caption", caption)] if caption else []
    inner = tag("table", *parts, tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="table")


def section(title: str, *inner: str) -> Html:
    """A part of the page under its heading."""
    return tag("section", tag("h2", title), *inner)


def listed(items: Iterable[str], *, class_: str = "") -> Html:
    """An unordered list."""
    kind = {"class_": class_} if class_ else {}
    return tag("ul", *(tag("li", one) for one in items), **kind)


def picture(data: bytes, *, alt: str, caption: str, class_: str = "") -> Html:
    """A PNG inside the page, with its caption."""
    source = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    kind = {"class_": class_} if class_ else {}
    return tag("figure", tag("img", src=source, alt=alt), tag("figcaption", caption), **kind)


def page(title: str, style: str, *body: str) -> str:
    """A whole document that needs nothing from anywhere."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(style)),
    )
    return f'<!doctype html>\n<html lang="en">{head}{tag("body", *body)}</html>\n'
