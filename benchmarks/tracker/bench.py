"""What every section of the tracker's benchmark works with: programs, files, and rows that last.

A row is measured once: its key (what was measured) and its figures are one JSON line in
``rows.jsonl``, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHOWKI = str(Path(sys.executable).with_name("chowki"))
PEERS = ROOT / ".venv-peers" / "bin" / "python"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}

Figures = dict[str, Any]
Writer = Callable[[Path], None]


@dataclass
class Bench:
    """The store of rows and the programs that make them.

    Attributes
    ----------
    folder : Path
        Where rows are kept and scenarios are written for as long as they are needed.
    sizes, seeds : Sequence of int
        Numbers of targets and seeds of the NCV scenario.
    draws : tuple of int
        Truth draws, and plot draws of each, of the crossing scenario.
    say : callable
        Told of each row that was measured.
    """

    folder: Path
    sizes: Sequence[int] = (100, 1_000, 10_000, 100_000)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    draws: tuple[int, int] = (25, 8)
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

    @contextlib.contextmanager
    def files(self, write: Writer) -> Iterator[Callable[[], Path]]:
        """Yield a callable that writes a scenario when first asked and gives its folder."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name) / "data"

            def data() -> Path:
                if not folder.exists():
                    write(folder)
                return folder

            yield data

    def track(self, data: Path, cutoff_m: float, *options: str) -> Figures:
        """Return time and scores of chowki, in a process of its own."""
        tracks = data / "tracks.csv"
        words = ["track", data / "plots.csv", "--config", data / "config.toml", "--out", tracks]
        timing = json.loads(_output([CHOWKI, *words, "--timing", "--json", *options]))
        return {**timing, **self.score(data, cutoff_m)}

    def track_here(self, data: Path, cutoff_m: float, *options: str) -> Figures:
        """Return the same as ``track`` from within this process: for many short runs."""
        tracks = data / "tracks.csv"
        words = ["track", data / "plots.csv", "--config", data / "config.toml", "--out", tracks]
        timing = _called([*words, "--timing", "--json", *options])
        truth = ["score", data / "truth.csv", tracks, "--cutoff", cutoff_m, "--json"]
        return {**timing, **_called(truth)}

    def stone_soup(self, data: Path, cutoff_m: float, associator: str) -> Figures:
        """Return time and scores of Stone Soup, in its own environment."""
        words = [data / "plots.csv", "--config", data / "config.toml"]
        program = [PEERS, "-W", "ignore", HERE / "stonesoup_ncv.py", *words]
        options = ["--out", data / "tracks.csv", "--associator", associator]
        return {**json.loads(_output([*program, *options])), **self.score(data, cutoff_m)}

    def score(self, data: Path, cutoff_m: float) -> Figures:
        """Return the scores of the tracks beside a truth."""
        files = [data / "truth.csv", data / "tracks.csv"]
        return json.loads(_output([CHOWKI, "score", *files, "--cutoff", cutoff_m, "--json"]))


def _name(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)


def _line(key: Mapping[str, Any], figures: Figures) -> str:
    return json.dumps({"key": key, "figures": figures}) + "\n"


def _output(command: Sequence[Any]) -> str:
    words = [str(word) for word in command]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def _called(words: Sequence[Any]) -> Figures:
    """Return the JSON document of a command called within this process."""
    from chowki.cli.app import application

    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()),
    ):
        application()([str(word) for word in words], standalone_mode=False)
    return json.loads(out.getvalue())
