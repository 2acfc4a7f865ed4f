"""Section: the shipped scenario second-wave in a closed loop, and how fast it runs."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import second_wave
from bench import CHOWKI, ONE_THREAD, Bench, Figures

from page import Table, least, most

SEED, SPAN_S, TIMES_REAL = 7, 3660.0, 75.0
ABOUT = (
    "The reference story, seed 7, 61 minutes: 400 drones, 4,000 birds (nine of ten in flocks),"
    " airliners; 37 radars, 42 other sensors. A drone is in coverage where some radar's stated"
    " figures give at least 0.5 for its own cross-section, in the line of sight. Followed: a"
    " confirmed track, coasting or not, nearer than 500 m that is certain to 500 m. Scans: of"
    " radars that cover it, from then to its confirmation. False: a confirmed track that had no"
    " real object (birds and airliners are real) within 500 m on the map in most pictures in which"
    " it did not coast. GOSPA: cutoff 500 m, drones in coverage and tracks of nothing."
)
BIASED = (
    "Every radar is turned by up to 0.3 deg and stretched by up to 100 m (drawn evenly), beyond the"
    " scenario's own biases."
)


def tables(bench: Bench) -> list[Table]:
    """Return the figures without and with biases, and the speed."""
    plain = bench.row(lambda: _played(biased=False), step="second-wave", biased=False)
    biased = bench.row(lambda: _played(biased=True), step="second-wave", biased=True)
    speed = bench.row(_speed, step="second-wave", tool="chowki")
    rows = [
        [
            "scans to confirm, median",
            most(plain["scans_median"], 3, 0),
            _of(biased, "scans_median"),
        ],
        ["scans to confirm, 95 %", most(plain["scans_95"], 6, 0), _of(biased, "scans_95")],
        [
            "completeness in coverage, %",
            _completeness(plain),
            f"{100 * biased['completeness']:.1f}",
        ],
        ["false among confirmed tracks, %", most(_false(plain), 0.5), f"{_false(biased):.2f}"],
        ["switches per truth-hour", most(_switches(plain), 0.5), f"{_switches(biased):.2f}"],
        ["GOSPA, m", f"{plain['gospa_m']:,.0f}", f"{biased['gospa_m']:,.0f}"],
        ["GOSPA, biased over plain", "", most(biased["gospa_m"] / plain["gospa_m"], 1.1)],
        ["error of matched drones, m", _of(plain, "localisation_m"), _of(biased, "localisation_m")],
        ["times real time, one core", least(SPAN_S / speed["wall_s"], TIMES_REAL, 0), ""],
    ]
    command = "chowki run second-wave --seed 7"
    about = f"{ABOUT} {BIASED}"
    return [Table("second-wave", about, ("figure", "as shipped", "biased"), rows, (command,))]


def _of(row: Figures, name: str) -> str:
    return f"{row[name]:,.0f}"


def _completeness(row: Figures) -> str:
    return least(100.0 * row["completeness"], 97.0, 1)


def _false(row: Figures) -> float:
    return 100.0 * row["false"] / max(row["confirmed"], 1)


def _switches(row: Figures) -> float:
    return row["switches"] / row["hours"]


def _played(*, biased: bool) -> Figures:
    return dict(second_wave.figures(second_wave.play(SEED, biased=biased)))


def _speed() -> Figures:
    """Return the wall seconds of the loop, as the run's own manifest tells them."""
    with tempfile.TemporaryDirectory() as folder:
        words = [CHOWKI, "run", "second-wave", "--seed", str(SEED), "--out", folder]
        environment = {**os.environ, **ONE_THREAD}
        subprocess.run(words, check=True, capture_output=True, env=environment)
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return {"wall_s": manifest["wall_s"]}
