"""Section: the 3-D tracker with three interacting modes, on one core and on two."""

from __future__ import annotations

import os
from pathlib import Path

import ncv
import numpy as np
from bench import Bench, Figures
from section_ncv import CUTOFF_M

from page import Table, least, most

TARGETS, SEED, HEIGHT_M = 10_000, 0, 1_000.0
CPU_MS, SPEED_UP = 150.0, 1.7
ABOUT = (
    f"The NCV scenario with {TARGETS:,} targets and a height measured as well as the rest:"
    " positions in space; quiet flight, coordinated turn and hover weighed for every track. One"
    " seed, 60 scans; CPU and wall time of the median scan. Two threads write the same bytes."
)


def tables(bench: Bench) -> list[Table]:
    """Return time and scores by number of threads."""
    night = ncv.Night(targets=TARGETS, seed=SEED)
    with bench.files(lambda folder: _write(night, folder)) as folder:
        one, two = (
            bench.row(
                lambda n=threads: _track(bench, folder(), n),
                step="space", targets=TARGETS, seed=SEED, tool="chowki", threads=threads,
            )
            for threads in (1, 2)
        )  # fmt: skip
    ratio = one["wall_ms_median"] / two["wall_ms_median"]
    rows = [
        ["1", most(one["cpu_ms_median"], CPU_MS, 0), f"{one['wall_ms_median']:.0f}", "",
         f"{one['gospa_per_root_target_m']:.2f}", f"{one['switches_per_100']:.2f}", ""],
        ["2", f"{two['cpu_ms_median']:.0f}", f"{two['wall_ms_median']:.0f}",
         least(ratio, SPEED_UP), f"{two['gospa_per_root_target_m']:.2f}",
         f"{two['switches_per_100']:.2f}", "yes" if one["digest"] == two["digest"] else "**no**"],
    ]  # fmt: skip
    columns = ("threads", "CPU ms/scan", "wall ms/scan", "times faster", "GOSPA/√N (m)")
    columns += ("switches per 100", "same bytes")
    return [Table("Space, three modes", ABOUT, columns, rows)]


def _write(night: ncv.Night, folder: Path) -> None:
    """Write the scenario with a height, which every plot measures."""
    ncv.write(night, folder)
    path = folder / "plots.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    noise = np.random.default_rng([night.seed, night.targets, 9]).standard_normal(len(rows))
    heights = HEIGHT_M + night.sigma_m * noise
    lines = [f"{row},{z:.3f}" for row, z in zip(rows, heights, strict=True)]
    path.write_text("\n".join([f"{head},z_m", *lines]) + "\n", encoding="utf-8")
    config = (folder / "config.toml").read_text(encoding="utf-8")
    config = config.replace('model = "cv"', 'model = "imm"')
    config = config.replace("[target]", f"[target]\nheight_m = {HEIGHT_M}\nheight_sd_m = 30.0")
    (folder / "config.toml").write_text(config, encoding="utf-8")


def _track(bench: Bench, folder: Path, threads: int) -> Figures:
    """Return figures of a run that may use as many cores as threads."""
    import hashlib

    config = folder / "config.toml"
    text = config.read_text(encoding="utf-8").split("[association]")[0]
    config.write_text(f"{text.rstrip()}\n\n[association]\nthreads = {threads}\n", encoding="utf-8")
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(range(threads)) if threads > 1 else own)
    try:
        figures = bench.track(folder, CUTOFF_M)
    finally:
        os.sched_setaffinity(0, own)
    tracks = (folder / "tracks.csv").read_bytes()
    return {**figures, "digest": hashlib.sha256(tracks).hexdigest()}
