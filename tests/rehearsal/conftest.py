"""One spine for the whole room."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.driving import spine


@pytest.fixture(scope="session")
def phantom() -> Any:
    """The shipped mean lumbar spine, built once."""
    return spine()
