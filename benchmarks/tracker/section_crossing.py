"""Section: the crossing scenario of Williams (2015), many draws of truth and of plots."""

from __future__ import annotations

from pathlib import Path

import crossing
import numpy as np
from bench import Bench, Figures

from page import Table, most

CUTOFF_M = 10.0
GOSPA_M, CPU_MS = 3.0, 60.0
# Truth draws from this one on were looked at only after the filter's thresholds stood.
HELD_OUT = 200
ASSOCIATORS = ("belief-propagation", "global-nearest-neighbour")
PARTS = ("gospa_m", "gospa_localisation_m", "gospa_missed_m", "gospa_false_m")
COMMANDS = (
    "python benchmarks/tracker/crossing.py DATA --truth-seed T --plot-seed P",
    "chowki track DATA/plots.csv --config DATA/config.toml --out DATA/tracks.csv --timing",
    "chowki score DATA/truth.csv DATA/tracks.csv --cutoff 10",
)
ABOUT = (
    "Four targets meet at step 41 and one dies there; 81 steps, 10 false plots a step. RMS GOSPA"
    " (p 2, alpha 2, c 10 m) over runs and steps; the interval is a bootstrap over truth draws"
    " (10,000 resamples). The reference figures are those of Garcia-Fernandez's MATLAB code on 20"
    " plot draws of one other truth draw: the same definition, not the same data. Thresholds were"
    " set while looking at the first five truth draws; held out are draws 200 and on, which were"
    " measured once they stood."
)
REFERENCE = (
    (
        "PMBM, reference code",
        "1 of 20",
        "2.93",
        "-",
        "1.94",
        "1.84",
        "1.20",
        "2.45 to 3.61",
        "> 30,000",
    ),
    (
        "PMB (Murty), reference code",
        "1 of 20",
        "3.69",
        "-",
        "2.04",
        "1.87",
        "2.43",
        "3.03 to 4.65",
        "",
    ),
    ("GM-PHD, reference code", "1 of 20", "5.71", "-", "3.00", "4.44", "1.95", "5.13 to 6.48", ""),
)


def tables(bench: Bench) -> list[Table]:
    """Return RMS GOSPA by associator, beside the reference."""
    columns = (
        "filter",
        "truth draws of plot draws",
        "RMS GOSPA (m)",
        "95 % interval",
        "localisation",
    )
    columns += ("missed", "false", "per run, least to most", "CPU ms per run, median")
    body = [_line(name, _runs(bench, name)) for name in ASSOCIATORS]
    held_out = _line(f"{ASSOCIATORS[0]}, held out", _runs(bench, ASSOCIATORS[0], HELD_OUT))
    return [Table("Crossing scenario", ABOUT, columns, [*body, held_out, *REFERENCE], COMMANDS)]


def _runs(bench: Bench, associator: str, first: int = 0) -> list[list[Figures]]:
    """Return the rows by truth draw and plot draw."""
    truths, plots = bench.draws
    return [[_run(bench, associator, first + t, p) for p in range(plots)] for t in range(truths)]


def _run(bench: Bench, associator: str, truth_seed: int, plot_seed: int) -> Figures:
    # every run has plots of its own: a plot seed that two truths share would tie them together
    seed = 1_000 * truth_seed + plot_seed

    def write(folder: Path) -> None:
        crossing.write(truth_seed, seed, folder)

    with bench.files(write) as folder:
        return bench.row(
            lambda: bench.track_here(folder(), CUTOFF_M, "--associator", associator),
            step="crossing",
            tool="chowki",
            associator=associator,
            truth_seed=truth_seed,
            plot_seed=seed,
        )


def _line(name: str, runs: list[list[Figures]]) -> list[str]:
    square = np.array([[[row[part] ** 2 for part in PARTS] for row in of] for of in runs])
    total, *parts = np.sqrt(square.mean(axis=(0, 1)))
    low, high = interval(square[:, :, 0].mean(axis=1))
    per_run = np.sqrt(square[:, :, 0])
    spent_ms = float(np.median([row["cpu_ms_total"] for of in runs for row in of]))
    judged = name.startswith(ASSOCIATORS[0])
    return [
        f"chowki {name}",
        f"{square.shape[0]} of {square.shape[1]}",
        most(total, GOSPA_M) if judged else f"{total:.2f}",
        f"{low:.2f} to {high:.2f}",
        *(f"{part:.2f}" for part in parts),
        f"{per_run.min():.2f} to {per_run.max():.2f}",
        most(spent_ms, CPU_MS, 1) if judged else f"{spent_ms:.1f}",
    ]


def interval(mean_square: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the root mean square, over truth draws."""
    rng = np.random.default_rng(1)
    n = len(mean_square)
    again = np.sqrt(mean_square[rng.integers(0, n, (10_000, n))].mean(axis=1))
    return tuple(np.quantile(again, [0.025, 0.975]))
