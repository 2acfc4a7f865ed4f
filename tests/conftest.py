"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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


@pytest.fixture(scope="session")
def captures() -> ModuleType:
    """Return the encoders of made-up captures, in ``tests/feeds``."""
    path = Path(__file__).parent / "feeds" / "captures.py"
    spec = importlib.util.spec_from_file_location("captures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
