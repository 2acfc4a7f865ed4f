"""The command line, called as a user calls it but within the process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chowki.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code and what stood on both outputs."""

    code: int
    out: str
    err: str


@pytest.fixture
def chowki(monkeypatch, capfd) -> Callable[..., Ended]:
    """Return a callable that runs one command."""
    # rich wraps at the width of the terminal: a wide one keeps lines whole
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["chowki", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        logging.getLogger("chowki").handlers.clear()
        written = capfd.readouterr()
        code: Any = end.value.code
        return Ended(code or 0, written.out, written.err)

    return call
