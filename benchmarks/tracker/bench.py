"""What every section of the tracker's benchmark works with: programs, files, and rows that last."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rows import Figures, Rows

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHOWKI = str(Path(sys.executable).with_name("chowki"))
PEERS = ROOT / ".venv-peers" / "bin" / "python"
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}

Writer = Callable[[Path], None]


@dataclass
class Bench(Rows):
    """The store of rows and the programs that make them.

    Attributes
    ----------
    sizes, seeds : Sequence of int
        Numbers of targets and seeds of the NCV scenario.
    draws : tuple of int
        Truth draws, and plot draws of each, of the crossing scenario.
    """

    sizes: Sequence[int] = (100, 1_000, 10_000, 100_000)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    draws: tuple[int, int] = (25, 8)

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
