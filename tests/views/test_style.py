"""The report's look needs nothing from anywhere and serves paper and phones."""

from __future__ import annotations

import re

from needle_sim.views.style import STYLE


def test_the_style_is_self_contained_and_closed():
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "</" not in STYLE
    depth = 0
    for sign in re.findall(r"[{}]", STYLE):
        depth += 1 if sign == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_paper_and_phones_have_rules():
    assert "@media print" in STYLE
    assert "@media (max-width: 40rem)" in STYLE


def test_each_colour_that_is_used_is_defined():
    assert set(re.findall(r"var\((--[a-z]+)\)", STYLE)) <= set(re.findall(r"(--[a-z]+):", STYLE))
