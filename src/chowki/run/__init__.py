"""The loop, what a run leaves behind, and what a recording still tells."""

import sys
from types import ModuleType
from typing import Any

from chowki.run.compare import Comparison, compare
from chowki.run.loop import run
from chowki.run.notices import Checked, verify_notice, write_notice
from chowki.run.paired import Paired, without_operator
from chowki.run.proof import Replay, replay, verify
from chowki.run.result import Run

__all__ = [
    "Checked",
    "Comparison",
    "Paired",
    "Replay",
    "Run",
    "compare",
    "replay",
    "run",
    "verify",
    "verify_notice",
    "without_operator",
    "write_notice",
]


class _Callable(ModuleType):
    """Lets ``chowki.run`` be called: the import of this package takes the function's name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Run:
        return run(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
