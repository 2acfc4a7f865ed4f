"""Tracker time per scan: the NCV scenario, one position sensor that covers all, one scan a second.

Always N targets on a square of sqrt(N) km, nearly constant velocity (1 m2/s3), 20 to 60 m/s,
survival 0.99 a scan (one that dies or leaves is born elsewhere), P_D 0.9, 30 m an axis, N false
plots a scan. Run: ``python benchmarks/bench_tracker.py [--json] [--scans 60] [--sizes 100,1000]``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor, Station, Theatre, Volume
from chowki.core.records import Detections
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation, GlobalNearestNeighbour

SIGMA_M, DETECTION, SURVIVAL, NOISE = 30.0, 0.9, 0.99, 1.0
HEIGHT_M = 1_000.0


def ncv_scans(n: int, scans: int, seed: int) -> Iterator[tuple[Scan, np.ndarray]]:
    """Yield each scan with the true positions (n, 2) at its time."""
    rng = np.random.default_rng(seed)
    half = 500.0 * np.sqrt(n)
    sensor = _sensor(half, n)
    x = _newborn(rng, n, half)
    for k in range(scans):
        if k:
            x = _moved(rng, x, half)
        seen = x[rng.random(n) < DETECTION, :2]
        false = rng.uniform(-half, half, (rng.poisson(n), 2))
        plane = np.concatenate([seen + SIGMA_M * rng.standard_normal(seen.shape), false])
        plane = plane[rng.permutation(len(plane))]
        up = HEIGHT_M + SIGMA_M * rng.standard_normal(len(plane))
        plots = Detections.of(
            time_s=np.full(len(plane), float(k)), east_m=plane[:, 0], north_m=plane[:, 1], up_m=up
        )
        yield Scan(float(k), sensor, k, float(k), float(k), sensor.volume, plots), x[:, :2].copy()


def _newborn(rng: np.random.Generator, n: int, half: float) -> np.ndarray:
    speed, course = rng.uniform(20.0, 60.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    velocity = speed[:, None] * np.stack([np.sin(course), np.cos(course)], axis=1)
    return np.concatenate([rng.uniform(-half, half, (n, 2)), velocity], axis=1)


def _moved(rng: np.random.Generator, x: np.ndarray, half: float) -> np.ndarray:
    n = len(x)
    a, b = rng.standard_normal((n, 2)), rng.standard_normal((n, 2))
    moved = x.copy()
    moved[:, :2] += x[:, 2:] + np.sqrt(NOISE) * (0.5 * a + b / np.sqrt(12.0))
    moved[:, 2:] += np.sqrt(NOISE) * a
    gone = (rng.random(n) > SURVIVAL) | (np.abs(moved[:, :2]) > half).any(axis=1)
    return np.where(gone[:, None], _newborn(rng, n, half), moved)


def _sensor(half: float, n: int) -> Sensor:
    reach = 1.5 * half
    disc_km2 = np.pi * reach**2 * 1e-6
    return Sensor(
        number=0,
        name="all-seeing",
        kind="benchmark",
        position_m=np.array([0.0, 0.0, 0.0]),
        axes=np.eye(3),
        measures=Measures.POSITION,
        volume=Volume(0.0, reach),
        period_s=1.0,
        detection_probability=DETECTION,
        clutter_per_look=float(disc_km2),
        sigma_position_m=SIGMA_M,
    )


def ncv_picture(associator: object | None = None) -> AirPicture:
    """Return a picture keeper told what the scenario's filter may know."""
    parameters = PictureParameters(
        acceleration_horizontal_m2ps3=NOISE,
        acceleration_vertical_m2ps3=0.01,
        lifetime_s=-1.0 / np.log(SURVIVAL),
        small_per_km2=0.01,
        large_per_km2=0.01,
        birth_existence=4e-3,  # one arrival in 80 plots: the default would start none of them
        drop_existence=6e-3,
        registration_time_s=0.0,
        large_speed_mps=30.0,
        small_speed_mps=30.0,
        climb_mps=1.0,
        height_span_m=2.0 * SIGMA_M * np.sqrt(2.0 * np.pi),
        late_s=1e6,
    )
    theatre = Theatre(Station("ncv", 0.0, 0.0, 0.0, 0.0, 60.0))
    return AirPicture(theatre, parameters, associator or BeliefPropagation())


def measure(n: int, scans: int, seed: int, associator: object) -> dict[str, float]:
    """Return median milliseconds of CPU per scan and tick, the first five scans left out."""
    air = ncv_picture(associator)
    picture, spent, tracks = air.start(), [], 0
    for scan, _ in ncv_scans(n, scans, seed):
        before = time.process_time()
        picture, _ = air.scan(picture, scan)
        middle = time.process_time()
        picture, rap = air.tick(picture, scan.time_s)
        spent.append((middle - before, time.process_time() - middle))
        tracks = len(rap)
    scan_ms, tick_ms = 1e3 * np.median(spent[5:], axis=0)
    return {
        "targets": n,
        "scan_ms": float(scan_ms),
        "tick_ms": float(tick_ms),
        "tracks_reported": tracks,
        "tracks_kept": len(picture.states),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scans", type=int, default=60)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gnn", action="store_true")
    options = parser.parse_args()
    associator = GlobalNearestNeighbour() if options.gnn else BeliefPropagation()
    measure(20, 8, 1, associator)
    rows = [
        measure(int(n), options.scans, options.seed, associator) for n in options.sizes.split(",")
    ]
    if options.json:
        print(json.dumps({"tracker": rows}))
        return
    print(f"{'targets':>8} {'ms/scan':>9} {'ms/tick':>9} {'reported':>9} {'kept':>8}")
    for r in rows:
        print(
            f"{r['targets']:>8} {r['scan_ms']:>9.2f} {r['tick_ms']:>9.2f}"
            f" {r['tracks_reported']:>9} {r['tracks_kept']:>8}"
        )


if __name__ == "__main__":
    main()
