"""The NCV scenario: N targets on sqrt(N) km square, one position sensor, one scan a second.

Always N targets, one per square kilometre. Motion: nearly constant velocity (white acceleration of
1 m2/s3); 20 to 60 m/s in any direction at birth. A target survives a scan with 0.99; one that dies
or leaves the square is replaced by a new one, with a new number, anywhere in it. Sixty scans,
detection probability 0.9, 30 m per axis, Poisson(N) false plots a scan, uniform. Run:
``python benchmarks/tracker/ncv.py FOLDER --targets 100 --seed 0``: writes plots.csv, truth.csv and
config.toml. The options below the seed change the data; config.toml stays nominal.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from tables import write_csv

SURVIVAL, DENSITY_PER_M2 = 0.99, 1e-6
SLOWEST_MPS, FASTEST_MPS = 20.0, 60.0


@dataclass(frozen=True, slots=True)
class Night:
    """What the data are drawn with; the defaults are what the tracker is told.

    Attributes
    ----------
    targets, seed, scans : int
        N, seed of every draw, number of scans.
    detection : float
        Detection probability.
    clutter, sigma_m, psd_m2ps3 : float
        False plots per target and scan; standard deviation per axis; acceleration density.
    """

    targets: int = 100
    seed: int = 0
    scans: int = 60
    detection: float = 0.9
    clutter: float = 1.0
    sigma_m: float = 30.0
    psd_m2ps3: float = 1.0

    @property
    def side_m(self) -> float:
        """Return the side of the square."""
        return 1_000.0 * float(np.sqrt(self.targets))


def truth(night: Night) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (scans, N, 2), metres, and target numbers (scans, N)."""
    rng = np.random.default_rng([night.seed, night.targets, 1])
    n, side_m = night.targets, night.side_m
    position_m = np.empty((night.scans, n, 2))
    number = np.empty((night.scans, n), np.int64)
    x, who = _newborn(rng, n, side_m), np.arange(n)
    for k in range(night.scans):
        if k:
            x, gone = _moved(rng, x, side_m, night.psd_m2ps3)
            who = who.copy()
            who[gone] = who.max() + 1 + np.arange(gone.sum())
        position_m[k], number[k] = x[:, :2], who
    return position_m, number


def _newborn(rng: np.random.Generator, n: int, side_m: float) -> np.ndarray:
    speed, course = rng.uniform(SLOWEST_MPS, FASTEST_MPS, n), rng.uniform(0.0, 2.0 * np.pi, n)
    velocity = speed[:, None] * np.stack([np.sin(course), np.cos(course)], axis=1)
    return np.concatenate([rng.uniform(0.0, side_m, (n, 2)), velocity], axis=1)


def _moved(
    rng: np.random.Generator, x: np.ndarray, side_m: float, psd_m2ps3: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return states (n, 4) one second later and which of them are newborn (n,)."""
    n = len(x)
    a, b = np.sqrt(psd_m2ps3) * rng.standard_normal((2, n, 2))
    position = x[:, :2] + x[:, 2:] + 0.5 * a + b / np.sqrt(12.0)
    gone = (rng.random(n) > SURVIVAL) | (position < 0.0).any(1) | (position > side_m).any(1)
    moved = np.concatenate([position, x[:, 2:] + a], axis=1)
    return np.where(gone[:, None], _newborn(rng, n, side_m), moved), gone


def plots(night: Night, position_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return plots (m, 2), metres, and their scan (m,), shuffled within each scan."""
    rng = np.random.default_rng([night.seed, night.targets, 2])
    places, scans = [], []
    for k, now in enumerate(position_m):
        seen = now[rng.random(len(now)) < night.detection]
        seen = seen + night.sigma_m * rng.standard_normal(seen.shape)
        many = rng.poisson(night.clutter * night.targets)
        false = rng.uniform(0.0, night.side_m, (many, 2))
        both = np.concatenate([seen, false])
        places.append(both[rng.permutation(len(both))])
        scans.append(np.full(len(both), k))
    return np.concatenate(places), np.concatenate(scans)


def config(night: Night) -> str:
    """Return the nominal configuration: N and the scans apart, what ``Night`` has by default."""
    told = Night()
    side_m = night.side_m
    outflow = 4.0 * 0.5 * (SLOWEST_MPS + FASTEST_MPS) / np.pi / side_m
    birth_per_m2 = DENSITY_PER_M2 * (1.0 - SURVIVAL + outflow)
    return f"""\
[sensor]
kind = "position"
sigma_m = {told.sigma_m}
detection_probability = {told.detection}
clutter_per_m2 = {told.clutter * DENSITY_PER_M2}
scan_period_s = 1.0
area_m = [0.0, 0.0, {side_m:.3f}, {side_m:.3f}]

[motion]
model = "cv"
accel_psd_m2ps3 = {told.psd_m2ps3}

[target]
survival_probability = {SURVIVAL}
initial_per_m2 = {DENSITY_PER_M2}
# the dead, and those that leave: density x mean speed / pi through each metre of the border
birth_per_m2 = {birth_per_m2:.3g}
speed_sd_mps = 30.0
"""


def write(night: Night, folder: Path) -> None:
    """Write plots.csv, truth.csv and config.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    position_m, number = truth(night)
    time_s = np.repeat(np.arange(night.scans, dtype=float), night.targets)
    x_m, y_m = position_m.reshape(-1, 2).T
    write_csv(
        folder / "truth.csv",
        {"time_s": time_s, "target": number.reshape(-1), "x_m": x_m, "y_m": y_m},
    )
    places, scan = plots(night, position_m)
    x_m, y_m = places.T
    write_csv(folder / "plots.csv", {"time_s": scan.astype(float), "x_m": x_m, "y_m": y_m})
    (folder / "config.toml").write_text(config(night), encoding="utf-8")


def main() -> None:
    """Write the scenario that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for field in fields(Night):
        kind = type(field.default)
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=kind, default=field.default, dest=field.name
        )
    options = vars(parser.parse_args())
    folder = options.pop("folder")
    write(Night(**options), folder)


if __name__ == "__main__":
    main()
