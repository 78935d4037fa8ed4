"""Libraries that run documents, imported by the tests that use them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

# both import a grammar of addresses that takes three seconds: too long for every run of any test


@pytest.fixture
def nbformat() -> ModuleType:
    """Reads and writes notebooks."""
    return import_module("nbformat")


@pytest.fixture
def nbclient() -> ModuleType:
    """Runs notebooks."""
    return import_module("nbclient")
