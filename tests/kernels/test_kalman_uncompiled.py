import os
import subprocess
import sys

import numpy as np

CASE = """
import numpy as np
from chowki.kernels.associate import belief_propagation
from chowki.kernels.kalman import correct, innovate, workspace
from chowki.kernels.modes import MODE_WIDTH, SPACE, SPACE_TURNING, advance
x = np.array([4000.0, 7000.0, 900.0, 30.0, -20.0, 4.0, 0.03])
p = np.diag([400.0, 300.0, 200.0, 9.0, 8.0, 7.0, 1e-3])
values = np.array([8200.0, 0.52, 0.11, 5.0, 0, 0, 0, 0, 0, 0])
variances = np.array([400.0, 1e-5, 1e-5, 1.0, 1, 1, 1, 1, 1, 1])
mode = np.zeros((2, MODE_WIDTH))
mode[:, 2:4], mode[1, 0] = (4.0, 0.5), 1.0
motion = (mode, np.zeros((2, 2)), 1.5e-7)
for size, which in ((SPACE, 0), (SPACE_TURNING, 0), (SPACE_TURNING, 1)):
    n = len(size)
    for dt in (2.0, -2.0):
        work, out_x, out_p = workspace(size), np.empty(n), np.empty((n, n))
        at_x, at_p = x[:n].copy(), p[:n, :n].copy()
        if dt > 0.0:
            f, fp = np.empty((n, n)), np.empty((n, n))
            advance(size, motion, which, dt, x[:n], p[:n, :n], at_x, at_p, f, fp)
        m, wide, squared, log_det = innovate(
            size, at_x, at_p, min(dt, 0.0), 15, values, variances, np.zeros(3), np.eye(3), 4.0,
            0.1, work)
        correct(size, m, wide, at_x, at_p, work, out_x, out_p)
        print(m, repr(float(squared)), repr(float(log_det)), repr(float(out_x.sum())),
              repr(float(out_p.sum())))
starts, plots = np.array([0, 2, 3]), np.array([0, 1, 1])
share, lost, new = belief_propagation(
    starts, plots, np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5]), 3)
print(*(repr(float(v)) for v in (*share, *lost, *new)))
"""

TRACKERS = """
import numpy as np
from chowki.picture.associators import BeliefPropagation
from chowki.picture.config import TrackerConfig
from chowki.picture.plane import PlaneTracker
from chowki.picture.space import SpaceTracker
rng = np.random.default_rng(3)
position = {"kind": "position", "sigma_m": 10.0, "detection_probability": 0.9,
            "clutter_per_m2": 1e-6, "area_m": [-2e3, -2e3, 2e3, 2e3]}
radar = {"kind": "radar", "sigma_range_m": 15.0, "sigma_azimuth_deg": 0.2,
         "detection_probability": 0.9, "clutter_per_scan": 3.0, "range_max_m": 2e4}
target = {"birth_per_m2": 1e-8, "initial_per_m2": 1e-6}

def told(kind, sensor, model, scans):
    config = TrackerConfig.model_validate(
        {"sensor": sensor, "target": target, "motion": {"model": model}})
    tracker = kind(config, BeliefPropagation())
    state, clusters = tracker.start(), 0
    for k, plots in enumerate(scans):
        state, _ = tracker.scan(
            state, config.sensor[0], float(k), np.full(len(plots), float(k)), plots)
        clusters = max(clusters, len(state.clusters))
        e = tracker.estimates(state)
        for column in (e.x_m, e.y_m, e.vx_mps, e.vy_mps, e.existence, e.covariance, e.modes):
            print(*map(repr, map(float, column.ravel())))
    assert clusters > 0 or kind is SpaceTracker
    print(len(state.number))

abreast = [np.array([[20.0 * k, 0.0], [20.0 * k, 18.0], [-900.0, 50.0 * k]])[: 3 - (k % 4 == 3)]
           [(k % 5 == 2) :] + 8.0 * rng.standard_normal((3 - (k % 4 == 3) - (k % 5 == 2), 2))
           for k in range(12)]
told(PlaneTracker, position, "cv", abreast)
told(PlaneTracker, position, "imm", abreast[:6])
turning = [np.array([[5e3 + 40.0 * k, 20.0 + 0.4 * k * k, 6.0], [9e3, 250.0 + 0.3 * k, 3.0]])
           + rng.standard_normal((2, 3)) * [10.0, 0.1, 0.1] for k in range(5)]
told(SpaceTracker, radar, "imm", turning)
"""


def numbers(case, **environment):
    run = subprocess.run(
        [sys.executable, "-c", case],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return np.array([float(word) for word in run.stdout.split()])


def test_kernels_give_the_same_numbers_without_compilation():
    np.testing.assert_allclose(numbers(CASE, NUMBA_DISABLE_JIT="1"), numbers(CASE), rtol=1e-11)


def test_trackers_give_the_same_numbers_without_compilation():
    """In the plane with a cluster, with one mode and with three; in space with three."""
    got, want = numbers(TRACKERS, NUMBA_DISABLE_JIT="1"), numbers(TRACKERS)
    assert len(got) == len(want) > 800
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
