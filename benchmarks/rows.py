"""Rows of figures that last: what was measured once is not measured again.

A row is measured once: its key (what was measured) and its figures are one JSON line in
``rows.jsonl``, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


@dataclass
class Rows:
    """The store of rows.

    Attributes
    ----------
    folder : Path
        Where rows are kept.
    say : callable
        Told of each row that was measured.
    rows : dict
        Figures by key.
    """

    folder: Path
    say: Callable[[str], None] = lambda _: None
    rows: dict[str, Figures] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the rows that an earlier run left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self.rows[_name(row["key"])] = row["figures"]

    @property
    def _file(self) -> Path:
        return self.folder / "rows.jsonl"

    def forget(self, **key: Any) -> None:
        """Drop the rows whose keys hold these values, all of them if none is given."""
        kept = {
            name: figures
            for name, figures in self.rows.items()
            if not key.items() <= json.loads(name).items()
        }
        self.rows = kept
        lines = [_line(json.loads(name), figures) for name, figures in kept.items()]
        self._file.write_text("".join(lines), encoding="utf-8")

    def has(self, **key: Any) -> bool:
        """Return whether a row was measured already."""
        return _name(key) in self.rows

    def row(self, work: Callable[[], Figures], **key: Any) -> Figures:
        """Return the figures of a row, measured now if they were not before."""
        name = _name(key)
        if name not in self.rows:
            begin = time.perf_counter()
            self.rows[name] = work()
            with self._file.open("a", encoding="utf-8") as file:
                file.write(_line(key, self.rows[name]))
            words = ", ".join(f"{k} {v}" for k, v in key.items())
            self.say(f"{words}: {time.perf_counter() - begin:.1f} s")
        return self.rows[name]


def _name(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


def _line(key: Mapping[str, Any], figures: Figures) -> str:
    return json.dumps({"key": key, "figures": figures}) + "\n"
