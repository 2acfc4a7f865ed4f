"""How the command line speaks: data on standard output, all else on standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

Progress = Callable[[float, float | None, dict[str, int]], None]


@dataclass(frozen=True, slots=True)
class Voice:
    """Two consoles and how much is said on them.

    Attributes
    ----------
    out : Console
        Standard output: data only.
    err : Console
        Standard error: logs, progress, remarks.
    as_json : bool
        True when standard output carries one JSON document and nothing else.
    quiet : bool
        True when remarks and progress are left out.
    """

    out: Console
    err: Console
    as_json: bool
    quiet: bool

    @classmethod
    def of(cls, *, as_json: bool = False, quiet: bool = False, verbose: bool = False) -> Voice:
        """Return the voice that the options ask for, and set up logging to match."""
        err = Console(stderr=True)
        _listen_to_logs(err, quiet=quiet, verbose=verbose)
        return cls(Console(soft_wrap=True), err, as_json, quiet)

    def remark(self, words: str) -> None:
        """Say something about the work on standard error, unless quiet."""
        if not self.quiet:
            self.err.print(words, highlight=False, markup=False, soft_wrap=True)

    def data(self, document: Mapping[str, Any] | list[Any], show: Callable[[], None]) -> None:
        """Give the data: as one JSON document, or in the form for people that ``show`` prints."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(document), indent=2, allow_nan=False) + "\n")
        else:
            show()

    @contextmanager
    def progress(self, title: str) -> Generator[Progress | None, None, None]:
        """Yield what ``chowki.run`` tells its progress to, None when nobody watches."""
        if self.quiet or self.as_json or not self.err.is_terminal:
            yield None
            return
        with _bar(self.err) as bar:
            task = bar.add_task(title, total=None, tracks=0)
            yield lambda done_s, total_s, counts: bar.update(
                task, completed=done_s, total=total_s, tracks=counts["tracks"]
            )


def talkative() -> bool:
    """Return whether ``-v`` was given."""
    return logging.getLogger("chowki").isEnabledFor(logging.DEBUG)


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinity become null, NumPy becomes Python.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2)})
    {'a': None, 'b': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | str | None):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def _listen_to_logs(err: Console, *, quiet: bool, verbose: bool) -> None:
    from rich.logging import RichHandler

    log = logging.getLogger("chowki")
    log.handlers = [RichHandler(console=err, show_path=verbose, show_time=verbose)]
    log.propagate = False
    log.setLevel(logging.DEBUG if verbose else logging.ERROR if quiet else logging.INFO)


def _bar(err: Console) -> Any:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} s, {task.fields[tracks]:,} tracks"),
        TimeElapsedColumn(),
        console=err,
        expand=True,
        refresh_per_second=1,
    )
