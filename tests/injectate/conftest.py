"""The simple spine, built once."""

import pytest

from tests.injectate.cases import simple_spine


@pytest.fixture(scope="session")
def spine():
    return simple_spine()
