"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Compilation on first use would trip a deadline; the same examples on every run keep CI steady.
settings.register_profile("chowki", deadline=None, derandomize=True)
settings.load_profile("chowki")


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Path]:
    """Return the path of a real recording, or skip with the reason."""

    def path_of(name: str) -> Path:
        folder = os.environ.get("CHOWKI_TEST_DATA")
        if not folder:
            pytest.skip("CHOWKI_TEST_DATA is not set: no real recordings here")
        path = Path(folder) / name
        if not path.exists():
            pytest.skip(f"{name} is not in CHOWKI_TEST_DATA")
        return path

    return path_of
