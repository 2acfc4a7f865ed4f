"""Section: from nothing to the first tracks, with a warm and with an empty cache of kernels."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import ncv
from bench import CHOWKI, Bench, Figures

from page import Table, most

TARGETS = 100
WARM_S, COLD_S = 1.5, 60.0
ABOUT = (
    "Wall time of the whole process, Python's own start, imports and files included, for one scan"
    f" of {TARGETS} targets: an upper bound on what the first scan takes after import. Warm: median"
    " of nine. Cold: an empty cache, every kernel that tracking in the plane can need compiled."
)


def tables(bench: Bench) -> list[Table]:
    """Return both times."""
    night = ncv.Night(targets=TARGETS, scans=1)
    with bench.files(lambda folder: ncv.write(night, folder)) as folder:
        warm = bench.row(lambda: _warm(folder()), step="start", cache="warm", tool="chowki")
        cold = bench.row(lambda: _cold(folder()), step="start", cache="cold", tool="chowki")
    rows = [
        ["warm cache", most(warm["wall_s"], WARM_S)],
        ["cold cache", most(cold["wall_s"], COLD_S, 1)],
    ]
    command = "chowki track DATA/plots.csv --config DATA/config.toml --out DATA/tracks.csv"
    return [Table("Start-up", ABOUT, ("start", "wall seconds"), rows, (command,))]


def _warm(data: Path) -> Figures:
    return {"wall_s": statistics.median([_seconds(data, {}) for _ in range(10)][1:])}


def _cold(data: Path) -> Figures:
    with tempfile.TemporaryDirectory() as cache:
        return {"wall_s": _seconds(data, {"NUMBA_CACHE_DIR": cache}, "--timing")}


def _seconds(data: Path, environment: dict[str, str], *options: str) -> float:
    words = [CHOWKI, "track", data / "plots.csv", "--config", data / "config.toml"]
    before = time.perf_counter()
    subprocess.run(
        [*words, "--out", data / "tracks.csv", *options],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    return time.perf_counter() - before
