"""Stone Soup on a plots file of the NCV scenario; runs in an environment of its own.

Set up as its documentation does and tuned on other seeds: initiation from three plots in a row,
drop after three missed scans, Mahalanobis gate 3, KD-tree radius 250 m, prior velocity 35 m/s per
axis, and for JPDA the clutter density and detection probability of the configuration. Run:
``.venv-peers/bin/python benchmarks/tracker/stonesoup_ncv.py PLOTS.csv --config CONFIG.toml --out
TRACKS.csv --associator kd-gnn``: prints one JSON line; time is process CPU, and reading the file
and making its detections are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
from stonesoup.dataassociator.probability import JPDAwithEHM2, JPDAwithLBP
from stonesoup.dataassociator.tree import DetectionKDTreeGNN2D, DetectionKDTreeMixIn
from stonesoup.deleter.time import UpdateTimeStepsDeleter
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.hypothesiser.probability import PDAHypothesiser
from stonesoup.initiator.simple import MultiMeasurementInitiator
from stonesoup.measures import Mahalanobis
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.transition.linear import (
    CombinedLinearGaussianTransitionModel,
    ConstantVelocity,
)
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.tracker.simple import MultiTargetMixtureTracker, MultiTargetTracker
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.updater.kalman import KalmanUpdater

START = datetime(2000, 1, 1)  # noqa: DTZ001 (Stone Soup's own examples use naive times)
GATE, RADIUS_M, PRIOR_SPEED_MPS = 3.0, 250.0, 35.0
HEADER = ("time_s", "track", "x_m", "y_m", "z_m", "vx_mps", "vy_mps", "vz_mps")


class KDEHM2(DetectionKDTreeMixIn, JPDAwithEHM2):
    """JPDA by EHM2 behind a KD-tree of detections."""


def tracker_of(name: str, config: dict, scans: list) -> MultiTargetTracker:
    """Return a Stone Soup tracker that reads the scans."""
    sensor, noise = config["sensor"], config["motion"]["accel_psd_m2ps3"]
    predictor = KalmanPredictor(
        CombinedLinearGaussianTransitionModel([ConstantVelocity(noise), ConstantVelocity(noise)])
    )
    updater = KalmanUpdater(_measurement(sensor["sigma_m"]))
    near = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=GATE)
    tree = {"predictor": predictor, "updater": updater, "max_distance": RADIUS_M}
    on_tree = name.startswith("kd-")
    first = DetectionKDTreeGNN2D(near, **tree) if on_tree else GNNWith2DAssignment(near)
    if name.endswith("gnn"):
        kind, associator = MultiTargetTracker, first
    else:
        likely = PDAHypothesiser(
            predictor,
            updater,
            clutter_spatial_density=sensor["clutter_per_m2"],
            prob_detect=sensor["detection_probability"],
            prob_gate=1.0 - np.exp(-0.5 * GATE**2),  # of a plot in the plane
        )
        kind = MultiTargetMixtureTracker
        associator = {
            "kd-ehm2": lambda: KDEHM2(likely, **tree),
            "ehm2": lambda: JPDAwithEHM2(likely),
            "lbp": lambda: JPDAwithLBP(likely),
        }[name]()
    initiator = MultiMeasurementInitiator(
        GaussianState(np.zeros((4, 1)), np.diag([0.0, PRIOR_SPEED_MPS**2] * 2)),
        deleter=UpdateTimeStepsDeleter(1),
        data_associator=first,
        updater=updater,
        min_points=3,
    )
    return kind(initiator, UpdateTimeStepsDeleter(3), scans, associator, updater)


def _measurement(sigma_m: float) -> LinearGaussian:
    return LinearGaussian(4, (0, 2), np.diag([sigma_m**2] * 2))


def read_scans(path: Path, sigma_m: float, period_s: float, most: int | None) -> list:
    """Return time and detections of each scan, the empty ones too."""
    time_s, x_m, y_m = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2).T
    model = _measurement(sigma_m)
    number = np.rint((time_s - time_s[0]) / period_s).astype(int)
    scans = [(START + timedelta(seconds=k * period_s), set()) for k in range(number.max() + 1)]
    for k, x, y in zip(number, x_m, y_m, strict=True):
        at, detections = scans[k]
        detections.add(Detection(np.array([[x], [y]]), timestamp=at, measurement_model=model))
    return scans[:most]


def rows_of(at: datetime, start_s: float, tracks: set, numbers: dict) -> Iterator[tuple]:
    """Yield a row of the tracks file for each track."""
    for track in tracks:
        x, vx, y, vy = np.ravel(track.state.mean)
        time_s = start_s + (at - START).total_seconds()
        number = numbers.setdefault(track.id, len(numbers))
        yield time_s, number, f"{x:.4f}", f"{y:.4f}", 0.0, f"{vx:.4f}", f"{vy:.4f}", 0.0


def run(options: argparse.Namespace) -> dict[str, float]:
    """Track, write the tracks and return the time it took."""
    config = tomllib.loads(options.config.read_text(encoding="utf-8"))
    sensor = config["sensor"]
    period_s = sensor["scan_period_s"]
    scans = read_scans(options.plots, sensor["sigma_m"], period_s, options.scans)
    start_s = float(np.loadtxt(options.plots, delimiter=",", skiprows=1, max_rows=1)[0])
    tracker = iter(tracker_of(options.associator, config, scans))
    spent_ms: list[float] = []
    numbers: dict[str, int] = {}
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for _ in scans:
            before = time.process_time()
            at, tracks = next(tracker)
            spent_ms.append(1e3 * (time.process_time() - before))
            writer.writerows(rows_of(at, start_s, tracks, numbers))
    return {
        "scans": len(spent_ms),
        "cpu_ms_median": float(np.median(spent_ms)),
        "cpu_ms_max": max(spent_ms),
        "cpu_ms_total": sum(spent_ms),
    }


def main() -> None:
    """Track one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plots", type=Path)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    names = ("kd-gnn", "kd-ehm2", "gnn", "ehm2", "lbp")
    parser.add_argument("--associator", choices=names, default="kd-gnn")
    parser.add_argument("--scans", type=int, default=None, help="stop after so many")
    print(json.dumps(run(parser.parse_args())))


if __name__ == "__main__":
    main()
