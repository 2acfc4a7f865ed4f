import os
import subprocess
import sys

import numpy as np

CASE = """
import numpy as np
from chowki.kernels.associate import belief_propagation
from chowki.kernels.kalman import correct, innovate, workspace
x = np.array([4000.0, 7000.0, 900.0, 30.0, -20.0, 4.0])
p = np.diag([400.0, 300.0, 200.0, 9.0, 8.0, 7.0])
values = np.array([8200.0, 0.52, 0.11, 5.0, 0, 0, 0, 0, 0, 0])
variances = np.array([400.0, 1e-5, 1e-5, 1.0, 1, 1, 1, 1, 1, 1])
work, out_x, out_p = workspace(), np.empty(6), np.empty((6, 6))
for dt in (2.0, -2.0):
    m, wide, squared, log_det = innovate(
        x, p, dt, 15, values, variances, np.zeros(3), np.eye(3), 4.0, 0.5, 0.1, work)
    correct(m, wide, work, out_x, out_p)
    print(m, repr(float(squared)), repr(float(log_det)), repr(float(out_x.sum())),
          repr(float(out_p.sum())))
starts, plots = np.array([0, 2, 3]), np.array([0, 1, 1])
share, lost, new = belief_propagation(
    starts, plots, np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.5]), 3)
print(*(repr(float(v)) for v in (*share, *lost, *new)))
"""


def numbers(**environment):
    run = subprocess.run(
        [sys.executable, "-c", CASE],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return np.array([float(word) for word in run.stdout.split()])


def test_kernels_give_the_same_numbers_without_compilation():
    np.testing.assert_allclose(numbers(NUMBA_DISABLE_JIT="1"), numbers(), rtol=1e-11)
