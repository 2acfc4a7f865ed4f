import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from chowki.picture.associators import BeliefPropagation, GlobalNearestNeighbour

CUT_M = 100.0


def benchmark():
    path = Path(__file__).parents[2] / "benchmarks" / "bench_tracker.py"
    spec = importlib.util.spec_from_file_location("bench_tracker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gospa_squared(truth, found):
    """GOSPA, p = 2, alpha = 2 (Rahmathullah et al. 2017): squared, by optimal assignment."""
    apart = np.linalg.norm(truth[:, None] - found[None], axis=2)
    gain = np.where(apart < CUT_M, apart**2 - CUT_M**2, 0.0)
    return gain[linear_sum_assignment(gain)].sum() + CUT_M**2 / 2 * (len(truth) + len(found))


@pytest.mark.parametrize("rule", [BeliefPropagation, GlobalNearestNeighbour])
def test_gospa_of_a_hundred_crossing_targets_in_clutter(rule):
    bench, total, n, scans = benchmark(), 0.0, 100, 60
    air = bench.ncv_picture(rule())
    picture = air.start()
    for scan, truth in bench.ncv_scans(n, scans, seed=0):
        picture, _ = air.scan(picture, scan)
        picture, rap = air.tick(picture, scan.time_s)
        total += gospa_squared(truth, np.stack([rap.east_m, rap.north_m], axis=1))
    assert np.sqrt(total / scans / n) < 36.0
