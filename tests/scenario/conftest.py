"""Scenario files that tests change and load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chowki import scenario
from chowki.core.errors import Problem, ScenarioError


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the single-site example, with pieces of text replaced, and return its path."""

    def written(*changes: tuple[str, str], more: str = "", name: str = "test") -> Path:
        text = scenario.new(name, 27.62, 77.13)
        for old, new in changes:
            assert old in text, f"{old!r} is not in the example"
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return written


@pytest.fixture
def problems(write) -> Callable[..., list[Problem]]:
    """Return the problems found in the example after changes; at least one."""

    def found(*changes: tuple[str, str], more: str = "", overrides=()) -> list[Problem]:
        with pytest.raises(ScenarioError) as caught:
            scenario.load(write(*changes, more=more), overrides)
        return caught.value.problems

    return found
