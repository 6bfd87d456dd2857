"""Files from strangers: how deep they are nested is known before anything is built from them."""

from __future__ import annotations

import re

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def nesting(data: bytes) -> int:
    """Deepest nesting of a JSON text (brackets within its strings do not count); no recursion."""
    deep = most = 0
    for match in _TOKENS.finditer(data):
        token = match[0]
        if token in b"[{":
            deep += 1
            most = max(most, deep)
        elif token in b"]}":
            deep -= 1
    return most
