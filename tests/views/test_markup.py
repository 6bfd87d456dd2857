"""Text from data cannot become markup."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from needle_sim.views.markup import Html, join, listed, page, picture, table, tag


class Reader(HTMLParser):
    """Collects tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_text_comes_out_as_text(text):
    read = Reader(tag("p", text, title=text))
    assert read.tags == ["p"]
    assert read.said == text


def test_markup_is_kept_and_void_tags_have_no_end():
    assert tag("p", tag("b", "a<b"), " & c") == "<p><b>a&lt;b</b> &amp; c</p>"
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert tag("td", "x", class_="sign good", aria_label="met") == (
        '<td class="sign good" aria-label="met">x</td>'
    )
    assert isinstance(join(("<", Html("<br>"))), Html)
    assert join(("<", Html("<br>"))) == "&lt;<br>"


def test_a_picture_holds_its_bytes():
    data = bytes(range(256))
    held = re.search(r'base64,([^"]+)"', picture(data, alt="a", caption="b"))
    assert held is not None
    assert base64.b64decode(held[1]) == data


def test_a_table_has_a_head_and_a_row_for_each_row():
    read = Reader(table(("What", "Value"), [("depth", "61 mm"), ("<b>", "2")], caption="Plan"))
    assert read.tags.count("tr") == 3
    assert read.tags.count("th") == 4
    assert "b" not in read.tags
    assert read.said == "PlanWhatValuedepth61 mm<b>2"


def test_a_page_is_a_whole_document():
    text = page("a & b", "p { color: red }", listed(["one", "two"]))
    assert text.startswith("<!doctype html>")
    assert Reader(text).tags == ["html", "head", "meta", "meta", "title", "style", "body", *_LIST]


_LIST = ["ul", "li", "li"]
