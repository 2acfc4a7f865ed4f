"""The crossing scenario of Williams (2015): four targets meet, and one dies where they meet.

J. L. Williams, "Marginal multi-Bernoulli filters", IEEE TAES 51(3), 2015, in the dimensions of
Garcia-Fernandez et al. (IEEE TAES 54(4), 2018): 300 m square, 81 steps of 1 s, four targets whose
states at step 41 are drawn about the centre, at rest, with covariance 0.1 I and run forwards and
backwards; all are there from step 1, the first is last seen at step 40. Detection probability
0.9, 1 m per axis, Poisson(10) false plots a step. Run: ``python benchmarks/tracker/crossing.py
FOLDER --truth-seed 0 --plot-seed 0``: writes plots.csv, truth.csv and config.toml.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tables import write_csv

TARGETS, STEPS, MIDDLE, SIDE_M = 4, 81, 41, 300.0
DETECTION, SIGMA_M, CLUTTER, PSD_M2PS3 = 0.9, 1.0, 10.0, 0.02

CONFIG = f"""\
[sensor]
kind = "position"
sigma_m = {SIGMA_M}
detection_probability = {DETECTION}
clutter_per_m2 = {CLUTTER / SIDE_M**2:.10g}
scan_period_s = 1.0
area_m = [0.0, 0.0, {SIDE_M}, {SIDE_M}]

[motion]
model = "cv"
accel_psd_m2ps3 = {PSD_M2PS3}

[target]
survival_probability = 0.99

[[target.birth]]
weight = 0.005
initial_weight = 3.0
mean_m = [100.0, 100.0]
sd_m = [150.0, 150.0]
speed_sd_mps = 1.0
"""


def truth(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (steps, 4, 2), metres, and which of them are there (steps, 4)."""
    rng = np.random.default_rng([seed, 1])
    x = np.empty((STEPS, TARGETS, 2, 2))  # last axis: position, velocity
    middle = MIDDLE - 1
    x[middle] = np.sqrt(0.1) * rng.standard_normal((TARGETS, 2, 2))
    x[middle, :, :, 0] += 0.5 * SIDE_M
    forwards = np.array([[1.0, 1.0], [0.0, 1.0]])
    root = np.linalg.cholesky(PSD_M2PS3 * np.array([[1.0 / 3.0, 0.5], [0.5, 1.0]]))
    for k in range(middle):
        noise = rng.standard_normal((2, TARGETS, 2, 2)) @ root.T
        x[middle + k + 1] = x[middle + k] @ forwards.T + noise[0]
        x[middle - k - 1] = (x[middle - k] + noise[1]) @ np.linalg.inv(forwards).T
    there = np.ones((STEPS, TARGETS), bool)
    there[middle:, 0] = False
    return x[..., 0], there


def plots(seed: int, position_m: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return plots (m, 2), metres, and their step (m,) from 1, shuffled within each step."""
    rng = np.random.default_rng([seed, 2])
    places, steps = [], []
    for k in range(STEPS):
        seen = position_m[k, there[k] & (rng.random(TARGETS) < DETECTION)]
        seen = seen + SIGMA_M * rng.standard_normal(seen.shape)
        false = rng.uniform(0.0, SIDE_M, (rng.poisson(CLUTTER), 2))
        both = np.concatenate([seen, false])
        places.append(both[rng.permutation(len(both))])
        steps.append(np.full(len(both), k + 1))
    return np.concatenate(places), np.concatenate(steps)


def write(truth_seed: int, plot_seed: int, folder: Path) -> None:
    """Write plots.csv, truth.csv and config.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    position_m, there = truth(truth_seed)
    step, target = np.nonzero(there)
    x_m, y_m = position_m[there].T
    write_csv(
        folder / "truth.csv", {"time_s": 1.0 + step, "target": target, "x_m": x_m, "y_m": y_m}
    )
    places, at = plots(plot_seed, position_m, there)
    x_m, y_m = places.T
    write_csv(folder / "plots.csv", {"time_s": at.astype(float), "x_m": x_m, "y_m": y_m})
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")


def main() -> None:
    """Write one draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--truth-seed", type=int, default=0)
    parser.add_argument("--plot-seed", type=int, default=0)
    options = parser.parse_args()
    write(options.truth_seed, options.plot_seed, options.folder)


if __name__ == "__main__":
    main()
